"""Run a collection: call candidates with all prompts, or with those that a design selects, and grade the answers.

Answers are stored in a folder, one file per candidate (profiler/answers_file.py). An interrupted run resumes where it
stopped, and no call is paid for twice. Stored answers are graded again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from crossroute.calls.failures import name_model
from crossroute.candidate import Candidate, Price
from crossroute.collection.design import Design, Planner
from crossroute.collection.grading import make_graded_query, ungraded
from crossroute.collection.judging import (
    Agreement,
    Cell,
    JudgeSettings,
    build_questions,
    calibrate_scores,
    score_answers,
)
from crossroute.collection.models import AskedModel
from crossroute.collection.prompts import Prompt
from crossroute.data.outcomes import Outcomes
from crossroute.errors import SpendingLimitError
from crossroute.profiler.answers_file import AnswersFile, Row
from crossroute.profiler.api import run_here, to_outcomes
from crossroute.profiler.own_queries import Grader
from crossroute.profiler.questions import GradedQuery
from crossroute.profiler.run import ProfilingRun, Progress
from crossroute.profiler.settings import Estimate, Pace, ProfilingSettings, Purse

STEPS = (0.25, 0.5, 1.0)
"""Shares of the cost of all remaining pairs at which the accuracy is reported."""

JUDGE = ".judge"
"""Name of the file with the judge's grades."""


