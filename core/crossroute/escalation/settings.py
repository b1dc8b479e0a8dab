"""Escalation: whether answers are checked, and how many further models may be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Opinion = Callable[[str, str], float | Awaitable[float]]
"""(query, answer) -> how right the answer is, in [0, 1]; may be a coroutine function, for asynchronous calls."""


class Judge(BaseModel):
    """A model that is asked whether an answer is right.

    Attributes:
        ask: (query, answer) -> how right the answer is, in [0, 1].
        error_rate: How often it is wrong; tells how much its word weighs.
        cost: USD a judgement, counted like a call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask: Opinion = Field(repr=False)  # a bound method's repr may show its owner's key
    error_rate: float = Field(default=0.1, gt=0, lt=0.5)
    cost: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class Escalation(BaseModel):
    """Settings of route, verify, escalate.

    Attributes:
        max_calls: Models called for one query, at most.
        max_cost: USD that a further call may bring a query's calls to, as far as predicted.
        max_latency_s: Seconds after the first call began beyond which no further call begins.
        usd_per_second: What a second of waiting is worth, USD. A further call then counts as dearer by the seconds
            that it is expected to take: as many as the answers in hand took on average, and before any, 1.
        check: The user's own check of an answer, taken to err on 5 % of answers.
        judge: A model's opinion of an answer.
        logprobs: Ask models for token log-probabilities where their API has them.
        buffer_streams: Hold a streamed answer back until it is known whether to escalate. Otherwise streamed
            calls are not escalated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_calls: int = Field(default=2, ge=1)
    max_cost: float | None = Field(default=None, ge=0)
    max_latency_s: float | None = Field(default=None, ge=0)
    usd_per_second: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    check: Opinion | None = Field(default=None, repr=False)
    judge: Judge | None = None
    logprobs: bool = True
    buffer_streams: bool = False

    @classmethod
    def of(cls, value: Escalation | bool | Literal["buffer"] | None) -> Escalation | None:
        """Return the settings that are given in short: True, "buffer", or nothing.

        Raises:
            ValueError: It is something else.
        """
        if value is None or value is False:
            return None
        if isinstance(value, Escalation):
            return value
        if value is True or value == "buffer":
            return cls(buffer_streams=value == "buffer")
        raise ValueError(f'escalate must be True, False, "buffer" or an Escalation, got {value!r}.')
