"""Results of routing many queries: lazy decisions, or arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from crossroute.decision import Decision
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.reward import NONE_ELIGIBLE, Reward, best, linear_reward, log_exponential_reward
from crossroute.routing.policy import Screen
from crossroute.routing.predictor import LazyPrediction


@dataclass(frozen=True, eq=False)
class Routed:
    """The choices for n queries as arrays; NaN where no candidate satisfies the constraints.

    Attributes:
        candidates: Names of the m candidates.
        choice: Index of the chosen candidate, shape (n,); -1 for none.
        quality: Its predicted quality, shape (n,), in [0, 1].
        cost: Its predicted cost, shape (n,), USD for one call.
        reward: Shape (n,): the logarithm of its exponential reward, or its linear reward.
        error: Standard error of its quality, shape (n,).
    """

    candidates: tuple[str, ...]
    choice: npt.NDArray[np.intp]
    quality: Floats
    cost: Floats
    reward: Floats
    error: Floats

    def __len__(self) -> int:
        return len(self.choice)

    @property
    def names(self) -> list[str | None]:
        """Name of each chosen candidate; None for none."""
        return [
            None if column == NONE_ELIGIBLE else self.candidates[column] for column in self.choice.tolist()
        ]

    @classmethod
    def concatenate(cls, candidates: Sequence[str], parts: Iterable[Routed]) -> Routed:
        """Concatenate several parts."""
        whole = list(parts)
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in whole])
            for field in fields(cls)
            if field.name != "candidates" and whole
        }
        empty: dict[str, npt.NDArray[np.floating]] = dict.fromkeys(
            ("quality", "cost", "reward", "error"), np.empty(0)
        )
        return cls(tuple(candidates), **({"choice": np.empty(0, np.intp), **empty} | columns))


def choose_columns(
    candidates: tuple[str, ...],
    predicted: LazyPrediction,
    screen: Screen | None,
    willingness_to_pay: float,
    reward: Reward,
) -> Routed:
    """Choose a candidate for each query.

    Args:
        candidates: Names of the m candidates.
        predicted: Predictions for the n queries.
        screen: The constraints; None checks only context windows.
        willingness_to_pay: USD, > 0.
        reward: The reward to maximize.
    """
    quality, cost, fits = predicted.quality, predicted.cost, predicted.fits
    if screen is not None:
        limits = screen.constraints
        bound = None if limits.max_cost is None else predicted.cost_within(limits.max_cost_confidence)
        fits = screen.eligible(quality, bound, fits)
    choice = best(quality, cost, willingness_to_pay, reward, fits)
    rows, none = np.arange(len(choice)), choice == NONE_ELIGIBLE
    chosen = (quality[rows, choice], cost[rows, choice], predicted.quality_error_of(choice))
    told, paid, error = (np.where(none, np.nan, each) for each in chosen)
    compute = log_exponential_reward if reward == "exponential" else linear_reward
    return Routed(candidates, choice, told, paid, compute(told, paid, willingness_to_pay), error)


class Decisions(Iterator[Decision]):
    """Iterate over the decisions of many queries; can be iterated again if the queries can.

    Args:
        queries: Any iterable of queries.
        route: Yields a decision for each query, in order.
    """

    def __init__(
        self,
        queries: Iterable[str | Query],
        route: Callable[[Iterable[str | Query]], Iterator[Decision]],
    ) -> None:
        self._queries, self._route = queries, route
        self._begun: Iterator[Decision] | None = None
        self._ended = False

    def __iter__(self) -> Self:
        """Return itself.

        Raises:
            ValueError: It is exhausted, and so is the iterator of queries.
        """
        if self._ended and isinstance(self._queries, Iterator):
            raise ValueError(
                "These decisions are exhausted, and so is the iterator of queries. Keep them in a list: "
                "list(router.route_many(...))."
            )
        self._ended = False
        return self

    def __next__(self) -> Decision:
        """Return the next decision."""
        if self._ended:
            raise StopIteration
        if self._begun is None:
            self._begun = self._route(self._queries)
        try:
            return next(self._begun)
        except StopIteration:
            self._begun, self._ended = None, True
            raise
