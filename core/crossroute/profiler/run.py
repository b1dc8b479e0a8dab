"""Run a profiling: ask the unanswered queries concurrently.

Each answer is graded and stored at once, so that an interrupted run resumes where it stopped; at most `concurrency`
calls in progress are lost. Stored answers are graded and priced again, not asked again.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, cast

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from crossroute.calls.blame import is_transient, status
from crossroute.calls.failures import describe_failure
from crossroute.calls.handlers import is_bug
from crossroute.calls.waits import read_wait
from crossroute.candidate import Candidate, Price
from crossroute.errors import SpendingLimitError
from crossroute.profiler.answerers import Answer, Answerer
from crossroute.profiler.answers_file import AnswersFile, Row, price_fields
from crossroute.profiler.questions import GradedQuery
from crossroute.profiler.settings import Pace, ProfilingSettings, Purse
from crossroute.tokens import estimate_tokens

REFUSED = frozenset({400, 413, 422})
"""HTTP statuses with which a provider rejects a single query (too long, filtered); others concern all queries."""

REFUSED_IN_A_ROW = 5
"""Most consecutive rejections; more of them concern the account rather than the queries."""

UNSEEN_OUTPUT_TOKENS = 500
"""Expected output tokens before the first answer."""


TOLD_S = 2.0
"""Least wait, in seconds, that is logged with its reason."""

LOG = logging.getLogger("crossroute.profiler")


class _OwnFaultError(Exception):
    """An error of the user's code, after which the model is not asked again."""


class Progress(NamedTuple):
    """The progress of a run: answers, queries, USD spent and mean quality so far."""

    answered: int
    wanted: int
    cost: float
    quality: float


