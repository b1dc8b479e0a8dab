"""Test from outcomes whether a promise of quality holds at some settings of the dial.

Against the best of several candidates, each one is tested at the full level (an intersection-union test): the promise
is broken only if one of them is better by more than the drop. Queries that may be an agent's whole run are tested both
as runs and as single calls, since the choices differ.

A traffic log holds the quality of one candidate per query, weighted by 1 / propensity. A reference that could not be
chosen counts as right there (quality 1), a choice that could not be made counts as wrong, so that each mean loss is
bounded from above.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes
from crossroute.decision import BEST, Promise, format_usd
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
"""Step through the grid for promises with several calls, since cascades are slow to replay."""

SUPPORTED = 0.02
"""Tolerance, as a share of a log's queries, for the share of choices with a propensity above 0."""

MARGIN = 8
"""Number of settings tested above the first one at which a choice changes."""


class Proof:
    """Tests of a promise at settings of the willingness to pay.

    Args:
        promise: The promise to prove.
        evidence: Outcomes that the router was not trained on.
        predictor: The router's predictor.
        reward: The router's reward.
        verifier: The router's verifier, for promises with several calls.
    """

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
            Prediction(predictor.pool.names, predicted.quality, predicted.cost)
            for predicted in map(predictor.predict_encoded, _reading_variants(evidence.queries, predictor))
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
        """The settings to test, descending, without the highest ones at which no choice changes.

        For a log, they begin at the highest setting at which about as many choices have a propensity above 0 as at any
        other; this does not depend on quality, so the test stays valid.
        """
        among = GRID if self._promise.max_calls == 1 else GRID[::COARSE]
        if self._evidence.logged:
            supported = np.array([self._was_possible(pay).mean() for pay in among])
            return among[int(np.argmax(supported >= supported.max() - SUPPORTED)) :]
        highest = self._choose_for_all(GRID[:1])
        changes = (self._choose_for_all(pay[None]) != highest for pay in among)
        first = next((place for place, changed in enumerate(changes) if changed.any()), 1)
        return np.concatenate([GRID[:1], among[max(1, first - MARGIN) :]])

    def holds(self, settings: Floats) -> npt.NDArray[np.bool_]:
        """Return whether the promise is proved at each setting, shape (p,).

        Args:
            settings: Willingness to pay, USD, shape (p,).
        """
        promise = self._promise
        holds = np.ones(len(settings), dtype=bool)
        for _, loss in self._losses(settings):
            tested = is_under(loss, promise.drop, promise.confidence, self._reach)  # (p, references)
            holds &= tested.all(axis=1)
        return holds

    def explain_failure(self) -> str:
        """Explain why the promise is not proved at the highest setting: the loss, or the outcomes needed."""
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
                needs = _count_needed(promise)
                return f"There are no outcomes{where} to prove it on; about {needs:,} are needed."
            highest = self.grid[0]
            paid = (
                "At any price"
                if highest == MOST_TO_PAY
                else f"At a willingness to pay of {format_usd(highest)}"
            )
            return (
                f"{paid}, the router's choices are {mean:.3f} worse than {name}{where} on these "
                f"{len(self._rows[group]):,} outcomes, more than the drop of {promise.drop:g}: allow a larger drop."
                f"{self._describe_untried(name, group)}"
            )
        most, have, group = max(needed)
        where = f" of {group!r}" if group else ""
        held = f"{have:,} outcome{where} is" if have == 1 else f"{have:,} outcomes{where} are"
        return (
            f"{held} too few to prove a drop of {promise.drop:g} at confidence "
            f"{promise.confidence:g}: about {max(most, have + 1):,} are needed. Record more, or allow a larger drop."
        )

    def _describe_untried(self, name: str, group: str) -> str:
        """Describe how often a log could not have the reference or the choice; empty without a log."""
        if not self._evidence.logged:
            return ""
        rows, column = self._rows[group], self._evidence.candidates.index(name)
        untried = (self._evidence.propensity[rows, column] == 0).mean()
        possible = self._was_possible(self.grid[0])[rows].mean()
        return (
            f" On {untried:.0%} of them {name} could not be chosen, and counts as right; on {1 - possible:.0%} the "
            "router's choice could not be made, and counts as wrong. Increase the exploration of the pool that writes "
            "the log, or record outcomes of every candidate."
        )

    def _was_possible(self, willingness_to_pay: float) -> npt.NDArray[np.bool_]:
        """Return whether the choice at a setting had a propensity above 0, or is the reference, shape (n,)."""
        picks = self._columns[self._choose(self._readings[0], np.array([willingness_to_pay]))[:, 0]]
        chances = np.take_along_axis(self._evidence.propensity, np.maximum(picks, 0)[:, None], axis=1)[:, 0]
        is_reference = (picks == self._references[0]) & (len(self._references) == 1)
        return np.asarray((picks >= 0) & (chances > 0) | is_reference)

    @property
    def _references(self) -> list[int]:
        """Columns of the candidates that the quality is compared with."""
        names = self._evidence.candidates
        return [*range(len(names))] if self._promise.against == BEST else [names.index(self._promise.against)]

    def _losses(self, settings: Floats) -> Iterator[tuple[str, Floats]]:
        """Yield (group, losses) per reading and number of calls; losses of shape (queries, p, references)."""
        for read, calls in product(self._readings, range(1, self._promise.max_calls + 1)):
            loss = (
                self._logged_losses(read, settings)
                if self._evidence.logged
                else self._paired_losses(read, settings, calls)
            )
            for name, rows in self._rows.items():
                yield name, loss[rows]

    def _paired_losses(self, read: Prediction, settings: Floats, calls: int) -> Floats:
        """Return the reference's quality minus that of the choice, shape (n, p, references)."""
        quality = self._evidence.quality
        reached = (
            self._cascade_quality(read, settings, calls)
            if calls > 1
            else self._chosen_quality(read, settings)
        )
        return np.asarray(quality[:, None, self._references] - reached[:, :, None])

    def _chosen_quality(self, read: Prediction, settings: Floats) -> Floats:
        """Return the quality of the choice, shape (n, p); 0 if it is unknown."""
        column = self._columns[self._choose(read, settings)]  # (n, p)
        found = np.take_along_axis(self._evidence.quality, np.maximum(column, 0), axis=1)
        return np.where(column < 0, 0.0, found)

    def _choose_for_all(self, settings: Floats) -> Columns:
        return np.concatenate([self._choose(read, settings) for read in self._readings])

    def _choose(self, read: Prediction, settings: Floats) -> Columns:
        return np.stack([best(read.quality, read.cost, float(pay), self._reward) for pay in settings], axis=1)

    def _cascade_quality(self, read: Prediction, settings: Floats, calls: int) -> Floats:
        """Return the quality of the answer after at most `calls` calls, shape (n, p)."""
        place = np.maximum(self._columns, 0)
        known = self._columns >= 0
        observed = _build_outcomes(
            read.candidates,
            np.where(known, self._evidence.quality[:, place], 0.0),
            np.where(known, self._evidence.answer_logprob[:, place], np.nan),
        )
        return play(read, observed, self._verifier, settings, self._reward, max_calls=calls).quality

    def _logged_losses(self, read: Prediction, settings: Floats) -> Floats:
        """Return importance-weighted losses from a log with one answer per query, shape (n, p, references).

        A loss is 1[answered by the reference] * quality / propensity minus the same for the choice; 1 in place of the
        first term if the reference could not be chosen, and 0 if the choice is the reference. Its expectation is the
        mean loss, or above it.
        """
        evidence, references = self._evidence, np.array(self._references)
        answered = (~np.isnan(evidence.quality)).argmax(axis=1)  # (n,)
        rows = np.arange(len(evidence))
        worth = (evidence.quality / np.where(evidence.propensity > 0, evidence.propensity, 1))[rows, answered]
        choice = self._columns[self._choose(read, settings)][:, :, None]  # (n, p, 1)
        reached = np.where(choice == answered[:, None, None], worth[:, None, None], 0.0)
        compared = np.where(answered[:, None] == references, worth[:, None], 0.0)  # (n, references)
        compared = np.where(evidence.propensity[:, references] > 0, compared, 1.0)
        return np.where(choice == references, 0.0, compared[:, None, :] - reached)


def _reading_variants(queries: EncodedQueries, predictor: Predictor) -> list[EncodedQueries]:
    """Return the queries as stated, and, unless all are single calls, as single calls."""
    if predictor.doubt is None or queries.one_call.all():
        return [queries]
    return [queries, queries._replace(one_call=np.ones_like(queries.one_call))]


def _build_outcomes(names: tuple[str, ...], quality: Floats, answer_logprob: Floats) -> Outcomes:
    """Build outcomes without texts, for `play`."""
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


def _count_needed(promise: Promise) -> int:
    """Return how many outcomes are needed if none of them shows a loss."""
    return observations_needed(np.zeros(1), promise.drop, promise.confidence) or 1