class CollectionSettings(BaseModel):
    """Concurrency, rates and limits of a collection.

    Attributes:
        concurrency: Maximum number of concurrent calls per candidate.
        requests_per_minute: Maximum number of calls per minute to one provider; None for no limit.
        attempts: Maximum number of attempts per prompt after transient errors, before the run stops.
        limit: Spending limit in USD, including the judge and earlier runs into the same folder; None for no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=8, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    attempts: int = Field(default=8, ge=1)
    limit: float | None = Field(default=None, gt=0, allow_inf_nan=False)


@dataclass(frozen=True)
class Collected:
    """The result of a collection.

    Attributes:
        rows: Graded answers, one per prompt and candidate.
        candidates: The candidates, in order, with their prices.
        cost: Cost of all answers and judgements, USD.
        ungraded: Number of answers without a grade, which are not in the outcomes.
        agreement: Agreement of the judge with the references; None without a judge or references.
        stopped: Reason of an early stop; empty without one.
        accuracy: With a design: pairs of further spending, USD, starting at 0, and the expected half-width of the 95 %
            interval of a quality in a cluster of prompts.
    """

    rows: tuple[Row, ...] = field(repr=False)
    candidates: tuple[Candidate, ...]
    cost: float
    ungraded: int = 0
    agreement: Agreement | None = None
    stopped: str = ""
    accuracy: tuple[tuple[float, float], ...] = ()

    @property
    def outcomes(self) -> Outcomes:
        """The graded answers as outcomes."""
        return to_outcomes(self.rows, self.candidates)


class Collection:
    """A collection: prompts, models, settings and the folder of the answers."""

    def __init__(
        self,
        prompts: Sequence[Prompt],
        models: Sequence[AskedModel],
        *,
        folder: Path | None = None,
        settings: CollectionSettings | None = None,
        grade: str | None = None,
        grader: Grader | None = None,
        judge: AskedModel | None = None,
        judging: JudgeSettings | None = None,
        design: Design | None = None,
        on_answer: Callable[[str, Progress], None] = lambda *_: None,
    ) -> None:
        names = [model.candidate.name for model in models]
        if len(set(names)) < len(names) or not names:
            raise ValueError(f"Expected candidates of different names, got {', '.join(names) or 'none'}.")
        self.prompts = {prompt.text: prompt for prompt in prompts}
        self.models = tuple(models)
        self.settings = settings or CollectionSettings()
        self.queries = tuple(make_graded_query(prompt, grade, grader) for prompt in self.prompts.values())
        self.judge, self.judging, self.design = judge, judging or JudgeSettings(), design
        self.folder, self.on_answer = folder, on_answer
        self.pace_of: Callable[[str, float | None], Pace] = lambda _, rate: Pace(rate)
        self._paces: dict[str, Pace] = {}

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Candidate -> estimated cost of all prompts."""
        return {
            model.candidate.name: Estimate.of(self.queries, cast("Price", model.candidate.price))
            for model in self.models
        }

    @property
    def ungradable(self) -> int:
        """Number of prompts without a reference, grader or judge."""
        return 0 if self.judge else sum(query.checker is ungraded for query in self.queries)

    @cached_property
    def planner(self) -> Planner | None:
        """The planner of the design, which selects the pairs to call; None if all pairs are called."""
        if self.design is None:
            return None
        texts = {query.query_id: query.text for query in self.queries}
        return self.design.planner(texts, [model.candidate.name for model in self.models])

    def accuracy(self, rows: Sequence[Row] = ()) -> tuple[tuple[float, float], ...]:
        """Return the accuracy after further spending: (USD, half-width of a 95 % interval); () without a design.

        The amounts are shares (`STEPS`) of the cost of all remaining pairs, from the mean cost of the present answers,
        or estimated from prices before the first.
        """
        if self.planner is None:
            return ()
        answered = {
            model.candidate.name: [row for row in rows if row["candidate"] == model.candidate.name]
            for model in self.models
        }
        pairs = len(self.queries) * len(self.models)
        estimated = sum((each.least + each.most) / 2 for each in self.estimates.values()) / pairs
        call = sum(row["cost_usd"] for row in rows) / len(rows) if rows else estimated
        left = (pairs - len(rows)) * call
        steps = (0.0, *(left * share for share in STEPS)) if left > 0 else (0.0,)
        return tuple((usd, self.planner.accuracy(answered, usd, estimated)) for usd in steps)

    async def run(self) -> Collected:
        """Call the candidates on the unanswered pairs, and grade all answers."""
        with ExitStack() as stack:
            files = {
                model.candidate.name: stack.enter_context(AnswersFile(self._path(model.candidate.name)))
                for model in self.models
            }
            judged = stack.enter_context(AnswersFile(self._path(JUDGE) if self.judge else None))
            spent = sum(row["cost_usd"] for file in (*files.values(), judged) for row in file.rows)
            self.purse = Purse(self.settings.limit, spent)
            stopped = await self._ask(files)
            rows = [
                self._set_task(row)
                for file in files.values()
                for row in file.rows
                if row["text"] in self.prompts
            ]
            agreement = None
            if self.judge is not None:
                rows, agreement, told = await self._judged(rows, judged)
                stopped = stopped or told
        graded = [row for row in rows if not math.isnan(row["quality"])]
        return Collected(
            rows=tuple(graded),
            candidates=tuple(model.candidate for model in self.models),
            cost=self.purse.spent,
            ungraded=len(rows) - len(graded),
            agreement=agreement,
            stopped=stopped,
            accuracy=self.accuracy(graded),
        )

    async def _ask(self, files: Mapping[str, AnswersFile]) -> str:
        """Call the candidates concurrently, and return the reason of an early stop; empty without one."""
        if self.planner is None:
            return await self._round(files, dict.fromkeys(files))
        while chosen := self.planner.next({name: file.rows for name, file in files.items()}):
            stopped = await self._round(files, chosen)
            if stopped:
                return stopped
        return ""

    async def _round(
        self, files: Mapping[str, AnswersFile], chosen: Mapping[str, Container[str] | None]
    ) -> str:
        runs = (
            self._run(model, self.queries, files[model.candidate.name], chosen[model.candidate.name])
            for model in self.models
            if model.candidate.name in chosen
        )
        ended = await asyncio.gather(*runs, return_exceptions=True)
        faults = [end for end in ended if isinstance(end, BaseException)]
        for fault in faults:
            if not isinstance(fault, SpendingLimitError):
                raise fault
        return f"the spending limit of ${self.settings.limit:.4g} is reached" if faults else ""

    async def _run(
        self,
        model: AskedModel,
        queries: Sequence[GradedQuery],
        file: AnswersFile,
        only: Container[str] | None = None,
    ) -> None:
        settings = ProfilingSettings(concurrency=self.settings.concurrency, attempts=self.settings.attempts)
        if model.provider not in self._paces:
            self._paces[model.provider] = self.pace_of(model.provider, self.settings.requests_per_minute)
        run = ProfilingRun(
            model.ask,
            model.candidate,
            queries,
            file,
            settings,
            pace=self._paces[model.provider],
            purse=self.purse,
            only=only,
            others=True,
        )
        with name_model(model.candidate.name):
            await run.run(lambda progress: self.on_answer(model.candidate.name, progress))

    async def _judged(self, rows: list[Row], kept: AnswersFile) -> tuple[list[Row], Agreement | None, str]:
        """Return the rows with the judge's grades for missing ones, its agreement, and the reason of an early stop."""
        answers: dict[str, dict[str, str]] = {}
        for row in rows:
            answers.setdefault(row["text"], {})[row["candidate"]] = row["answer"]
        asked = [
            question
            for text, said in answers.items()
            for question in build_questions(self.prompts[text], said, self.judging)
        ]
        queries = {question.query.query_id: question.query for question in asked}
        stopped = ""
        try:
            await self._run(cast("AskedModel", self.judge), tuple(queries.values()), kept)
        except SpendingLimitError:
            stopped = f"the spending limit of ${self.settings.limit:.4g} is reached before the last judgement"
        said = {row["query_id"]: row["quality"] for row in kept.rows}
        graded = {_cell(row): row["quality"] for row in rows if not math.isnan(row["quality"])}
        nothing = {_cell(row): 0.0 for row in rows if not row["answer"].strip()}
        scores, agreement = calibrate_scores(nothing | score_answers(asked, said), graded)
        return (
            [
                row if _cell(row) in graded else row | {"quality": scores.get(_cell(row), math.nan)}
                for row in rows
            ],
            agreement,
            stopped,
        )

    def _set_task(self, row: Row) -> Row:
        """Return a stored answer with the current task of its prompt."""
        return row | {"task": self.prompts[row["text"]].task}

    def _path(self, name: str) -> Path | None:
        """Return the file of a candidate's answers; different names have different files."""
        return None if self.folder is None else self.folder / f"{quote(name, safe=' .')}.jsonl"


def _cell(row: Row) -> Cell:
    return row["text"], row["candidate"]


def collect(prompts: Sequence[Prompt], models: Sequence[AskedModel], **options: Any) -> Collected:
    """Call models with a user's prompts, grade their answers, and return the outcomes.

    Args:
        prompts: Prompts from `read_prompts`.
        models: Models from `asked_model`.
        **options: folder, settings, grade, grader, judge, judging, design, on_answer, as in `Collection`.

    Raises:
        DataError: A reference does not fit the grader, or the folder contains answers to other prompts.
        Exception: A model raised an error that is not transient; raised once the other models have ended.
    """
    return run_here(Collection(prompts, models, **options).run())


async def acollect(prompts: Sequence[Prompt], models: Sequence[AskedModel], **options: Any) -> Collected:
    """Like `collect`, within a running event loop."""
    return await Collection(prompts, models, **options).run()
