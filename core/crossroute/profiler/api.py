"""Profile a model: ask it graded queries, and return its answers as outcomes."""

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
        name: The candidate's name.
        price: USD per million tokens; `Price(input=0, output=0)` for free calls.
        queries: The graded queries; the bundled calibration set by default.
        file: A .jsonl file that stores graded answers, and those of an earlier run; None keeps them in memory.
        settings: Concurrency, rate, attempts, spending limit.
        on_answer: Called after each answer, from any thread.

    Returns:
        Outcomes with one row per query and one column.

    Raises:
        SpendingLimitError: The limit is reached before all queries are answered; answers so far are kept.
        DataError: The file holds answers of another candidate or to other queries.
        Exception: The model's own error, if it is not transient or persists.
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
    """Profile a model within a running event loop; otherwise as `profile_model`."""
    asked = calibration_set() if queries is None else tuple(queries)
    with AnswersFile(file) as kept:
        candidate = Candidate(name=name, price=price)
        run = ProfilingRun(answerer, candidate, asked, kept, settings or ProfilingSettings())
        await run.run(on_answer or (lambda _: None))
        return to_outcomes(kept.rows, [run.candidate])


def to_outcomes(rows: Sequence[Row], candidates: Sequence[Candidate]) -> Outcomes:
    """Convert graded answers to outcomes: one row per query, one column per model."""
    queries = {row["query_id"]: row for row in rows}
    columns = {
        name: [row.get(name) for row in rows] for name in ("query_id", "candidate", *MEASURES.values())
    }
    listed = [{name: query.get(name) for name in ("query_id", "text", "task")} for query in queries.values()]
    return Outcomes.from_rows(listed, columns, candidates)


def run_here(run: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result, also within a running event loop (in a thread), as in a notebook."""
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
        except KeyboardInterrupt:  # otherwise the remaining calls would still be made, and paid for
            with suppress(RuntimeError):  # the loop has just ended
                begun.result()()
            raise
