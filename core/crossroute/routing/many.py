"""Routes of many queries: decisions made as they are read, or columns of arrays."""

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
from crossroute.routing.predictor import Foresight


@dataclass(frozen=True, eq=False)
class Routed:
    """The routes of n queries, a row a query; NaN where no candidate satisfies the constraints.

    Attributes:
        candidates: Names of the m candidates.
        choice: Position of the chosen one among them, shape (n,); -1 where there is none.
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
        """Name of each chosen candidate; None where there is none."""
        return [
            None if column == NONE_ELIGIBLE else self.candidates[column] for column in self.choice.tolist()
        ]

    @classmethod
    def joined(cls, candidates: Sequence[str], parts: Iterable[Routed]) -> Routed:
        """Return several parts as one."""
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
    foresight: Foresight,
    screen: Screen | None,
    willingness_to_pay: float,
    reward: Reward,
) -> Routed:
    """Choose a candidate for each query.

    Args:
        candidates: Names of the m candidates.
        foresight: Predictions for the n queries.
        screen: The constraints; None where only context windows count.
        willingness_to_pay: USD, > 0.
        reward: Which reward decides.
    """
    quality, cost, fits = foresight.quality, foresight.cost, foresight.fits
    if screen is not None:
        limits = screen.constraints
        bound = None if limits.max_cost is None else foresight.cost_within(limits.max_cost_confidence)
        fits = screen.eligible(quality, bound, fits)
    choice = best(quality, cost, willingness_to_pay, reward, fits)
    rows, none = np.arange(len(choice)), choice == NONE_ELIGIBLE
    chosen = (quality[rows, choice], cost[rows, choice], foresight.quality_error_of(choice))
    told, paid, error = (np.where(none, np.nan, each) for each in chosen)
    compute = log_exponential_reward if reward == "exponential" else linear_reward
    return Routed(candidates, choice, told, paid, compute(told, paid, willingness_to_pay), error)


class Decisions(Iterator[Decision]):
    """An iterator over the decisions of many queries; it starts again after its end, if the queries can be read again.

    Args:
        queries: Any iterable of queries.
        route: Returns a decision for each query, in order.
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
            ValueError: It has ended, and the queries can be read only once.
        """
        if self._ended and isinstance(self._queries, Iterator):
            raise ValueError(
                "These decisions were read already, and so were the queries, which come once. Keep the decisions: "
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
