"""The parts of a decision: alternatives, clusters, calls, failures, a promise and budgets."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from crossroute.escalation.evidence import Evidence

Foreseen = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A predicted number; NaN (null in JSON) without a prediction."""

BEST = "best"
"""The reference of a promise that names no candidate: the best of those it was proved with."""


class Failure(BaseModel):
    """A failed attempt.

    Attributes:
        candidate: The candidate that was called.
        error: The error's type.
        status: Its HTTP status; None without one.
        message: Its first line, without secrets.
        transient: Whether another attempt could succeed.
        fault: The cause: the request, the member (its model or provider) or the network; None if unknown.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    error: str
    status: int | None = None
    message: str = ""
    transient: bool
    fault: Literal["request", "member", "network"] | None = None

    def __str__(self) -> str:
        status = "" if self.status is None else f" {self.status}"
        return f"{self.candidate} failed with {self.error}{status}"


class Alternative(BaseModel):
    """A candidate with its predictions for the query.

    Attributes:
        candidate: Its name.
        quality: Predicted quality, in [0, 1].
        cost: Predicted cost, USD for one call.
        reward: The logarithm of its exponential reward, or its linear reward; the highest one is chosen.
        attention: Attention weight of the query on it, in [0, 1].
        quality_error: Standard error of the predicted quality.
        excluded: The reason why it is not eligible; None if it is.
        rests_on: The source of its predictions: "measured", "published scores", "prior" or "relatives"; None
            without predictions.
        effort: Its effort, if it is a variant that is predicted from the effect of efforts on other models.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    quality: Foreseen
    cost: Foreseen
    reward: Foreseen
    attention: Foreseen
    quality_error: Foreseen = math.nan
    excluded: str | None = None
    rests_on: str | None = None
    effort: str | None = None


class Call(BaseModel):
    """An answered call of a decision with several calls.

    Attributes:
        candidate: The candidate that answered.
        prior: P(right) before its answer, given the answers of earlier calls.
        posterior: P(right) given all evidence, after the last call.
        evidence: Evidence in its answer.
        cost: USD; None if tokens or price are unknown.
        latency_s: Seconds to the answer.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    prior: Foreseen
    posterior: Foreseen
    evidence: Evidence
    cost: float | None
    latency_s: float


class Cluster(BaseModel):
    """A cluster of training queries near the query.

    Attributes:
        index: Its number.
        weight: Its weight in the soft assignment of the query, in [0, 1].
        label: The tasks of most of its training queries.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    weight: float
    label: str


class Promise(BaseModel):
    """The promise of a quality floor, and the lowest willingness to pay at which it is proved.

    Attributes:
        drop: Mean quality is at most this much under that of the reference, in (0, 1).
        against: The reference: a candidate, or "best", the best of those it was proved with.
        confidence: Probability with which the promise holds, over the draw of the outcomes that proved it.
        willingness_to_pay: The floor, USD.
        max_calls: It holds for up to this many calls per query.
        groups: It holds in each of these groups of queries separately; if empty, over all queries.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    drop: float = Field(gt=0, lt=1)
    against: str = BEST
    confidence: float = Field(default=0.9, gt=0, lt=1)
    willingness_to_pay: float = math.inf
    max_calls: int = Field(default=1, ge=1)
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        reference = "the best candidate" if self.against == BEST else self.against
        within = f" in each of {', '.join(self.groups)}" if self.groups else ""
        return f"quality at most {self.drop:g} under {reference}{within}, at confidence {self.confidence:g}"


class Held(BaseModel):
    """The state of a budget that a call counts for, at the time of the decision.

    Attributes:
        budget: In words: "$50 a day for user:ann".
        account: Its account and period.
        left: USD left before this call.
        until: The end of the period, in seconds since 1970; None without a period.
        willingness_to_pay: USD that its pacing allowed; None if it is not paced.
        held: Whether it changed the decision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget: str
    account: str
    left: float
    until: float | None = None
    willingness_to_pay: float | None = None
    held: bool = False


def by_reward(alternative: Alternative) -> tuple[bool, float]:
    """Order alternatives: best reward first, those without one after them, excluded ones last."""
    unknown = math.isnan(alternative.reward)
    return alternative.excluded is not None, math.inf if unknown else -alternative.reward
