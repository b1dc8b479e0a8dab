"""A profiling run: ask the unanswered queries concurrently.

Each answer is graded and written at once, so that an interrupted run goes on where it stopped. What an
interruption can lose are the calls that were under way, at most `concurrency` of them. Answers that are found
are graded anew, at the price that is stated now, and not asked for again.
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
from crossroute.calls.failures import failure_of
from crossroute.calls.handlers import is_bug
from crossroute.calls.waits import retry_after
from crossroute.candidate import Candidate, Price
from crossroute.errors import SpendingLimitError
from crossroute.profiler.answerers import Answer, Answerer
from crossroute.profiler.answers_file import AnswersFile, Row, price_fields
from crossroute.profiler.questions import GradedQuery
from crossroute.profiler.settings import Pace, ProfilingSettings, Purse
from crossroute.tokens import estimate_tokens

REFUSED = frozenset({400, 413, 422})
"""Statuses by which a provider refuses one query (too long, filtered); all others refuse every query."""

REFUSED_IN_A_ROW = 5
"""Most refusals in a row: more of them are about the account, not about the queries."""

UNSEEN_OUTPUT_TOKENS = 500
"""Expected output tokens before the first answer."""


TOLD_S = 2.0
"""Seconds of waiting from which the reason is logged."""

LOG = logging.getLogger("crossroute.profiler")


class _OwnFaultError(Exception):
    """An error of the user's code, for which the model is not asked again."""


class Progress(NamedTuple):
    """The progress of a run: answers, queries, USD spent, and the mean quality so far."""

    answered: int
    wanted: int
    cost: float
    quality: float


class ProfilingRun:
    """One run over the queries that are not yet answered.

    Args:
        answerer: The model.
        candidate: Its name and price.
        queries: All that may be kept.
        kept: Where answers are kept.
        settings: Concurrency, attempts, limits.
        pace: When calls may start; shared by the runs of one provider.
        purse: What may be spent; shared by the runs of one pool.
        only: Ask no more than these, by id.
        others: The file may hold answers to other queries, too, which stay as they are.
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
        """Ask all queries; after an error let the running calls end, then raise it."""
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
        """Grade what was refused as empty answers, now that another query was answered, or that none is left."""
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
        """Call within a thread, which keeps the answer even where its caller no longer waits."""
        begun = time.monotonic()
        said = cast("str | Answer", self.answerer(query.text))
        self._keep_answer(query, said, time.monotonic() - begun)

    def _keep_answer(self, query: GradedQuery, said: str | Answer, seconds: float) -> None:
        """Store the answer; a later error is not the model's, which is not asked and paid again."""
        try:
            self._keep(query, Answer.of(said), seconds)
        except _OwnFaultError:
            raise
        except Exception as error:
            raise _OwnFaultError from error

    def _wait(self, state: RetryCallState) -> float:
        """Return the seconds before another attempt, and pause all calls for as long as the provider asks."""
        error = state.outcome.exception() if state.outcome else None
        asked = (retry_after(error) if error else None) or 0.0
        self.pace.hold(asked)
        seconds = max(asked, wait_random_exponential(max=self.settings.longest_wait)(state))
        if error is not None and seconds >= TOLD_S:
            told = failure_of(self.candidate.name, cast("Exception", error))
            LOG.warning(
                "%s: %s: %s. Asking again in %.0f s (%d of %d)",
                *(told.candidate, told.error, told.message.rstrip("."), seconds),
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
        """Return an answer's quality, or its grader's error: the answer is paid for, and stored ungraded."""
        try:
            return query.grade(text), None
        except Exception as error:
            return math.nan, error

    def _reserve(self, query: GradedQuery) -> float:
        """Reserve the expected cost of a call, and return it.

        Raises:
            SpendingLimitError: There is less left.
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
