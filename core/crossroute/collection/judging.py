"""A model as judge (LLM-as-a-judge): its prompts, its scores, and their agreement with references.

An answer is judged alone by a rubric, or compared with another candidate's answer in both orders. If references grade
some of the answers, the judge's scores are calibrated to these grades by isotonic regression, and its agreement with
them is reported.

Source: Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", 2023, arXiv 2306.05685 (single grades,
pairs, position bias).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from crossroute.collection.prompts import Prompt
from crossroute.numeric import Floats
from crossroute.profiler.questions import GradedQuery

RUBRIC = "how correct, complete and to the point it is"
HIGHEST = 10
FEWEST_TO_CALIBRATE = 20
"""Minimum number of answers with a reference to calibrate a judge's scores."""

ALONE = """\
Judge an answer by this: {rubric}.

Question:
{question}
{reference}
Answer:
{answer}

Say in a sentence what is right or wrong with it. Then write, on a line of its own, a whole number from 0 (useless) to \
{highest} (cannot be better)."""

BESIDE = """\
Compare two answers by this: {rubric}. Their order means nothing.

Question:
{question}
{reference}
Answer 1:
{first}

Answer 2:
{second}

Say in a sentence how they differ. Then write, on a line of its own, 1 or 2 for the better answer, or 0 where neither \
is."""

LAST_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(?:\s*/\s*10)?(?![\w])")

Cell = tuple[str, str]
"""(prompt text, candidate name)."""


class JudgeSettings(BaseModel):
    """Settings of a judge.

    Attributes:
        way: "rubric" judges each answer alone; "pairwise" compares each pair of candidates in both orders.
        samples: Number of judgements per answer or ordered pair, which are averaged.
        rubric: The criterion, as the end of "Judge an answer by this: ...".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    way: Literal["rubric", "pairwise"] = "rubric"
    samples: int = Field(default=1, ge=1, le=20)
    rubric: str = Field(default=RUBRIC, min_length=1)


class Agreement(BaseModel):
    """Agreement of a judge with references.

    Attributes:
        answers: Number of answers graded by both.
        alike: Share of these where both are at least 0.5 or both below.
        ordered: Share of the pairs of answers to one prompt with different grades that the judge orders in the same
            way; a tie counts half. None without such pairs.
        calibrated: Whether its scores were calibrated.
    """

    model_config = ConfigDict(frozen=True)

    answers: int
    alike: float
    ordered: float | None
    calibrated: bool

    def __str__(self) -> str:
        ordered = (
            "" if self.ordered is None else f", {self.ordered:.0%} of the pairs of answers in the same order"
        )
        mapped = (
            "its scores were calibrated on these" if self.calibrated else "too few to calibrate its scores"
        )
        return f"The judge agrees with the references on {self.alike:.0%} of {self.answers} answers{ordered}; {mapped}."


@dataclass(frozen=True)
class Question:
    """A question to a judge about one answer or a pair of answers.

    Attributes:
        query: The text for the judge, and how its reply is graded: the score of the first answer, in [0, 1].
        prompt: Text of the prompt that was answered.
        first: Candidate with the only or first answer.
        second: Candidate with the second answer; None if one is judged alone.
    """

    query: GradedQuery
    prompt: str
    first: str
    second: str | None = None


def build_questions(
    prompt: Prompt, answers: Mapping[str, str], settings: JudgeSettings
) -> Iterator[Question]:
    """Yield the questions to a judge about the answers to a prompt, without empty answers, which score 0."""
    told = f"\nReference answer:\n{prompt.reference}\n" if prompt.reference not in (None, "", []) else ""
    about = {"rubric": settings.rubric, "question": prompt.text, "reference": told, "highest": HIGHEST}
    said = {name: answer for name, answer in answers.items() if answer.strip()}
    for sample in range(1, settings.samples + 1):
        if settings.way == "rubric":
            for name, answer in said.items():
                text = ALONE.format(**about, answer=answer)
                yield Question(GradedQuery("judge", sample, text, None, _alone, ""), prompt.text, name)
        else:
            for pair in combinations(said, 2):
                for first, second in (pair, pair[::-1]):
                    text = BESIDE.format(**about, first=said[first], second=said[second])
                    query = GradedQuery("judge", sample, text, None, _beside, "")
                    yield Question(query, prompt.text, first, second)


def score_answers(questions: Iterable[Question], said: Mapping[str, float]) -> dict[Cell, float]:
    """Return the mean score of each answer, in [0, 1], without answers that have no readable judgement.

    Args:
        questions: The questions.
        said: Query id -> score of the first answer, in [0, 1]; the second gets 1 minus it.
    """
    found: dict[Cell, list[float]] = defaultdict(list)
    for question in questions:
        score = said.get(question.query.query_id, math.nan)
        if not math.isnan(score):
            found[question.prompt, question.first].append(score)
            if question.second is not None:
                found[question.prompt, question.second].append(1 - score)
    return {cell: sum(scores) / len(scores) for cell, scores in found.items()}


def calibrate_scores(
    scores: Mapping[Cell, float], graded: Mapping[Cell, float]
) -> tuple[dict[Cell, float], Agreement | None]:
    """Calibrate scores to grades by isotonic regression, and return them with their agreement.

    Args:
        scores: Scores of the judge, in [0, 1].
        graded: Grades from references, for some of the answers.
    """
    both = [cell for cell in scores if cell in graded]
    if not both:
        return dict(scores), None
    judged, known = (np.array([of[cell] for cell in both]) for of in (scores, graded))
    is_enough = len(both) >= FEWEST_TO_CALIBRATE and len(set(known.tolist())) > 1
    agreement = Agreement(
        answers=len(both),
        alike=float(((judged >= 0.5) == (known >= 0.5)).mean()),
        ordered=_ordered(both, judged, known),
        calibrated=is_enough,
    )
    if not is_enough:
        return dict(scores), agreement
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(judged, known)
    mapped = fitted.predict(np.array(list(scores.values())))
    return dict(zip(scores, map(float, mapped), strict=True)), agreement


def _ordered(cells: Sequence[Cell], judged: Floats, known: Floats) -> float | None:
    of_prompt: dict[str, list[int]] = defaultdict(list)
    for row, (prompt, _) in enumerate(cells):
        of_prompt[prompt].append(row)
    pairs = [
        pair
        for rows in of_prompt.values()
        for pair in combinations(rows, 2)
        if known[pair[0]] != known[pair[1]]
    ]
    if not pairs:
        return None
    one, other = np.array(pairs).T
    same = np.sign(judged[one] - judged[other]) * np.sign(known[one] - known[other])
    return float(((same + 1) / 2).mean())


def _last_number(answer: str) -> float | None:
    for line in reversed(answer.strip().splitlines()):
        if found := LAST_NUMBER.findall(line.replace("**", "")):
            return float(found[-1])
    return None


def _alone(answer: str, _: Any) -> float:
    score = _last_number(answer)
    return math.nan if score is None or score > HIGHEST else score / HIGHEST


def _beside(answer: str, _: Any) -> float:
    score = _last_number(answer)
    return math.nan if score is None else {1.0: 1.0, 2.0: 0.0, 0.0: 0.5}.get(score, math.nan)
