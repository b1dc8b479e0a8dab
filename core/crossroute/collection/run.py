"""A collection: ask each candidate each prompt, or the pairs of a design; grade; save after each step.

Answers are kept in a folder, a file a candidate, as `crossroute profile` keeps them (profiler/answers_file.py): a
killed run goes on where it stopped, and nothing is paid for twice. Answers that are found are graded anew.
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

from crossroute.calls.failures import naming
from crossroute.candidate import Candidate, Price
from crossroute.collection.design import Design, Planner
from crossroute.collection.grading import graded_query, ungraded
from crossroute.collection.judging import Agreement, Cell, JudgeSettings, calibrated, questions_of, scores_of
from crossroute.collection.models import AskedModel
from crossroute.collection.prompts import Prompt
from crossroute.data.outcomes import Outcomes
from crossroute.errors import SpendingLimitError
from crossroute.profiler.answers_file import AnswersFile, Row
from crossroute.profiler.api import outcomes_of, run_here
from crossroute.profiler.own_queries import Grader
from crossroute.profiler.questions import GradedQuery
from crossroute.profiler.run import ProfilingRun, Progress
from crossroute.profiler.settings import Estimate, Pace, ProfilingSettings, Purse

STEPS = (0.25, 0.5, 1.0)
"""Shares of the cost of all further pairs at which the accuracy is reported."""

JUDGE = ".judge"
"""Prefix of the files with a judge's grades."""


class CollectionSettings(BaseModel):
    """Concurrency, rates and limits of a collection.

    Attributes:
        concurrency: Calls under way at once, a candidate.
        requests_per_minute: Calls begun in a minute with one provider, at most; None for no limit.
        attempts: Calls for one prompt where errors are transient, before the run stops.
        limit: USD, earlier runs into the same folder and the judge included; None for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=8, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    attempts: int = Field(default=8, ge=1)
    limit: float | None = Field(default=None, gt=0, allow_inf_nan=False)


@dataclass(frozen=True)
class Collected:
    """What was collected.

    Attributes:
        rows: Graded answers, one a prompt and candidate.
        candidates: In order, with their prices.
        cost: USD that all answers, and the judge, took.
        ungraded: Answers that nothing graded, which are no outcomes.
        agreement: Of the judge with the references; None without either.
        stopped: The reason why it stopped early; empty where it did not.
        accuracy: Of a design: what more USD buy, (USD, half of the 95 % interval of a quality on a kind of prompt),
            0 USD first.
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
        return outcomes_of(self.rows, self.candidates)


class Collection:
    """Prompts, models, and the folder of their answers."""

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
        self.queries = tuple(graded_query(prompt, grade, grader) for prompt in self.prompts.values())
        self.judge, self.judging, self.design = judge, judging or JudgeSettings(), design
        self.folder, self.on_answer = folder, on_answer
        self.pace_of: Callable[[str, float | None], Pace] = lambda _, rate: Pace(rate)
        self._paces: dict[str, Pace] = {}

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Candidate -> what asking it all prompts will take."""
        return {
            model.candidate.name: Estimate.of(self.queries, cast("Price", model.candidate.price))
            for model in self.models
        }

    @property
    def ungradable(self) -> int:
        """How many prompts have neither a reference nor a grader or judge."""
        return 0 if self.judge else sum(query.checker is ungraded for query in self.queries)

    @cached_property
    def planner(self) -> Planner | None:
        """The design, which chooses the pairs to ask; None where all are asked."""
        if self.design is None:
            return None
        texts = {query.query_id: query.text for query in self.queries}
        prices = {model.candidate.name: cast("Price", model.candidate.price) for model in self.models}
        return self.design.planner(texts, prices)

    def accuracy(self, rows: Sequence[Row] = ()) -> tuple[tuple[float, float], ...]:
        """Return what USD buy beyond some graded answers: (USD, half a 95 % interval); nothing without a design.

        The steps are shares of what all further pairs cost, by the answers so far, else as estimated.
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
        """Ask the unanswered pairs, and grade all answers."""
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
                self._labelled(row)
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
        """Ask the candidates concurrently; return the reason of an early stop, empty without one."""
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
        return f"the limit of ${self.settings.limit:.4g} is reached" if faults else ""

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
        with naming(model.candidate.name):
            await run.run(lambda progress: self.on_answer(model.candidate.name, progress))

    async def _judged(self, rows: list[Row], kept: AnswersFile) -> tuple[list[Row], Agreement | None, str]:
        """Return the rows with the judge's grades where no reference grades, and its agreement with references."""
        answers: dict[str, dict[str, str]] = {}
        for row in rows:
            answers.setdefault(row["text"], {})[row["candidate"]] = row["answer"]
        asked = [
            question
            for text, said in answers.items()
            for question in questions_of(self.prompts[text], said, self.judging)
        ]
        queries = {question.query.query_id: question.query for question in asked}
        stopped = ""
        try:
            await self._run(cast("AskedModel", self.judge), tuple(queries.values()), kept)
        except SpendingLimitError:
            stopped = f"the limit of ${self.settings.limit:.4g} is reached, before all was judged"
        said = {row["query_id"]: row["quality"] for row in kept.rows}
        graded = {_cell(row): row["quality"] for row in rows if not math.isnan(row["quality"])}
        nothing = {_cell(row): 0.0 for row in rows if not row["answer"].strip()}
        scores, agreement = calibrated(nothing | scores_of(asked, said), graded)
        return (
            [
                row if _cell(row) in graded else row | {"quality": scores.get(_cell(row), math.nan)}
                for row in rows
            ],
            agreement,
            stopped,
        )

    def _labelled(self, row: Row) -> Row:
        """Return a stored answer with its prompt's current task."""
        return row | {"task": self.prompts[row["text"]].task}

    def _path(self, name: str) -> Path | None:
        """Return the file of a candidate's answers; any two names have different files."""
        return None if self.folder is None else self.folder / f"{quote(name, safe=' .')}.jsonl"


def _cell(row: Row) -> Cell:
    return row["text"], row["candidate"]


def collect(prompts: Sequence[Prompt], models: Sequence[AskedModel], **options: Any) -> Collected:
    """Ask models a user's prompts, grade their answers, and return them as outcomes.

    Args:
        prompts: See `read_prompts`.
        models: See `asked_model`.
        **options: folder, settings, grade, grader, judge, judging, design, on_answer, as of `Collection`.

    Raises:
        DataError: A reference does not fit the grader, or the folder holds answers to other prompts.
        Exception: A model's own error, where it is not transient, once the others have ended.
    """
    return run_here(Collection(prompts, models, **options).run())


async def acollect(prompts: Sequence[Prompt], models: Sequence[AskedModel], **options: Any) -> Collected:
    """Like `collect`, within a running event loop."""
    return await Collection(prompts, models, **options).run()
