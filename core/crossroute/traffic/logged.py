"""Logged traffic as arrays: what the estimates and the learning read."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from crossroute.errors import TrafficError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.routing.predictor import EncodedQueries, Foresight
from crossroute.routing.router import Router
from crossroute.traffic import schema
from crossroute.traffic.log import TrafficLog


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
            TrafficError: The router reads queries by another encoder, and their text was not kept.
        """
        if router.predictor.query_encoder.name == self.encoder:
            queries = EncodedQueries.alone(self.vectors, self.tokens)
            return router.predictor.foresee_encoded(self._as_called(queries))
        if any(text is None for text in self.texts):
            raise TrafficError(
                f"The log holds queries as {self.encoder!r} encodes them; this router reads "
                f"{router.predictor.query_encoder.name!r}. Use a router with the same encoder, or keep texts."
            )
        queries = EncodedQueries.of([Query(text) for text in self.texts], router.predictor.query_encoder)
        return router.predictor.foresee_encoded(self._as_called(queries))

    def _as_called(self, queries: EncodedQueries) -> EncodedQueries:
        """Return the queries as those of calls: each was one, with what came beside its text."""
        return queries._replace(context=self.context, one_call=np.ones(len(self), dtype=bool))


def read_logged(log: TrafficLog, source: str | None = None, *, latest: int | None = None) -> Logged:
    """Read the decisions of a log that were answered by the candidate that was chosen, first where calls escalated.

    Args:
        log: The log.
        source: Of these grades only; by default of all, averaged.
        latest: So many decisions at most, the last ones; then what this process has yet to write is not waited for.

    Raises:
        TrafficError: It holds none.
    """
    d, c, f = schema.decisions, schema.calls, schema.feedback
    answered = sa.select(c).where(c.c.answered)
    grades = sa.select(f) if source is None else sa.select(f).where(f.c.source == source)
    found = sa.select(d).where(d.c.query.is_not(None)).order_by(d.c.time.desc()).limit(latest)
    with log.reading(flushed=latest is None) as connection:
        rows = list(reversed(connection.execute(found).all()))
        answers = connection.execute(answered.order_by(c.c.time)).all()
        calls = {row.decision_id: row for row in answers if row.final}
        others: dict[str, list[Any]] = defaultdict(list)
        for row in answers:
            if not row.final:
                others[row.decision_id].append(row)
        graded: dict[str, list[Any]] = defaultdict(list)
        for row in connection.execute(grades):
            graded[row.decision_id].append(row)
    escalating = others.keys() - calls.keys()  # the answer that the caller got is one of these
    calls |= {of: others[of][0] for of in escalating}
    rows = [row for row in rows if row.id in calls and calls[row.id].candidate == row.candidate]
    rows = [row for row in rows if row.encoder == rows[-1].encoder and len(row.query) == len(rows[-1].query)]
    if not rows:
        raise TrafficError("The log holds no answered decision yet. Call the pool that writes to it first.")
    told = [json.loads(row.candidates) for row in rows]
    names = tuple(dict.fromkeys(name for one in told for name, *_ in one)) or ("",)
    column = {name: number for number, name in enumerate(names)}
    shape = (len(rows), len(names))
    numbers = {name: np.full(shape, np.nan) for name in ("quality", "error", "cost")}
    propensity, eligible = np.zeros(shape), np.zeros(shape, dtype=bool)
    for place, one in enumerate(told):
        for name, quality, error, cost, excluded, chance in one:
            at = (place, column[name])
            numbers["quality"][at], numbers["error"][at], numbers["cost"][at] = (
                np.nan if value is None else value for value in (quality, error, cost)
            )
            propensity[at], eligible[at] = chance, excluded is None
    called = [calls[row.id] for row in rows]
    beside = [
        next(
            (call for call in others[row.id] if call.candidate == row.would and row.id not in escalating),
            None,
        )
        for row in rows
    ]
    marks = [_grade(graded[row.id], "" if row.id in escalating else row.candidate) for row in rows]
    own = [_grade(graded[row.id], row.candidate, own=row.id not in escalating)[0] for row in rows]
    return Logged(
        ids=np.array([row.id for row in rows]),
        time=np.array([row.time for row in rows]),
        texts=np.array([row.text for row in rows], dtype=object),
        vectors=np.stack([np.frombuffer(row.query, dtype=np.float16) for row in rows]).astype(np.float32),
        tokens=_numbers(row.tokens for row in rows),
        context=_numbers(row.context_tokens for row in rows),
        chosen=np.array([column[row.candidate] for row in rows]),
        propensity=propensity,
        eligible=eligible,
        predicted=numbers["quality"],
        error=numbers["error"],
        predicted_cost=numbers["cost"],
        pay=_numbers(row.willingness_to_pay for row in rows),
        quality=np.array([quality for quality, _ in marks]),
        own_quality=np.array(own),
        weight=np.array([weight for _, weight in marks]),
        cost=_numbers(call.cost for call in called),
        further=_numbers(
            sum(call.cost or 0.0 for call in others[row.id][1:]) if row.id in escalating else 0.0
            for row in rows
        ),
        seconds=_numbers(call.seconds for call in called),
        output_tokens=_numbers(call.output_tokens for call in called),
        input_tokens=_numbers(call.input_tokens for call in called),
        would=np.array([row.would or "" for row in rows]),
        would_cost=_numbers(None if call is None else call.cost for call in beside),
        would_quality=np.array([_grade(graded[row.id], row.would, own=False)[0] for row in rows]),
        names=names,
        encoder=rows[-1].encoder,
    )


def _numbers(values: Any) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values])


def _grade(rows: list[Any], candidate: str | None, *, own: bool = True) -> tuple[float, float]:
    """Return the mean grade of a candidate's answer, and 1 / the probability with which it was drawn to be graded.

    Args:
        rows: Grades of a decision.
        candidate: Whose answer.
        own: Whether the caller got it, so that grades which name no candidate are its.
    """
    named = ("", candidate) if own else (candidate,)
    own_rows = [row for row in rows if row.candidate in named]
    drawn = [row for row in own_rows if row.probability] or own_rows
    if not own_rows:
        return np.nan, 1.0
    return float(np.mean([row.quality for row in drawn])), 1 / (drawn[0].probability or 1.0)
