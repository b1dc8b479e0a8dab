"""Effects of a reasoning effort on the predictions of a variant, relative to the model's default effort.

    logit(quality) += share * (q[told] - q[usual]) at the query's kinds of work
    log tokens     += share * (t[told] - t[usual])

Both increase with the level, so that the variant with more effort is never predicted worse or cheaper. The size of the
effects differs by maker (`share`); the variation between models is added to the error.

Source: efforts.json, fitted by benchmarks/effort_effects.py; choosing model and budget together: R2-Router, arXiv
2602.02823.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from crossroute.candidate import Pool
from crossroute.effort import LEVELS, Effort, read_effort
from crossroute.numeric import Floats, logit, sigmoid

LEAST_CHANCE = 1e-4
"""A quality is clipped to this distance from 0 and 1 before its logit is taken."""


class PoolEfforts(NamedTuple):
    """Effects of the efforts of a pool's m candidates; 0 for candidates without an effort.

    Attributes:
        quality: Effect on the logit of quality, by kind of work, shape (m, K).
        quality_error: Its standard error, shape (m, K).
        log_tokens: Effect on log tokens, shape (m,).
        log_tokens_error: Its standard error, shape (m,).
    """

    quality: Floats
    quality_error: Floats
    log_tokens: Floats
    log_tokens_error: Floats

    def on_quality(self, quality: Floats, kinds: Floats) -> Floats:
        """Return the quality of the variants, shape (n, m), in [0, 1].

        Args:
            quality: Quality at the models' default effort, shape (n, m).
            kinds: Shares of the kinds of work in each query, shape (n, K), summing to 1.
        """
        effect = kinds @ self.quality.T  # (n, m)
        moved = sigmoid(logit(quality, LEAST_CHANCE) + effect)
        return np.where(effect == 0, quality, moved)

    def with_error(self, error: Floats, quality: Floats, kinds: Floats) -> Floats:
        """Return the standard error of the variants' quality, shape (n, m)."""
        own = quality * (1 - quality) * (kinds @ self.quality_error.T)
        return np.sqrt(error**2 + own**2)


@cache
def effort_table() -> Mapping[str, Any]:
    """Return the fitted table; it is read at the first call."""
    return json.loads(files("crossroute.model").joinpath("efforts.json").read_text("utf-8"))  # type: ignore[no-any-return]


def pool_efforts(pool: Pool, kinds: Sequence[str] | None) -> PoolEfforts | None:
    """Return the effects of a pool's efforts; None if no candidate has one.

    Args:
        pool: The candidates.
        kinds: Names of the router's kinds of work; None if it has none: then the mean over all kinds applies.
    """
    if not any(candidate.effort for candidate in pool):
        return None
    names = tuple(kinds) if kinds else None
    rows = [effects_of(candidate.effort, names) for candidate in pool]
    return PoolEfforts(*(np.array(column) for column in zip(*rows, strict=True)))


def effects_of(
    effort: Effort | None, kinds: tuple[str, ...] | None = None
) -> tuple[Floats, Floats, float, float]:
    """Return one effort's effect on quality, shape (K,), its error, the effect on log tokens, and its error.

    Raises:
        ValueError: The effort is not a known level.
    """
    none = np.zeros(len(kinds) if kinds else 1)
    if effort is None:
        return none, none, 0.0, 0.0
    table = effort_table()
    share = table["makers"].get(effort.maker, {"quality": 1.0, "log_tokens": 1.0})
    told, usual = read_effort(effort.told), read_effort(effort.usual)
    if told is None or usual is None:
        raise ValueError(f"Expected an effort such as {', '.join(LEVELS)} or 16k, got {effort.told!r}.")
    quality, tokens = (
        _interpolate(told.step, kinds)[i] - _interpolate(usual.step, kinds)[i] for i in range(2)
    )
    length = float(tokens[0])
    return (
        share["quality"] * quality,
        table["quality_spread"] * np.abs(quality),
        share["log_tokens"] * length,
        table["log_tokens_spread"] * abs(length),
    )


def _interpolate(step: float, kinds: tuple[str, ...] | None) -> tuple[Floats, Floats]:
    """Return the effects on quality and log tokens, shape (K,) each, interpolated linearly between levels."""
    quality, tokens = _read_levels(kinds)
    places = np.arange(len(LEVELS))
    found = np.array([np.interp(step, places, column) for column in quality.T])
    return found, np.full(len(found), np.interp(step, places, tokens))


@cache
def _read_levels(kinds: tuple[str, ...] | None) -> tuple[Floats, Floats]:
    """Return the effects on quality, shape (levels, K), and on log tokens, shape (levels,)."""
    levels = [effort_table()["levels"][level] for level in LEVELS]
    means = [float(np.mean(list(level["quality"].values()))) for level in levels]
    quality = [
        [level["quality"].get(kind, mean) for kind in kinds] if kinds else [mean]
        for level, mean in zip(levels, means, strict=True)
    ]
    return np.array(quality), np.array([level["log_tokens"] for level in levels])
