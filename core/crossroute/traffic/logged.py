"""Read logged traffic as arrays, for estimates and learning."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from crossroute.encoder.features import SCORES
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.errors import TrafficError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.routing.predictor import LazyPrediction
from crossroute.routing.router import Router
from crossroute.traffic import schema
from crossroute.traffic.estimates import FEWEST
from crossroute.traffic.log import TrafficLog

PREDICTED = ("predicted", "error", "predicted_cost")
"""Fields of `Logged` that rows.py stores per candidate, in order."""


@dataclass(frozen=True, eq=False)
class Logged:
    """n decisions over m candidates, in the order of time.

    Attributes:
        ids: Ids of the decisions, shape (n,).
        time: Seconds since 1970, shape (n,).
        texts: Texts of the queries, shape (n,); None if not stored.
        vectors: Encoded queries and the scores of their words, shape (n, D + 2); D + 1 or D in earlier versions.
        tokens: Length of the questions, shape (n,), as `EncodedQueries.tokens`.
        context: Other input tokens of the calls, shape (n,).
        chosen: Index of the candidate that answered, shape (n,).
        propensity: Propensity of each candidate, shape (n, m).
        eligible: Whether each candidate was eligible, shape (n, m).
        predicted: Quality predicted at the decision, shape (n, m).
        error: Its standard error, shape (n, m).
        predicted_cost: Cost predicted at the decision, USD, shape (n, m).
        pay: Willingness to pay, USD, shape (n,).
        quality: Mean grade of the answer that the caller got, over all sources, shape (n,); NaN without a grade.
        own_quality: Mean grade of the chosen candidate's own answer, shape (n,). With escalation, only grades that name
            the candidate count, since answers that look good are kept more often.
        weight: 1 / the probability with which a decision was sampled for grading, shape (n,); 1 if unknown.
        cost: USD of the chosen candidate's call, shape (n,); NaN if unknown.
        further: USD of an escalation's further calls, shape (n,).
        seconds: Duration of the call, shape (n,).
        output_tokens: Shape (n,).
        input_tokens: Shape (n,).
        would: In shadow mode, the candidate that would have been chosen; else "".
        would_cost: USD of that candidate's shadow call; NaN without one.
        would_quality: Grade of that candidate's answer; NaN without one.
        names: Names of the candidates, length m.
        encoder: Name of the queries' encoder.
    """

    ids: npt.NDArray[np.str_]
    time: Floats
    texts: npt.NDArray[np.object_]
    vectors: Floats
    tokens: Floats
    context: Floats
    chosen: npt.NDArray[np.intp]
    propensity: Floats
    eligible: npt.NDArray[np.bool_]
    predicted: Floats
    error: Floats
    predicted_cost: Floats
    pay: Floats
    quality: Floats
    own_quality: Floats
    weight: Floats
    cost: Floats
    further: Floats
    seconds: Floats
    output_tokens: Floats
    input_tokens: Floats
    would: npt.NDArray[np.str_]
    would_cost: Floats
    would_quality: Floats
    names: tuple[str, ...]
    encoder: str

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[Any]) -> Logged:
        """Return a subset of the decisions."""
        arrays = {
            f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in ("names", "encoder")
        }
        return replace(self, **arrays)

    @cached_property
    def query(self) -> npt.NDArray[np.intp]:
        """Index of each decision's query, shape (n,): equal for repeated queries."""
        numbers: dict[bytes, int] = {}
        return np.array(
            [numbers.setdefault(row.tobytes(), len(numbers)) for row in self.vectors], dtype=np.intp
        )

    @property
    def paid(self) -> Floats:
        """USD of each decision, including an escalation's further calls, shape (n,); NaN if unknown."""
        return self.cost + self.further

    @property
    def own(self) -> Logged:
        """A copy with `own_quality` as the quality."""
        return replace(self, quality=self.own_quality)

    @property
    def graded(self) -> Logged:
        """The graded decisions; only those sampled with a known probability, if they suffice for an estimate.

        If they are too few, all count alike.
        """
        known = ~np.isnan(self.quality)
        drawn = known & (self.weight != 1)
        if drawn.sum() >= FEWEST or (drawn == known).all():
            return self.take(drawn)
        return replace(self.take(known), weight=np.ones(int(known.sum())))

    def predict(self, router: Router) -> LazyPrediction:
        """Predict the queries with a router.

        Raises:
            TrafficError: As `encoded`.
        """
        return router.predictor.predict_encoded(self.encoded(router))

    def encoded(self, router: Router) -> EncodedQueries:
        """Return the queries encoded by a router's encoder.

        Raises:
            TrafficError: The router has another encoder than the log, and texts are not stored.
        """
        if router.predictor.query_encoder.name == self.encoder:
            width = router.predictor.network.config.width
            vectors, scores = self.vectors[:, :width], np.zeros((len(self), SCORES))
            held = self.vectors[:, width : width + SCORES]  # earlier versions logged fewer, or none
            scores[:, : held.shape[1]] = held
            return self._as_called(EncodedQueries.alone(vectors, self.tokens, scores))
        if any(text is None for text in self.texts):
            raise TrafficError(
                f"The log's queries are encoded by {self.encoder!r}, this router has the encoder "
                f"{router.predictor.query_encoder.name!r}. Use a router with the same encoder, or keep texts."
            )
        return self._as_called(router.predictor.query_encoder.read([Query(text) for text in self.texts]))

    def _as_called(self, queries: EncodedQueries) -> EncodedQueries:
        """Return the queries as single calls with their context tokens."""
        return queries._replace(context=self.context, one_call=np.ones(len(self), dtype=np.int8))


