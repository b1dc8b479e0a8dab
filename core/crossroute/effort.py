"""Effort: how much a candidate reasons, as stated in the names of its variants.

    gpt-5.5@low            a level: none, minimal, low, medium, high, xhigh or max
    claude-sonnet-4-5@16k  a thinking budget: 16,000 tokens, or 16000

Any other suffix is part of the name: `claude-3-5-sonnet@20241022` and `mistral-large@2407` name versions.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

SIGN = "@"
BUDGETS = {
    "none": 0,
    "minimal": 512,
    "low": 1_024,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 32_000,
    "max": 64_000,
}
"""Level -> thinking budget in tokens, for providers that accept only budgets.

Source: low, medium and high as in Google's OpenAI-compatible endpoint,
https://ai.google.dev/gemini-api/docs/openai, read 2026-11-28; the others are ours.
"""

LEVELS = tuple(BUDGETS)
"""In ascending order."""

MOST_BUDGET = 128_000
"""Highest thinking budget of any provider's model: Anthropic's longest answers, as of November 2026."""

ON, OFF = "high", "none"
"""The levels of a model with reasoning either on or off."""

SAID_AS = {"thinking": ON, "reasoning": ON, "on": ON, "off": OFF, "non-reasoning": OFF, "non-thinking": OFF}
"""Synonyms of levels."""

_BUDGET = re.compile(
    r"(?P<thousands>\d{1,3}(?:\.\d+)?)k|budget=(?P<tokens>\d+)"
    r"|(?!(?:2[3-9]|3\d)(?:0[1-9]|1[0-2])(?:\d\d)?$)(?P<plain>[1-9]\d{3,5})"
)
"""A thinking budget; a plain number of four to six digits counts unless it is a date, such as 2407 or 261001."""


class EffortLevel(NamedTuple):
    """An effort: a level or a thinking budget.

    Attributes:
        level: The level; for a budget, the highest level that it covers.
        budget: Thinking tokens; None if a level was stated.
    """

    level: str
    budget: int | None = None

    @property
    def tokens(self) -> int:
        """The thinking budget: as stated, else the level's."""
        return BUDGETS[self.level] if self.budget is None else self.budget

    @property
    def step(self) -> float:
        """Position among the levels, from 0 for none; a budget is interpolated by its logarithm."""
        if self.budget is None:
            return float(LEVELS.index(self.level))
        below = LEVELS.index(self.level)
        if below in (0, len(LEVELS) - 1):
            return float(below)
        low, high = BUDGETS[LEVELS[below]], BUDGETS[LEVELS[below + 1]]
        return below + math.log(self.budget / low) / math.log(high / low)

    def __str__(self) -> str:
        if self.budget is None:
            return self.level
        return f"budget={self.budget}" if self.budget % 1000 else f"{self.budget // 1000}k"


class Effort(BaseModel):
    """The effort of a candidate's variant, and the default effort that its profile was measured at.

    Attributes:
        told: The requested level, or a thinking budget such as `16k`.
        usual: The model's default level.
        maker: The model's maker: the effect of effort differs by maker.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    told: str
    usual: str = "medium"
    maker: str = ""


def read_effort(text: str) -> EffortLevel | None:
    """Parse an effort; None if the text is not one.

    >>> read_effort("high"), read_effort("16k").tokens, read_effort("4096").tokens, read_effort("20241022")
    (EffortLevel(level='high', budget=None), 16000, 4096, None)
    """
    word = text.strip().lower()
    word = SAID_AS.get(word, word)
    if word in BUDGETS:
        return EffortLevel(word)
    match = _BUDGET.fullmatch(word)
    if match is None:
        return None
    thousands = match["thousands"]
    tokens = round(float(thousands) * 1000) if thousands else int(match["tokens"] or match["plain"])
    return EffortLevel(
        max((level for level in LEVELS if BUDGETS[level] <= tokens), key=BUDGETS.__getitem__), tokens
    )


def split_effort(name: str) -> tuple[str, EffortLevel | None]:
    """Split a name into the model and the effort, None without one.

    >>> split_effort("openai:gpt-5.5@low")
    ('openai:gpt-5.5', EffortLevel(level='low', budget=None))
    >>> split_effort("mistral-large@2407")
    ('mistral-large@2407', None)

    Raises:
        TypeError: The name is not a str.
    """
    if not isinstance(name, str):
        raise TypeError(f"Expected a model's name, got {name!r}.")
    model, sign, stated = name.rpartition(SIGN)
    effort = read_effort(stated) if sign and model else None
    return (name, None) if effort is None else (model, effort)


def with_effort(name: str, effort: EffortLevel) -> str:
    """Return the name of a model's variant."""
    return f"{name}{SIGN}{effort}"
