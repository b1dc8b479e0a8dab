"""Grade a random sample of logged answers with a judge model, with known sampling probability.

A hash of the decision's id gives a number in [0, 1); answers below the share are judged in ascending order. So a later
run continues, a larger share extends a smaller one, and if the money runs out, the judged answers are still a random
sample, of a smaller share.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from crossroute.collection.judging import JudgeSettings, Question, build_questions, score_answers
from crossroute.collection.models import AskedModel
from crossroute.collection.prompts import Prompt
from crossroute.errors import SpendingLimitError, TrafficError
from crossroute.profiler.answers_file import AnswersFile
from crossroute.profiler.api import run_here
from crossroute.profiler.run import ProfilingRun
from crossroute.profiler.settings import ProfilingSettings, Purse
from crossroute.traffic import schema
from crossroute.traffic.log import TrafficLog
from crossroute.traffic.rows import now

JUDGE = "judge"
"""The source of the judge's grades."""

AT_ONCE = 50
"""Answers that are judged before their grades are stored."""


class UnjudgedAnswer(NamedTuple):
    """An answer that may be judged.

    Attributes:
        decision_id: Id of its decision.
        candidate: The candidate that wrote it, if the caller got another answer; else "".
        text: The query.
        answer: The answer.
        place: Position of the decision in the sampling order, in [0, 1).
    """

    decision_id: str
    candidate: str
    text: str
    answer: str
    place: float

    @property
    def key(self) -> tuple[str, str]:
        """What its grade is stored by."""
        return self.decision_id, self.candidate


class JudgingResult(NamedTuple):
    """The result of judging.

    Attributes:
        graded: Number of answers with the judge's grade, including earlier ones.
        share: Share of the answers that is judged, including those without a readable grade.
        usd: Cost of the judge's calls, USD.
        unread: Number of answers for which the judge's reply had no readable grade.
        stopped: Whether the spending limit was reached before the share.
        new: Number of answers that this run graded.
    """

    graded: int
    share: float
    usd: float
    unread: int
    stopped: bool
    new: int = 0


def judge_traffic(
    log: TrafficLog,
    judge: AskedModel,
    *,
    share: float = 0.05,
    limit: float | None = None,
    settings: JudgeSettings | None = None,
    on_graded: Callable[[int, int], None] = lambda *_: None,
) -> JudgingResult:
    """Grade a random share of the answers in a log with a judge model, as feedback of the source "judge".

    Args:
        log: A log that stores texts.
        judge: The model; see `crossroute.collection.asked_model`.
        share: Share of the answers, in (0, 1].
        limit: Spending limit, USD.
        settings: The judge's prompt and samples.
        on_graded: Called with the number of judged answers and their total.

    Raises:
        ValueError: The share or the limit is out of range.
        TrafficError: The log has no answers, or keeps no texts.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share!r}.")
    if limit is not None and not limit > 0:
        raise ValueError(f"limit must be above 0 USD, got {limit!r}.")
    drawn = [one for one in _read_answers(log) if one.place < share]
    known = _read_grades(log)
    todo = iter([one for one in drawn if one.key not in known])
    wanted, purse, unread, new, reached = len(drawn), Purse(limit), 0, 0, share
    try:
        while reached == share and (some := list(islice(todo, AT_ONCE))):
            grades: dict[UnjudgedAnswer, float] = {}
            stopped = True  # until the batch is complete
            try:
                stopped = run_here(_grade_batch(some, judge, purse, settings or JudgeSettings(), grades))
            finally:  # an error, or an interruption, must not lose grades that were paid for
                told = [one for one in some if not math.isnan(grades.get(one, math.nan))]
                log.add_feedback([_row(one, grades[one], share) for one in told])
                known |= {one.key: (grades[one], 0.0) for one in told}
                if stopped:
                    reached = next((one.place for one in some if one not in grades), share)
            new += len(told)
            unread += sum(one in grades for one in some) - len(told)
            on_graded(len(known), wanted)
    finally:  # whatever ended it, the share that was reached is the probability
        inside = {one: known[one.key] for one in drawn if one.place < reached and one.key in known}
        # an answer that an earlier run drew with a larger share keeps that
        log.add_feedback(
            [_row(one, quality, max(reached, earlier)) for one, (quality, earlier) in inside.items()]
        )
    return JudgingResult(len(inside), reached, purse.spent, unread, reached < share, new)


async def _grade_batch(
    some: Sequence[UnjudgedAnswer],
    judge: AskedModel,
    purse: Purse,
    settings: JudgeSettings,
    grades: dict[UnjudgedAnswer, float],
) -> bool:
    """Add the grades of some answers (NaN for unreadable replies), and return whether the spending limit was reached.

    If the judge fails, the grades until then are added, too.
    """
    asked: dict[UnjudgedAnswer, list[Question]] = {
        one: list(build_questions(Prompt(one.text), {JUDGE: one.answer}, settings)) for one in some
    }
    queries = {each.query.query_id: each.query for listed in asked.values() for each in listed}
    stopped = False
    with AnswersFile(None) as kept:
        run = ProfilingRun(
            judge.ask,
            judge.candidate,
            tuple(queries.values()),
            kept,
            ProfilingSettings(concurrency=1),
            purse=purse,
        )
        try:
            await run.run(lambda _: None)
        except SpendingLimitError:
            stopped = True
        finally:
            said = {row["query_id"]: row["quality"] for row in kept.rows}
            for one, listed in asked.items():
                if all(each.query.query_id in said for each in listed):
                    grades[one] = (
                        score_answers(listed, said).get((one.text, JUDGE), math.nan) if listed else 0.0
                    )
    return stopped


def _read_answers(log: TrafficLog) -> Iterator[UnjudgedAnswer]:
    """Yield the answers with stored texts, in the sampling order."""
    d, c = schema.decisions.c, schema.calls.c
    columns = (d.id, d.candidate.label("chosen"), d.text, c.candidate, c.answer, c.final)
    found = sa.select(*columns).join_from(schema.decisions, schema.calls, d.id == c.decision_id)
    found = found.where(c.answered, d.text.is_not(None), c.answer.is_not(None))
    with log.reading() as connection:
        rows: list[Any] = list(connection.execute(found))
        answered = connection.scalar(sa.select(c.id).where(c.answered).limit(1))
    if answered is None:
        raise TrafficError("The log has no answered decisions yet. Call the pool that writes to it first.")
    if not rows:
        raise TrafficError("The log has no answers with texts. Keep texts: TrafficLog(url, keep_text=True).")
    own = [
        UnjudgedAnswer(
            row.id, "" if row.final else row.candidate, row.text, row.answer, draw_position(row.id)
        )
        for row in rows
    ]
    yield from sorted(own, key=lambda one: (one.place, one.candidate))


def draw_position(decision_id: str) -> float:
    """Return the position of a decision in the sampling order, in [0, 1)."""
    return int.from_bytes(hashlib.sha256(decision_id.encode()).digest()[:7], "big") / 2**56


def _read_grades(log: TrafficLog) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the judge's grades with the probability that they were drawn with."""
    f = schema.feedback.c
    with log.reading() as connection:
        rows = connection.execute(sa.select(schema.feedback).where(f.source == JUDGE)).all()
    return {(row.decision_id, row.candidate): (row.quality, row.probability or 0.0) for row in rows}


def _row(one: UnjudgedAnswer, quality: float, share: float) -> dict[str, Any]:
    key = {"decision_id": one.decision_id, "source": JUDGE, "candidate": one.candidate, "time": now()}
    return key | {"quality": quality, "probability": share}