class Entry(NamedTuple):
    """A decision with its calls and grades.

    Attributes:
        row: Row of the decision.
        call: Row of the chosen candidate's call, the first one if calls escalated.
        others: The other answered calls, in the order of time; all of them if calls escalated.
        grades: Rows of feedback.
        escalated: Whether several candidates answered.
    """

    row: Any
    call: Any
    others: list[Any]
    grades: list[Any]
    escalated: bool

    @property
    def further(self) -> float:
        """USD of an escalation's further calls; NaN if one is unknown."""
        if not self.escalated:
            return 0.0
        return sum(math.nan if call.cost is None else call.cost for call in self.others[1:])

    @property
    def would_cost(self) -> float | None:
        """USD of the shadow call; None without one."""
        asked = (call.cost for call in self.others if call.candidate == self.row.would)
        return None if self.escalated else next(asked, None)

    @property
    def grade(self) -> tuple[float, float]:
        """The grade of the answer that the caller got, see `_grade`."""
        return _grade(self.grades, "" if self.escalated else self.row.candidate)

    @property
    def own_grade(self) -> float:
        """The grade of the chosen candidate's own answer."""
        return _grade(self.grades, self.row.candidate, own=not self.escalated)[0]

    @property
    def would_grade(self) -> float:
        """The grade of the shadow call's answer."""
        return _grade(self.grades, self.row.would, own=False)[0]


def read_logged(log: TrafficLog, source: str | None = None, *, latest: int | None = None) -> Logged:
    """Read the decisions of a log that the chosen candidate answered (first, if calls escalated).

    Args:
        log: The log.
        source: Use only grades of this source; by default the mean of all.
        latest: Number of latest decisions to read, without waiting for pending writes of this process.

    Raises:
        TrafficError: The log has no such decision.
    """
    entries = _read_entries(log, source, latest)
    if not entries:
        raise TrafficError("The log has no answered decisions yet. Call the pool that writes to it first.")
    rows, calls, grades = ([getattr(each, name) for each in entries] for name in ("row", "call", "grade"))
    candidates = [json.loads(row.candidates) for row in rows]
    names = tuple(dict.fromkeys(name for one in candidates for name, *_ in one)) or ("",)
    column = {name: number for number, name in enumerate(names)}
    return Logged(
        ids=np.array([row.id for row in rows]),
        time=np.array([row.time for row in rows]),
        texts=np.array([row.text for row in rows], dtype=object),
        vectors=_stack([np.frombuffer(row.query, dtype=np.float16) for row in rows]),
        tokens=_to_floats(row.tokens for row in rows),
        context=_to_floats(row.context_tokens for row in rows),
        chosen=np.array([column[row.candidate] for row in rows]),
        **_read_candidates(candidates, column),
        pay=_to_floats(row.willingness_to_pay for row in rows),
        quality=np.array([quality for quality, _ in grades]),
        own_quality=np.array([each.own_grade for each in entries]),
        weight=np.array([weight for _, weight in grades]),
        cost=_to_floats(call.cost for call in calls),
        further=_to_floats(each.further for each in entries),
        seconds=_to_floats(call.seconds for call in calls),
        output_tokens=_to_floats(call.output_tokens for call in calls),
        input_tokens=_to_floats(call.input_tokens for call in calls),
        would=np.array([row.would or "" for row in rows]),
        would_cost=_to_floats(each.would_cost for each in entries),
        would_quality=np.array([each.would_grade for each in entries]),
        names=names,
        encoder=rows[-1].encoder,
    )


