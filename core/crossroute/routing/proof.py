"""Prove, by outcomes, that a promise of quality holds at some settings of the dial.

Against the best of several candidates, every one is tested at the full level: the promise is broken only where one of
them is better by more than the drop (an intersection-union test). So is each reading of a query that may be an agent's
whole run, or one call as all are through an integration: the choices differ, and the promise is to hold for both.

A log tells one candidate's quality a query, which counts by 1 / its propensity. A reference that could not be chosen is
unknown there, and counts as right (quality 1); a choice that could not be, as wrong. So each loss is bounded from above
in the mean, and the promise holds whatever was left to chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes
from crossroute.decision import BEST, Promise, usd
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.escalation.verifier import Verifier
from crossroute.metrics.betting import is_under, observations_needed
from crossroute.metrics.cascades import play
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.reward import Reward, best
from crossroute.routing.dial import GRID, MOST_TO_PAY
from crossroute.routing.evidence import Columns, FloorEvidence
from crossroute.routing.predictor import Predictor

COARSE = 4
"""Every how many settings are tested where each takes playing cascades."""

SUPPORTED = 0.02
"""Share of a log's queries by which settings may differ in how many of their choices had a chance there."""

MARGIN = 8
"""Settings that are tested above the first at which a price changes a choice."""


