"""A reply: the facts of one model's answer, and their evidence."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from crossroute.calls.ending import WITHHELD
from crossroute.calls.spend import Usage
from crossroute.escalation.evidence import Evidence, Flaw

CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "incomplete"})

REFUSAL = re.compile(
    r"\s*(?:i(?:['\u2019]m| am)(?: very| really)? sorry,? (?:but )?(?:i|as an)\b"
    r"|(?:sorry, )?(?:but )?i (?:can(?:no|['\u2019])t|am unable to|am not able to|won['\u2019]t)"
    r" (?:help|assist|answer|provide|comply|do that|fulfill)"
    r"|as an ai(?: language)? model,? i (?:can(?:no|['\u2019])t|am unable|do not))",
    re.IGNORECASE,
)
"""Beginnings of refusals in English."""

LEAST_LOGPROB = -100.0
"""Some servers report a token that could not occur as -inf, or as -9999."""


def is_said(part: object) -> bool:
    """Return whether a part of an answer is something to read: anything but blanks.

    >>> is_said(" I"), is_said("  "), is_said(None)
    (True, False, False)
    """
    return bool(part.strip() if isinstance(part, str) else part)


@dataclass(frozen=True)
class Reply:
    """One model's answer.

    Attributes:
        text: Its text; may be empty.
        logprobs: Natural log-probabilities of its tokens, or None.
        finish_reason: The provider's finish reason.
        usage: Its tokens.
        cost: USD, if the answer states its cost.
        schema_error: How structured output or tool arguments fail their schema, or None.
        asks_for_tools: Whether it calls tools, and so begins a turn that its candidate finishes.
        refused: Whether the provider marks it as a refusal.
        instead: The candidate that answered instead of the called one; "" for a model that is not a candidate.
    """

    text: str
    logprobs: tuple[float, ...] | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    cost: float | None = None
    schema_error: str | None = None
    asks_for_tools: bool = False
    refused: bool = False
    instead: str | None = None

    def evidence(self, expected_tokens: float | None = None) -> Evidence:
        """Return the evidence in the reply itself.

        Args:
            expected_tokens: Output tokens predicted of this candidate.
        """
        known = [min(0.0, max(LEAST_LOGPROB, p)) for p in self.logprobs or () if not math.isnan(p)]
        written = self.usage.output_tokens if self.usage else None
        expected_tokens = max(0.0, expected_tokens or 0.0)  # rounding may leave a little less than none
        return Evidence(
            mean_logprob=sum(known) / len(known) if known else None,
            min_logprob=min(known, default=None),
            length_ratio=written / expected_tokens if written and expected_tokens else None,
            flaws=self._flaws(),
        )

    def _flaws(self) -> frozenset[Flaw]:
        ended = (self.finish_reason or "").lower()
        found: dict[Flaw, bool] = {
            "empty": not self.text.strip() and not self.asks_for_tools and self.schema_error is None,
            "refusal": self.refused or ended in WITHHELD or bool(REFUSAL.match(self.text)),
            "cut off": ended in CUT_OFF,
            "schema": self.schema_error is not None,
        }
        return frozenset(flaw for flaw, present in found.items() if present)
