"""Logged traffic as arrays, for estimates and learning."""

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

from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.errors import TrafficError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.routing.predictor import Foresight
from crossroute.routing.router import Router
from crossroute.traffic import schema
from crossroute.traffic.log import TrafficLog

PREDICTED = ("predicted", "error", "predicted_cost")
"""Of `Logged`, what rows.py writes of each candidate, in its order."""


@dataclass(frozen=True, eq=False)
class Logged:
    """n decisions over m candidates, in the order of time.

    Attributes:
        ids: Of the decisions, shape (n,).
        time: Seconds since 1970, shape (n,).
        texts: Of the queries; None where not kept, shape (n,).
        vectors: Queries as encoded, shape (n, D).
        tokens: Their tokens, shape (n,).
        context: Further tokens of the calls, shape (n,).
        chosen: The candidate that answered, shape (n,).
        propensity: Of each candidate, shape (n, m).
        eligible: Where a candidate was not excluded, shape (n, m).
        predicted: Quality, as predicted then, shape (n, m).
        error: Its standard error, shape (n, m).
        predicted_cost: USD, shape (n, m).
        pay: The willingness to pay, USD, shape (n,).
        quality: Of the answer that the caller got, the mean of all sources, shape (n,); NaN without a grade.
        own_quality: Of the chosen candidate's own answer, likewise: NaN, too, where calls may have escalated and no
            grade names the candidate, since an answer is kept where it looks good.
        weight: 1 / the probability with which a decision was drawn to be graded; 1 where that is not known.
        cost: USD of the chosen candidate's call, shape (n,); NaN where not known.
        further: USD of an escalation's further calls, shape (n,).
        seconds: Shape (n,).
        output_tokens: Shape (n,).
        input_tokens: Shape (n,).
        would: In shadow mode, the candidate that would have been chosen; else "".
        would_cost: USD that it took, where it was asked beside; else NaN.
        would_quality: Its answer's grade; else NaN.
        names: Of the candidates, length m.
        encoder: By which the queries are encoded.
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
        """Return some of the decisions."""
        arrays = {
            f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in ("names", "encoder")
        }
        return replace(self, **arrays)

    @cached_property
    def query(self) -> npt.NDArray[np.intp]:
        """Which query each decision is on, shape (n,): the same number where the same was asked."""
        numbers: dict[bytes, int] = {}
        return np.array(
            [numbers.setdefault(row.tobytes(), len(numbers)) for row in self.vectors], dtype=np.intp
        )

    @property
    def paid(self) -> Floats:
        """USD that each decision took, an escalation's further calls included, shape (n,); NaN where not known."""
        return self.cost + self.further

    @property
    def own(self) -> Logged:
        """The same with the grades alone that tell what the chosen candidate's own answer is worth."""
        return replace(self, quality=self.own_quality)

    @property
    def graded(self) -> Logged:
        """Those with a grade; where some were drawn to be graded with a known probability, these alone."""
        known = ~np.isnan(self.quality)
        drawn = known & (self.weight != 1)
        return self.take(drawn if drawn.any() else known)

    def foreseen(self, router: Router) -> Foresight:
        """Return what a router foresees of the queries.

        Raises:
            TrafficError: As of `encoded`.
        """
        return router.predictor.foresee_encoded(self.encoded(router))

    def encoded(self, router: Router) -> EncodedQueries:
        """Return the queries as a router's encoder reads them.

        Raises:
            TrafficError: The router reads queries by another encoder, and their text was not kept.
        """
        if router.predictor.query_encoder.name == self.encoder:
            return self._as_called(EncodedQueries.alone(self.vectors, self.tokens))
        if any(text is None for text in self.texts):
            raise TrafficError(
                f"The log holds queries as {self.encoder!r} encodes them; this router reads "
                f"{router.predictor.query_encoder.name!r}. Use a router with the same encoder, or keep texts."
            )
        return self._as_called(router.predictor.query_encoder.read([Query(text) for text in self.texts]))

    def _as_called(self, queries: EncodedQueries) -> EncodedQueries:
        """Return the queries as those of calls: each was one, with what came beside its text."""
        return queries._replace(context=self.context, one_call=np.ones(len(self), dtype=np.int8))


