"""Profiling: ask a model graded queries, and turn its answers into outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from crossroute.candidate import Candidate, Price
from crossroute.data.outcomes import MEASURES, Outcomes
from crossroute.profiler.answerers import Answerer
from crossroute.profiler.answers_file import AnswersFile, Row
from crossroute.profiler.questions import GradedQuery, calibration_set
from crossroute.profiler.run import ProfilingRun, Progress
from crossroute.profiler.settings import ProfilingSettings

T = TypeVar("T")


def profile_model(
    answerer: Answerer,
    *,
    name: str,
    price: Price,
    queries: Sequence[GradedQuery] | None = None,
    file: Path | None = None,
    settings: ProfilingSettings | None = None,
    on_answer: Callable[[Progress], None] | None = None,
) -> Outcomes:
    """Ask a model graded queries and return its outcomes, ready for `router.profile`.

    Args:
        answerer: The model: a callable, sync or async, from a text to a text or an `Answer`.
        name: Of the candidate.
        price: USD per million tokens; `Price(input=0, output=0)` where a call costs nothing.
        queries: By default the calibration set.
        file: Where graded answers are kept, and those of an earlier run are found; None keeps them in memory.
        settings: Concurrency, rate, attempts, spending limit.
        on_answer: Called after each answer, from any thread.

    Raises:
        SpendingLimitError: The limit is reached before all are answered; what was answered is kept.
        DataError: The file holds something else than answers of this candidate to these queries.
        Exception: The model's own error, where it is not transient, or is so time after time.
    """
    run = aprofile_model(
        answerer,
        name=name,
        price=price,
        queries=queries,
        file=file,
        settings=settings,
        on_answer=on_answer,
    )
    return run_here(run)


async def aprofile_model(
    answerer: Answerer,
    *,
    name: str,
    price: Price,
    queries: Sequence[GradedQuery] | None = None,
    file: Path | None = None,
    settings: ProfilingSettings | None = None,
    on_answer: Callable[[Progress], None] | None = None,
) -> Outcomes:
    """Like `profile_model`, within a running event loop."""
    asked = calibration_set() if queries is None else tuple(queries)
    with AnswersFile(file) as kept:
        candidate = Candidate(name=name, price=price)
        run = ProfilingRun(answerer, candidate, asked, kept, settings or ProfilingSettings())
        await run.run(on_answer or (lambda _: None))
        return outcomes_of(kept.rows, [run.candidate])


def outcomes_of(rows: Sequence[Row], candidates: Sequence[Candidate]) -> Outcomes:
    """Return graded answers, of one model or of several, as outcomes: one row a query, one column a model."""
    queries = {row["query_id"]: row for row in rows}
    columns = {
        name: [row.get(name) for row in rows] for name in ("query_id", "candidate", *MEASURES.values())
    }
    listed = [{name: query.get(name) for name in ("query_id", "text", "task")} for query in queries.values()]
    return Outcomes.from_rows(listed, columns, candidates)


def run_here(run: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result; also within a notebook's event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(run)
    begun: Future[Callable[[], object]] = Future()

    async def stoppable() -> T:
        loop, task = asyncio.get_running_loop(), cast("asyncio.Task[T]", asyncio.current_task())
        begun.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await run

    with ThreadPoolExecutor(1) as aside:
        ended = aside.submit(lambda: asyncio.run(stoppable()))
        try:
            return ended.result()
        except KeyboardInterrupt:  # else all that is left would be asked, and paid for, before it is heard
            with suppress(RuntimeError):  # it has just ended by itself
                begun.result()()
            raise