class Proof:
    """Whether a promise holds at some settings, by outcomes and by what a router foresees of the same queries."""

    def __init__(
        self,
        promise: Promise,
        evidence: FloorEvidence,
        *,
        predictor: Predictor,
        reward: Reward,
        verifier: Verifier,
    ) -> None:
        self._readings = [
            Prediction(predictor.pool.names, foreseen.quality, foreseen.cost)
            for foreseen in map(predictor.foresee_encoded, _readings(evidence.queries, predictor))
        ]
        self._promise, self._evidence, self._columns = promise, evidence, evidence.columns(predictor.pool)
        self._reward, self._verifier = reward, verifier
        self._reach = float(1 / evidence.propensity[evidence.propensity > 0].min())
        self._rows = {
            name: np.flatnonzero(evidence.group == group)
            for group, name in enumerate(promise.groups or ("",))
        }

    @cached_property
    def grid(self) -> Floats:
        """The settings to test, from the dearest on, without the many at which money is no object to any query.

        Of a log, from the dearest on at which choices had a chance there, as far as they had at any: that is seen
        without a look at quality, and no dial goes above it.
        """
        among = GRID if self._promise.max_calls == 1 else GRID[::COARSE]
        if self._evidence.logged:
            had = np.array([self._had_chance(pay).mean() for pay in among])
            return among[int(np.argmax(had >= had.max() - SUPPORTED)) :]
        lavish = self._picks_of_all(GRID[:1])
        thrifty = (self._picks_of_all(pay[None]) != lavish for pay in among)
        first = next((place for place, changed in enumerate(thrifty) if changed.any()), 1)
        return np.concatenate([GRID[:1], among[max(1, first - MARGIN) :]])

    def holds(self, settings: Floats) -> npt.NDArray[np.bool_]:
        """Return whether the promise is proved at each setting, shape (p,)."""
        promise = self._promise
        holds = np.ones(len(settings), dtype=bool)
        for _, loss in self._losses(settings):
            tested = is_under(loss, promise.drop, promise.confidence, self._reach)  # (p, references)
            holds &= tested.all(axis=1)
        return holds

    def complaint(self) -> str:
        """Say why nothing is proved where most is paid: what is lost there, or how many outcomes it takes."""
        promise = self._promise
        needed, worst = [], (0.0, "", "")
        for group, loss in self._losses(self.grid[:1]):
            for reference, column in enumerate(self._references):
                each = loss[:, 0, reference]
                found = observations_needed(each, promise.drop, promise.confidence, self._reach)
                if found is None:
                    mean = float(each.mean()) if len(each) else np.inf
                    worst = max(worst, (mean, self._evidence.candidates[column], group))
                else:
                    needed.append((found, len(each), group))
        if worst[1]:
            mean, name, group = worst
            where = f" on {group!r}" if group else ""
            if np.isinf(mean):
                return f"There is no outcome{where} to prove it on; it takes about {_least(promise):,}."
            dearest = self.grid[0]
            paid = "However much is paid" if dearest == MOST_TO_PAY else f"At {usd(dearest)} to pay"
            return (
                f"{paid}, the router's choices are {mean:.3f} worse than {name}{where} on these "
                f"{len(self._rows[group]):,} outcomes, and {promise.drop:g} is to be proved: allow a larger drop."
                f"{self._untried(name, group)}"
            )
        most, have, group = max(needed)
        where = f" of {group!r}" if group else ""
        held = f"{have:,} outcome{where} is" if have == 1 else f"{have:,} outcomes{where} are"
        return (
            f"{held} too few to prove a drop of {promise.drop:g} at confidence "
            f"{promise.confidence:g}: it takes about {max(most, have + 1):,}. Record more, or allow a larger drop."
        )

    def _untried(self, name: str, group: str) -> str:
        """Say on how many outcomes of a log the reference, or the dearest choice, could not be chosen."""
        if not self._evidence.logged:
            return ""
        rows, column = self._rows[group], self._evidence.candidates.index(name)
        untried = (self._evidence.propensity[rows, column] == 0).mean()
        had = self._had_chance(self.grid[0])[rows].mean()
        return (
            f" On {untried:.0%} of them {name} could not be chosen, and counts as right; on {1 - had:.0%} the router's "
            "choice could not be, and counts as wrong. Have the pool that writes the log explore more, or record "
            "outcomes of every candidate."
        )

    def _had_chance(self, willingness_to_pay: float) -> npt.NDArray[np.bool_]:
        """Return whether the choice at a setting could be made when the log was written, or loses nothing, (n,)."""
        picks = self._columns[self._picks(self._readings[0], np.array([willingness_to_pay]))[:, 0]]
        chances = np.take_along_axis(self._evidence.propensity, np.maximum(picks, 0)[:, None], axis=1)[:, 0]
        is_reference = (picks == self._references[0]) & (len(self._references) == 1)
        return np.asarray((picks >= 0) & (chances > 0) | is_reference)

    @property
    def _references(self) -> list[int]:
        """Columns of the candidates that quality is compared with."""
        names = self._evidence.candidates
        return [*range(len(names))] if self._promise.against == BEST else [names.index(self._promise.against)]

    def _losses(self, settings: Floats) -> Iterator[tuple[str, Floats]]:
        """Yield each group, by reading and number of calls, with its losses, shape (its queries, p, references)."""
        for read, calls in product(self._readings, range(1, self._promise.max_calls + 1)):
            loss = (
                self._logged(read, settings) if self._evidence.logged else self._paired(read, settings, calls)
            )
            for name, rows in self._rows.items():
                yield name, loss[rows]

    def _paired(self, read: Prediction, settings: Floats, calls: int) -> Floats:
        """Return the reference's quality less that of the choice, shape (n, p, references)."""
        quality = self._evidence.quality
        reached = self._played(read, settings, calls) if calls > 1 else self._chosen(read, settings)
        return np.asarray(quality[:, None, self._references] - reached[:, :, None])

    def _chosen(self, read: Prediction, settings: Floats) -> Floats:
        """Return the quality of what is chosen, shape (n, p); 0 where that is not known."""
        column = self._columns[self._picks(read, settings)]  # (n, p)
        found = np.take_along_axis(self._evidence.quality, np.maximum(column, 0), axis=1)
        return np.where(column < 0, 0.0, found)

    def _picks_of_all(self, settings: Floats) -> Columns:
        return np.concatenate([self._picks(read, settings) for read in self._readings])

    def _picks(self, read: Prediction, settings: Floats) -> Columns:
        return np.stack([best(read.quality, read.cost, float(pay), self._reward) for pay in settings], axis=1)

    def _played(self, read: Prediction, settings: Floats, calls: int) -> Floats:
        """Return the quality of the answer that several calls lead to, shape (n, p)."""
        place = np.maximum(self._columns, 0)
        known = self._columns >= 0
        observed = _outcomes(
            read.candidates,
            np.where(known, self._evidence.quality[:, place], 0.0),
            np.where(known, self._evidence.answer_logprob[:, place], np.nan),
        )
        return play(read, observed, self._verifier, settings, self._reward, max_calls=calls).quality

    def _logged(self, read: Prediction, settings: Floats) -> Floats:
        """Return losses from a log in which one candidate a query answered, shape (n, p, references).

        Their mean is that of the losses, or above it where a reference or a choice could not be chosen:
        (1[answered by the reference], or 1 if it could not be) * quality / propensity, less the choice's; 0 of itself.
        """
        evidence, references = self._evidence, np.array(self._references)
        answered = (~np.isnan(evidence.quality)).argmax(axis=1)  # (n,)
        rows = np.arange(len(evidence))
        worth = (evidence.quality / np.where(evidence.propensity > 0, evidence.propensity, 1))[rows, answered]
        choice = self._columns[self._picks(read, settings)][:, :, None]  # (n, p, 1)
        reached = np.where(choice == answered[:, None, None], worth[:, None, None], 0.0)
        told = np.where(answered[:, None] == references, worth[:, None], 0.0)  # (n, references)
        told = np.where(evidence.propensity[:, references] > 0, told, 1.0)
        return np.where(choice == references, 0.0, told[:, None, :] - reached)


def _readings(queries: EncodedQueries, predictor: Predictor) -> list[EncodedQueries]:
    """Return the queries as they were told, and as one call each where that is read otherwise."""
    if predictor.doubt is None or queries.one_call.all():
        return [queries]
    return [queries, queries._replace(one_call=np.ones_like(queries.one_call))]


def _outcomes(names: tuple[str, ...], quality: Floats, answer_logprob: Floats) -> Outcomes:
    """Return outcomes without texts, for `play`."""
    count, nothing = len(quality), np.zeros(quality.shape)
    return Outcomes(
        query_ids=tuple(map(str, range(count))),
        texts=("",) * count,
        tasks=("",) * count,
        splits=("test",) * count,
        pool=Pool(Candidate(name=name) for name in names),
        quality=quality,
        cost=nothing,
        input_tokens=nothing,
        output_tokens=nothing,
        latency=nothing,
        answer_logprob=answer_logprob,
    )


def _least(promise: Promise) -> int:
    """Return how many outcomes it takes where none of them shows a loss."""
    return observations_needed(np.zeros(1), promise.drop, promise.confidence) or 1