class ProfilingRun:
    """One run over the unanswered queries.

    Args:
        answerer: The model.
        candidate: Its name and price.
        queries: The graded queries.
        kept: Stores the answers.
        settings: Concurrency, attempts, limits.
        pace: Rate limit; shared by the runs of one provider.
        purse: Spending limit; shared by the runs of one pool.
        only: Ask only queries with these ids.
        others: Whether the file may contain answers to other queries, which stay unchanged.
    """

    def __init__(
        self,
        answerer: Answerer,
        candidate: Candidate,
        queries: Sequence[GradedQuery],
        kept: AnswersFile,
        settings: ProfilingSettings,
        *,
        pace: Pace | None = None,
        purse: Purse | None = None,
        only: Container[str] | None = None,
        others: bool = False,
    ) -> None:
        self.answerer, self.candidate, self.kept, self.settings = answerer, candidate, kept, settings
        unanswered = kept.unanswered(queries, candidate.name, others=others)
        self.todo = deque(query for query in unanswered if only is None or query.query_id in only)
        self.wanted = len(kept.rows) + len(self.todo)
        kept.regrade(queries, candidate)
        self.pace = pace or Pace(settings.requests_per_minute)
        self.cost = sum(row["cost_usd"] for row in kept.rows)
        self.purse = purse or Purse(settings.max_cost, self.cost)
        self.stopped = False
        self.refused: list[tuple[GradedQuery, str]] = []
        self._tally = threading.Lock()

    async def run(self, on_answer: Callable[[Progress], None]) -> None:
        """Ask all queries; after an error, wait for the calls in progress, then raise it."""
        self.on_answer = on_answer
        with ThreadPoolExecutor(self.settings.concurrency, "crossroute-profile") as self.threads:
            workers = [self._worker() for _ in range(min(self.settings.concurrency, len(self.todo)))]
            ended = await asyncio.gather(*workers, return_exceptions=True)
        for end in ended:
            if isinstance(end, BaseException):
                raise end
        self._keep_refused()

    async def _worker(self) -> None:
        while self.todo and not self.stopped:
            query = self.todo.popleft()
            try:
                expected = self._reserve(query)
                try:
                    await self._ask(query)
                finally:
                    self.purse.release(expected)
            except BaseException:
                self.stopped = True
                raise

    async def _ask(self, query: GradedQuery) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_retryable),
            stop=stop_after_attempt(self.settings.attempts),
            wait=self._wait,
            reraise=True,
        )
        try:
            await retrying(self._call, query)
        except _OwnFaultError as error:
            raise cast("Exception", error.__cause__) from None
        except Exception as error:
            if status(error) not in REFUSED or not self.kept.rows or len(self.refused) == REFUSED_IN_A_ROW:
                raise
            self.refused.append((query, type(error).__name__))
        else:
            self._keep_refused()

    def _keep_refused(self) -> None:
        """Grade rejected queries as empty answers, once another query was answered or none is left."""
        nothing = Answer(text="", input_tokens=0, output_tokens=0, cost=0)
        while self.refused:
            query, error = self.refused.pop(0)
            self._keep(query, nothing, 0.0, error)

    async def _call(self, query: GradedQuery) -> None:
        await self.pace.turn()
        begun = time.monotonic()
        if is_async(self.answerer):
            said = await cast("Coroutine[Any, Any, str | Answer]", self.answerer(query.text))
            self._keep_answer(query, said, time.monotonic() - begun)
        else:
            await asyncio.get_running_loop().run_in_executor(self.threads, self._call_here, query)

    def _call_here(self, query: GradedQuery) -> None:
        """Call the model and store the answer in a worker thread, even if the caller no longer waits."""
        begun = time.monotonic()
        said = cast("str | Answer", self.answerer(query.text))
        self._keep_answer(query, said, time.monotonic() - begun)

    def _keep_answer(self, query: GradedQuery, said: str | Answer, seconds: float) -> None:
        """Store the answer; an error from here on is not the model's, so the call is not repeated."""
        try:
            self._keep(query, Answer.of(said), seconds)
        except _OwnFaultError:
            raise
        except Exception as error:
            raise _OwnFaultError from error

    def _wait(self, state: RetryCallState) -> float:
        """Return the seconds before the next attempt, and pause all calls as long as the provider requests."""
        error = state.outcome.exception() if state.outcome else None
        asked = (read_wait(error) if error else None) or 0.0
        self.pace.hold(asked)
        seconds = max(asked, wait_random_exponential(max=self.settings.longest_wait)(state))
        if error is not None and seconds >= TOLD_S:
            failure = describe_failure(self.candidate.name, cast("Exception", error))
            LOG.warning(
                "%s: %s: %s. Asking again in %.0f s (%d of %d)",
                *(failure.candidate, failure.error, failure.message.rstrip("."), seconds),
                *(state.attempt_number + 1, self.settings.attempts),
            )
        return seconds

    def _keep(self, query: GradedQuery, answer: Answer, seconds: float, error: str | None = None) -> None:
        price = cast("Price", self.candidate.price)
        counted = answer.with_counts(query.text, price)
        quality, fault = self._grade(query, counted.text)
        row: Row = {
            "query_id": query.query_id,
            "task": query.skill,
            "text": query.text,
            "candidate": self.candidate.name,
            "quality": quality,
            "cost_usd": counted.cost,
            "input_tokens": counted.input_tokens,
            "output_tokens": counted.output_tokens,
            "latency_s": round(seconds, 4),
            "answer": counted.text,
        }
        if answer.cost is None:
            row["price"] = price_fields(price)
        with self._tally:
            self.kept.append(row | ({"error": error} if error else {}))
            self.cost += counted.cost or 0.0
            self.purse.pay(counted.cost or 0.0)
            done = self.kept.rows
            graded = [row["quality"] for row in done if not math.isnan(row["quality"])]
            quality = sum(graded) / len(graded) if graded else math.nan
            progress = Progress(len(done), self.wanted, self.cost, quality)
        self.on_answer(progress)
        if fault is not None:
            raise _OwnFaultError from fault

    @staticmethod
    def _grade(query: GradedQuery, text: str) -> tuple[float, Exception | None]:
        """Return an answer's quality and its grader's error: NaN and the error, or the quality and None."""
        try:
            return query.grade(text), None
        except Exception as error:
            return math.nan, error

    def _reserve(self, query: GradedQuery) -> float:
        """Reserve the expected cost of a call, and return it.

        Raises:
            SpendingLimitError: Less than that is left.
        """
        price, done = cast("Price", self.candidate.price), len(self.kept.rows)
        first = price.cost(input_tokens=estimate_tokens(query.text), output_tokens=UNSEEN_OUTPUT_TOKENS)
        expected = self.cost / done if done else first
        if not self.purse.reserve(expected):
            limit = cast("float", self.purse.limit)
            raise SpendingLimitError(self.candidate.name, self.purse.spent, limit, done, self.wanted)
        return expected


def _is_retryable(error: BaseException) -> bool:
    return not isinstance(error, _OwnFaultError) and is_transient(error) and not is_bug(error)


def is_async(answerer: Answerer) -> bool:
    """Return whether a model's function is a coroutine function."""
    call = getattr(answerer, "__call__", None)  # noqa: B004 - an object whose __call__ is async is meant
    return inspect.iscoroutinefunction(answerer) or inspect.iscoroutinefunction(call)