class Entry(NamedTuple):
    """A decision, and what came of it.

    Attributes:
        row: Of the decision.
        call: That of the candidate that was chosen, the first where calls escalated.
        others: The other answered calls, in the order of time; where calls escalated, all of them.
        grades: Of the answers.
        escalated: Whether the answer that the caller got is one of several.
    """

    row: Any
    call: Any
    others: list[Any]
    grades: list[Any]
    escalated: bool

    @property
    def further(self) -> float:
        """USD of an escalation's further calls; NaN where that of one is not known."""
        if not self.escalated:
            return 0.0
        return sum(math.nan if call.cost is None else call.cost for call in self.others[1:])

    @property
    def would_cost(self) -> float | None:
        """USD of the call of the would-be choice, where it was asked beside."""
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
        """The grade of the would-be choice's answer."""
        return _grade(self.grades, self.row.would, own=False)[0]


def read_logged(log: TrafficLog, source: str | None = None, *, latest: int | None = None) -> Logged:
    """Read the decisions of a log that were answered by the candidate that was chosen, first where calls escalated.

    Args:
        log: The log.
        source: Of these grades only; by default of all, averaged.
        latest: So many decisions at most, the last ones; then what this process has yet to write is not waited for.

    Raises:
        TrafficError: It holds none.
    """
    entries = _read_entries(log, source, latest)
    if not entries:
        raise TrafficError("The log holds no answered decision yet. Call the pool that writes to it first.")
    rows, calls, grades = ([getattr(each, name) for each in entries] for name in ("row", "call", "grade"))
    candidates = [json.loads(row.candidates) for row in rows]
    names = tuple(dict.fromkeys(name for one in candidates for name, *_ in one)) or ("",)
    column = {name: number for number, name in enumerate(names)}
    return Logged(
        ids=np.array([row.id for row in rows]),
        time=np.array([row.time for row in rows]),
        texts=np.array([row.text for row in rows], dtype=object),
        vectors=np.stack([np.frombuffer(row.query, dtype=np.float16) for row in rows]).astype(np.float32),
        tokens=_numbers(row.tokens for row in rows),
        context=_numbers(row.context_tokens for row in rows),
        chosen=np.array([column[row.candidate] for row in rows]),
        **_read_candidates(candidates, column),
        pay=_numbers(row.willingness_to_pay for row in rows),
        quality=np.array([quality for quality, _ in grades]),
        own_quality=np.array([each.own_grade for each in entries]),
        weight=np.array([weight for _, weight in grades]),
        cost=_numbers(call.cost for call in calls),
        further=_numbers(each.further for each in entries),
        seconds=_numbers(call.seconds for call in calls),
        output_tokens=_numbers(call.output_tokens for call in calls),
        input_tokens=_numbers(call.input_tokens for call in calls),
        would=np.array([row.would or "" for row in rows]),
        would_cost=_numbers(each.would_cost for each in entries),
        would_quality=np.array([each.would_grade for each in entries]),
        names=names,
        encoder=rows[-1].encoder,
    )


def _read_entries(log: TrafficLog, source: str | None, latest: int | None) -> list[Entry]:
    """Return the decisions that the chosen candidate answered, of the encoder of the last, in the order of time."""
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
    """Return what n decisions tell of each of m candidates, as rows.py writes it, each of shape (n, m)."""
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


def _numbers(values: Any) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values])


def _grade(rows: list[Any], candidate: str | None, *, own: bool = True) -> tuple[float, float]:
    """Return the mean grade of a candidate's answer, and 1 / the probability with which it was drawn to be graded.

    Args:
        rows: Grades of a decision.
        candidate: The author of the answer.
        own: Whether the caller got it, so that grades which name no candidate are its.
    """
    named = ("", candidate) if own else (candidate,)
    own_rows = [row for row in rows if row.candidate in named]
    drawn = [row for row in own_rows if row.probability] or own_rows
    if not own_rows:
        return np.nan, 1.0
    return float(np.mean([row.quality for row in drawn])), 1 / (drawn[0].probability or 1.0)