def _read_entries(log: TrafficLog, source: str | None, latest: int | None) -> list[Entry]:
    """Return answered decisions with the encoder of the latest one, in the order of time."""
    d, c, f = schema.decisions, schema.calls, schema.feedback
    graded = sa.select(f) if source is None else sa.select(f).where(f.c.source == source)
    found = sa.select(d).where(d.c.query.is_not(None)).order_by(d.c.time.desc()).limit(latest)
    with log.reading(flushed=latest is None) as connection:
        rows = list(reversed(connection.execute(found).all()))
        answers = connection.execute(sa.select(c).where(c.c.answered).order_by(c.c.time)).all()
        grades = _group_by_decision(connection.execute(graded))
    final = {row.decision_id: row for row in answers if row.final}
    others = _group_by_decision(row for row in answers if not row.final)
    escalated = others.keys() - final.keys()  # the answer that the caller got is one of these
    calls = final | {of: others[of][0] for of in escalated}
    entries = [
        Entry(row, calls[row.id], others.get(row.id, []), grades.get(row.id, []), row.id in escalated)
        for row in rows
        if row.id in calls and calls[row.id].candidate == row.candidate
    ]
    kept = [(each.row.encoder, len(each.row.query)) for each in entries]
    return [each for each, encoded in zip(entries, kept, strict=True) if encoded == kept[-1]]


def _group_by_decision(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.decision_id].append(row)
    return dict(found)


def _read_candidates(
    candidates: list[list[list[Any]]], column: dict[str, int]
) -> dict[str, npt.NDArray[Any]]:
    """Return the stored predictions, propensities and eligibility of each candidate, shape (n, m) each."""
    shape = (len(candidates), len(column))
    numbers = {name: np.full(shape, np.nan) for name in PREDICTED}
    propensity, eligible = np.zeros(shape), np.zeros(shape, dtype=bool)
    for place, one in enumerate(candidates):
        for name, *predicted, excluded, chance in one:
            at = (place, column[name])
            for kind, value in zip(PREDICTED, predicted, strict=True):
                numbers[kind][at] = np.nan if value is None else value
            propensity[at], eligible[at] = chance, excluded is None
    return {**numbers, "propensity": propensity, "eligible": eligible}


def _stack(rows: list[npt.NDArray[np.float16]]) -> Floats:
    """Stack logged queries, padded with 0 to the same length: older logs lack some features."""
    stacked = np.zeros((len(rows), max(map(len, rows))), dtype=np.float32)
    for place, row in zip(stacked, rows, strict=True):
        place[: len(row)] = row
    return stacked


def _to_floats(values: Any) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values])


def _grade(rows: list[Any], candidate: str | None, *, own: bool = True) -> tuple[float, float]:
    """Return the mean grade of a candidate's answer, and 1 / its sampling probability.

    Args:
        rows: Grades of a decision.
        candidate: The candidate that wrote the answer.
        own: Whether the caller got this answer, so that grades without a candidate apply to it.
    """
    named = ("", candidate) if own else (candidate,)
    own_rows = [row for row in rows if row.candidate in named]
    drawn = [row for row in own_rows if row.probability] or own_rows
    if not own_rows:
        return np.nan, 1.0
    return float(np.mean([row.quality for row in drawn])), 1 / (drawn[0].probability or 1.0)
