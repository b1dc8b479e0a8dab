"""Router: choose a candidate for a query by predicted quality and cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from crossroute.catalogue import find_evidence
from crossroute.decision import Alternative, Decision, Details, Promise
from crossroute.encoder import Encoder
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.errors import NoEligibleCandidateError
from crossroute.model.prediction import Prediction
from crossroute.query import Query
from crossroute.reward import (
    NONE_ELIGIBLE,
    Reward,
    best,
    check_payable,
    linear_reward,
    log_exponential_reward,
)
from crossroute.routing.dial import MOST_TO_PAY, Dial
from crossroute.routing.exploration import explore
from crossroute.routing.many import Decisions, Routed, choose_columns
from crossroute.routing.policy import Constraints, Screen, cache_saving
from crossroute.routing.predictor import LazyPrediction, Predictor, Row
from crossroute.routing.variants import BATCH, Variants, batches
from crossroute.tables import InNotebooks

if TYPE_CHECKING:
    from rich.console import Group

    from crossroute.budgets import Spending
    from crossroute.escalation.verifier import Verifier
    from crossroute.routing.floors import Floor

DEFAULT_COST_PREFERENCE = 0.5
DEFAULT_ROUTER = "routerbench"
"""The bundled router that is loaded by default."""

WIDEST_ROUTER = "universal"
"""The bundled router with the most models: the default if the models to choose among are named."""

COLUMNS_BATCH = 256
CACHED_DIALS = 256
CACHED_SCREENS = 64

HIGH = 0.9
"""Probability that a call costs at most a prediction's `cost_high`."""
CLUSTERS_SHOWN = 3
_COLUMNS = tuple(Alternative.model_fields)


class DialSetting(NamedTuple):
    """The dial of one call: willingness to pay in USD, the cost preference it came from, and warnings."""

    pay: float
    preference: float | None
    warnings: tuple[str, ...]


