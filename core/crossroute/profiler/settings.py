"""Settings of a profiling run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ProfilingSettings(BaseModel):
    """How a model is asked.

    Attributes:
        concurrency: Calls under way at once.
        requests_per_minute: Calls begun in a minute, at most; None for no limit.
        attempts: Calls for one query where errors are transient, before the run stops.
        longest_wait: Seconds between two of these, unless the provider asks for more.
        max_cost: USD, those of earlier runs into the same file included, at which the run stops; None for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=8, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    attempts: int = Field(default=8, ge=1)
    longest_wait: float = Field(default=60.0, ge=0, allow_inf_nan=False)
    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)