class Router(Variants, InNotebooks):
    """Choose a candidate for each query by predicted quality and cost.

    Load one with `Router.from_pretrained`, train one with `crossroute.fit`. Safe to share between threads and
    asyncio tasks: only its caches change after construction.

    Args:
        predictor: The encoder, the network and the pool.
        calibration: Queries on which the dial is calibrated, for this pool and for derived ones.
        cluster_labels: A name for each cluster, length k.
        reward: The reward to maximize.
        provenance: Origin of the weights (data, seed, figures), as plain JSON data.
        dial: Cost preference -> willingness to pay; calibrated on `calibration` by default.
        verifier: Scores evidence about answers; the bundled one by default.
        floor: A quality floor; see `with_floor`.
        trained_on: Digests of the training queries, from `hash_texts`; None if unknown.
        spending: Budgets; see `with_budgets`.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        calibration: EncodedQueries,
        cluster_labels: Sequence[str],
        reward: Reward = "exponential",
        provenance: dict[str, Any] | None = None,
        dial: Dial | None = None,
        verifier: Verifier | None = None,
        floor: Floor | None = None,
        trained_on: npt.NDArray[np.uint32] | None = None,
        spending: Spending | None = None,
    ) -> None:
        self.predictor = predictor
        self.calibration = calibration
        self.cluster_labels = tuple(cluster_labels)
        self.reward: Reward = reward
        self.provenance = provenance or {}
        self._expected: LazyPrediction | None = None
        self.sole_choices: dict[float, int | None] = {}  # by willingness to pay, where known in advance
        self._names = predictor.pool.names
        self.dial = dial or self._calibrate_dial()
        self._pay = lru_cache(CACHED_DIALS)(self.dial.at)
        self._pay(DEFAULT_COST_PREFERENCE)
        self._setting_at = lru_cache(CACHED_DIALS)(self._resolve_preference)
        self._screen = lru_cache(CACHED_SCREENS)(partial(Screen, predictor.pool))
        self.own_verifier = verifier
        self.floor = floor
        self.trained_on = trained_on
        self.spending = spending

    @classmethod
    def from_pretrained(cls, name: str | Path = DEFAULT_ROUTER, *, encoder: Encoder | None = None) -> Router:
        """Load a router: a bundled one by name, or one from a folder or the Hugging Face hub.

        Args:
            name: A bundled name ("routerbench"), a folder, or a hub id ("owner/name").
            encoder: The encoder that the router was trained with, if it is a custom one.

        Raises:
            CheckpointError: There is no such router, or its files are damaged or of another format.
        """
        from crossroute.routing.checkpoint import load

        router = cls(**load(name, encoder))
        return router._with_updates() if name == WIDEST_ROUTER else router

    def predict(self, queries: Sequence[str | Query]) -> Prediction:
        """Predict the quality and cost of every candidate's answer to every query.

        Args:
            queries: n texts or `Query` objects.

        Returns:
            Quality in [0, 1] with its standard error, and cost in USD for one call with its 90 % quantile, each of
            shape (n, m).
        """
        rows = [row for batch in batches(queries, read=Query.of) for row in self.predictor.predict(batch)]
        columns = (
            [row.quality for row in rows],
            [row.cost for row in rows],
            [row.quality_error for row in rows],
            [row.cost_within(HIGH) for row in rows],
        )
        shape = (len(rows), len(self.pool))
        return Prediction(self._names, *(np.array(column).reshape(shape) for column in columns))

    def route(
        self,
        query: str | Query,
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | Mapping[str, Any] | None = None,
        current: str | None = None,
        budget_keys: Iterable[str] = (),
        exploration: float = 0.0,
    ) -> Decision:
        """Choose the candidate for one query.

        Args:
            query: A text, or a `Query` with system prompt, context and token count. `Query.one_call` states whether it
                is one call or an agent's whole run; by default this is inferred from the text.
            cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
            willingness_to_pay: The reward's lambda in USD, > 0; replaces the dial.
            constraints: Conditions that the candidate must satisfy.
            current: The candidate that answered this conversation so far. The saving by its provider's prompt cache is
                subtracted from its predicted cost, so that a switch has to be worth more.
            budget_keys: Keys of the budgets that the call counts for, in addition to the budgets for all calls; a
                single str is allowed.
            exploration: Share of the choices spread over candidates that may be as good, in [0, 1); see `explore`.

        Raises:
            BudgetSpentError: A budget that refuses calls has too little left.
            NoEligibleCandidateError: No candidate satisfies the constraints; lists the reason for each.
            UnknownCandidateError: The pool does not know `current` or a name in the constraints.
        """
        if not isinstance(query, (str, Query)):
            raise TypeError(
                f"route expects a str or a Query, got {type(query).__name__}; for several use route_many."
            )
        query = self._read_query(query)
        dial = self._resolve_dial(cost_preference, willingness_to_pay)
        screen = self._build_screen(constraints)
        row = self.predictor.predict_one(query)
        if self.spending is None:
            decision = self._decide(query, row, dial, screen, current)
        else:
            stated = cost_preference is not None or willingness_to_pay is not None
            decide = partial(self._decide, query, row)
            decision = self._decide_within_budgets(decide, dial, stated, budget_keys, screen, current)
        return explore(decision, exploration) if exploration else decision

    def route_many(
        self,
        queries: Iterable[str | Query],
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | Mapping[str, Any] | None = None,
        current: str | None = None,
        budget_keys: Iterable[str] = (),
        exploration: float = 0.0,
    ) -> Decisions:
        """Choose the candidates for many queries, lazily in batches of 64; arguments and errors as for `route`.

        The result can be iterated several times, and is computed again each time, unless `queries` is an iterator.
        """
        dial = self._resolve_dial(cost_preference, willingness_to_pay)
        screen = self._build_screen(constraints)
        if self.spending is not None:
            route = partial(
                self.route,
                cost_preference=cost_preference,
                willingness_to_pay=willingness_to_pay,
                constraints=constraints,
                current=current,
                budget_keys=budget_keys,
                exploration=exploration,
            )
            return Decisions(
                queries, lambda read: (route(query) for batch in self._batches(read) for query in batch)
            )
        return Decisions(
            queries,
            lambda read: (
                explore(self._decide(query, row, dial, screen, current), exploration)
                for batch in self._batches(read)
                for query, row in zip(batch, self.predictor.predict(batch), strict=True)
            ),
        )

    def route_columns(
        self,
        queries: Iterable[str | Query],
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | Mapping[str, Any] | None = None,
    ) -> Routed:
        """Choose the candidates for many queries, as arrays: the choices of `route_many` without `Decision` objects.

        Reads `queries` in batches of 256 and keeps five numbers per query. Arguments and errors as for `route`, except
        that the choice is -1 where no candidate is eligible.

        Returns:
            Arrays of shape (n,): choice, quality, cost, reward and error. They can be pickled.

        Raises:
            ValueError: The router has budgets, which count calls one by one.
        """
        if self.spending is not None:
            raise ValueError("Budgets count calls one by one: use route_many, or without_budgets() first.")
        dial = self._resolve_dial(cost_preference, willingness_to_pay)
        screen = self._build_screen(constraints)
        parts = (
            choose_columns(self._names, self.predictor.predict_batch(batch), screen, dial.pay, self.reward)
            for batch in self._batches(queries, COLUMNS_BATCH)
        )
        return Routed.concatenate(self._names, parts)

    def _read_query(self, query: str | Query) -> Query:
        """Return the query to predict; with a floor, which is not proved for whole runs, a stated run is inferred."""
        query = Query.of(query)
        return replace(query, one_call=None) if self.floor and query.one_call is False else query

    def _batches(self, queries: Iterable[str | Query], size: int = BATCH) -> Iterator[list[Query]]:
        return batches(queries, size, self._read_query)

    def settle(self, decision: Decision, cost: float | None) -> None:
        """Replace the cost that a budget reserved for a call by the call's actual cost.

        Args:
            decision: Returned by `route`.
            cost: USD; 0 if no answer came; None if unknown, which keeps the predicted cost.

        Raises:
            ValueError: The cost is negative or infinite, the decision is already settled, or the router has no budgets.
        """
        if cost is not None and not 0 <= cost < math.inf:
            raise ValueError(
                f"cost must be a number of USD, at least 0, or None if it is unknown; got {cost!r}."
            )
        if self.spending is not None:
            self.spending.settle_once(decision, cost)
        elif decision.budgets:
            raise ValueError("This router has no budgets. Settle with the router that made the decision.")

    @cached_property
    def _evidence_and_efforts(self) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
        """The source of each candidate's prediction (outcomes, scores or a prior), and its effort."""
        efforts = (candidate.effort.told if candidate.effort else None for candidate in self.pool)
        return tuple(map(find_evidence, self.pool)), tuple(efforts)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Router, **self._parts(), spending=self.spending), ()

    def __repr__(self) -> str:
        from crossroute.tables import list_names

        return f"Router({list_names(self.pool.names)}; encoder={self.predictor.query_encoder.name!r})"

    def __rich__(self) -> Group:
        """Render the candidates, the encoder and the quality floor."""
        from rich.console import Group
        from rich.markup import escape

        lines = [f"Text encoder: {self.predictor.query_encoder.name}."]
        lines += [f"Promise: {self.floor}."] if self.floor else []
        return Group(self.pool, *map(escape, lines))

    def _calibrate_dial(self) -> Dial:
        self._expected = predicted = self.predictor.predict_encoded(self.calibration)
        return Dial.calibrate(predicted.quality, predicted.cost, self.reward)

    def _resolve_dial(self, cost_preference: float | None, willingness_to_pay: float | None) -> DialSetting:
        """Return the dial of a call, from the cost preference or the willingness to pay."""
        if willingness_to_pay is None:
            preference = DEFAULT_COST_PREFERENCE if cost_preference is None else cost_preference
            # isinstance of an abstract class is slow: float first
            if not isinstance(preference, (float, Real)):
                self.dial.at(preference)  # raises
            return self._setting_at(preference)
        if cost_preference is not None:
            raise ValueError("Give cost_preference or willingness_to_pay, not both.")
        check_payable(willingness_to_pay)
        return DialSetting(self._apply_floor(willingness_to_pay), None, ())

    def _resolve_preference(self, cost_preference: float) -> DialSetting:
        """Return the dial at a cost preference, with a warning if it sends all queries to one candidate."""
        pay = self._apply_floor(self._pay(cost_preference))
        if not 0 < cost_preference < 1 or len(self._names) < 2:
            return DialSetting(pay, cost_preference, ())
        sole = self.sole_choice(pay)
        if sole is None:
            return DialSetting(pay, cost_preference, ())
        warning = (
            f"At cost preference {cost_preference:g} this pool's dial sends all of its {len(self.calibration.tokens)} "
            f"calibration queries to {self._names[sole]}: none of the others is predicted to be worth its price. "
            "Calibrate the dial on your own queries with Router.calibrated, or choose other candidates."
        )
        return DialSetting(pay, cost_preference, (warning,))

    def sole_choice(self, willingness_to_pay: float) -> int | None:
        """Return the column of the candidate that all calibration queries go to; None if they go to several.

        Args:
            willingness_to_pay: USD, > 0.
        """
        if willingness_to_pay in self.sole_choices:
            return self.sole_choices[willingness_to_pay]
        self._expected = expected = self._expected or self.predictor.predict_encoded(self.calibration)
        picks = best(expected.quality, expected.cost, willingness_to_pay, self.reward)
        return None if (picks != picks[0]).any() else int(picks[0])

    def _apply_floor(self, pay: float) -> float:
        return pay if self.floor is None else self.floor.raise_to_tested(pay)

    def _build_screen(self, constraints: Constraints | Mapping[str, Any] | None) -> Screen | None:
        if constraints is None:
            return None
        constraints = Constraints.of(constraints)
        try:
            return self._screen(constraints)
        except TypeError:  # unhashable: model_copy may leave sets that are not frozen
            return Screen(self.pool, constraints)

    def _decide(
        self, query: Query, row: Row, dial: DialSetting, screen: Screen | None, current: str | None
    ) -> Decision:
        if current is not None:
            row = self._with_prompt_cache(row, query, current)
        if screen is None:
            chosen = row.best(dial.pay, self.reward)
        else:
            most = screen.constraints.max_cost_confidence
            bound = None if screen.constraints.max_cost is None else row.cost_within(most)
            fits = screen.eligible(row.quality, bound, row.fits)
            chosen = int(best(row.quality[None], row.cost[None], dial.pay, self.reward, fits)[0])
        if chosen == NONE_ELIGIBLE:
            raise NoEligibleCandidateError(
                {
                    name: str(why)
                    for name, why in zip(self._names, self._list_exclusions(row, screen), strict=True)
                }
            )
        return Decision.deferred(
            partial(self._compute_details, row, dial.pay, screen, chosen),
            candidate=self._names[chosen],
            quality=float(row.quality[chosen]),
            cost=float(row.cost[chosen]),
            willingness_to_pay=dial.pay,
            cost_preference=dial.preference,
            reward=self.reward,
            warnings=dial.warnings,
            floor=self.floor and self._find_promise(row, dial.pay, chosen),
        )

    def _find_promise(self, row: Row, pay: float, chosen: int) -> Promise | None:
        """Return the floor's promise if the choice follows from the reward alone, as in the proof; else None."""
        plain = int(best(row.quality[None], row.cost[None], pay, self.reward)[0])
        return self.floor.promise if self.floor and chosen == plain else None

    def _decide_within_budgets(
        self,
        decide: Callable[..., Decision],
        dial: DialSetting,
        stated: bool,
        keys: Iterable[str],
        *how: Any,
    ) -> Decision:
        """Decide within the budgets, and reserve the predicted cost."""

        def route(paced: float | None) -> Decision:
            return decide(dial if paced is None else self._resolve_dial(None, min(paced, MOST_TO_PAY)), *how)

        spending = cast("Spending", self.spending)
        decision = spending.decide(route, usual=dial.pay, asked=dial.pay if stated else None, keys=keys)
        spending.reserve(decision)
        return decision

    def _with_prompt_cache(self, row: Row, query: Query, current: str) -> Row:
        """Subtract the saving of a prompt cache from the current candidate's cost."""
        cost = row.cost.copy()
        cost[self.pool.position(current)] -= cache_saving(self.pool[current], query)
        return row.at_cost(np.maximum(cost, 0))

    def _list_exclusions(self, row: Row, screen: Screen | None) -> list[str | None]:
        """Return the reason why each candidate is excluded; None for eligible ones."""
        if screen is None and row.fits is None:
            return [None] * len(self._names)
        constraints = Constraints() if screen is None else screen.constraints
        unread = constraints.max_cost is None
        bound = row.cost if unread else row.cost_within(constraints.max_cost_confidence)
        numbers = zip(self.pool, row.quality.tolist(), bound.tolist(), row.read.tolist(), strict=True)
        return [constraints.failure(*each) for each in numbers]

    def _compute_details(self, row: Row, pay: float, screen: Screen | None, chosen: int) -> Details:
        """Return the alternatives (the chosen one first, then by reward) and the nearest clusters."""
        compute = log_exponential_reward if self.reward == "exponential" else linear_reward
        reward = compute(row.quality, row.cost, pay)
        excluded = self._list_exclusions(row, screen)
        arrays = (row.quality, row.cost, reward, row.attention, row.quality_error)
        columns = list(
            zip(
                self._names,
                *(array.tolist() for array in arrays),
                excluded,
                *self._evidence_and_efforts,
                strict=True,
            )
        )
        order: list[int] = (-reward).argsort(kind="stable").tolist()
        order.sort(key=lambda i: (i != chosen, excluded[i] is not None))  # stable: equals stay by reward
        shares = row.clusters
        nearest = (-shares).argsort(kind="stable")[:CLUSTERS_SHOWN].tolist()
        return (
            [dict(zip(_COLUMNS, columns[i], strict=True)) for i in order],
            [{"index": i, "weight": float(shares[i]), "label": self.cluster_labels[i]} for i in nearest],
        )
