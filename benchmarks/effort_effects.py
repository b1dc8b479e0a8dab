"""Fit the effects of reasoning effort on quality and tokens: python benchmarks/effort_effects.py [--write].

The data are means of one model on one benchmark at several efforts, from the sets and published scores of priors.py, so
that the level of the model and the benchmark cancels out:

    logit(mean quality) = model and benchmark + effect(level, kind of work)        log tokens likewise, by query

Effects are common to all models; those of a kind of work are shrunk towards the common effect of all kinds. They never
decrease with the level (isotonic regression). The variation between models is estimated as a share of the effect.
`--write` writes the table for the core, core/crossroute/model/efforts.json.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from priors import (
    KINDS,
    Floats,
    Seen,
    find_level,
    load_learned,
    load_quality,
    read_facts,
    read_published,
    read_spellings,
)
from sklearn.isotonic import IsotonicRegression

import crossroute.model
from crossroute.effort import LEVELS

FILE = Path(crossroute.model.__file__).with_name("efforts.json")
USUAL = LEVELS.index("medium")
NOISE = 0.05
"""Variance of a mean beyond its sampling variance, in logits squared."""

KIND_SPREAD = 0.2
"""Standard deviation of a kind's step between levels around the common step."""


class Steps(NamedTuple):
    """The prior of the step from one level to the next.

    Attributes:
        mean: Mean, in logits of quality or in log tokens.
        spread: Standard deviation.
        least: Minimum step, which keeps the order of levels.
    """

    mean: float
    spread: float
    least: float


QUALITY, TOKENS = Steps(0.1, 0.35, 0.02), Steps(0.4, 0.3, 0.1)
TOKENS_NOISE = 0.04
"""Variance of mean log tokens beyond their sampling variance."""

MODEL_SPREAD, MAKER_SPREAD = 0.5, 0.5
"""Standard deviations of a model's factor on the effects around its maker's, and of a maker's around 1."""

LEAST_SHARE = 0.2
ROUNDS = 4
"""Number of alternating fits: effects given the factors, then factors given the effects."""


class Mean(NamedTuple):
    """A mean of a model at a level.

    Attributes:
        model: Name of the model.
        level: Index in LEVELS.
        column: The benchmark.
        kind: Index of the kind of work.
        value: Logit of the mean quality, or mean log tokens.
        variance: Variance of the value.
    """

    model: str
    level: int
    column: str
    kind: int
    value: float
    variance: float


class Effects(NamedTuple):
    """Effects of the levels relative to medium.

    Attributes:
        value: Effect of each level on each kind of work, shape (levels, K).
        shares: Maker -> factor on the effects for its models; 1 for others.
        spread: Standard deviation of a model's factor around its maker's.
    """

    value: Floats
    shares: dict[str, float]
    spread: float

    def of(self, mean: Mean) -> float:
        """Return the effect on a mean."""
        return float(self.value[mean.level, mean.kind]) * self.shares.get(read_facts()[mean.model].maker, 1.0)


def load_quality_means(seen: Iterable[Seen] | None = None) -> list[Mean]:
    """Return the means of quality of models with at least two levels on a benchmark."""
    found = [
        Mean(each.key[0], level, each.column, each.kind, each.value, each.variance + NOISE)
        for each in (load_quality() if seen is None else seen)
        if (level := find_level(*each.key)) is not None
    ]
    return select_comparable(found)


def load_token_means() -> list[Mean]:
    """Return the mean log output tokens of models at several levels, from tokens per query or USD per task."""
    found = []
    for name, kind in (("mcpmark", "agent"), ("zoonk", "language")):
        outcomes = load_learned(name)
        for position, spelling in enumerate(outcomes.pool.names):
            key = read_spellings().get((name, spelling))
            # the level of the default is uncertain here
            level = find_level(*key) if key and key[1] else None
            logs = np.log(np.clip(outcomes.output_tokens[:, position], 1, None))
            if key and level is not None and (seen := logs[~np.isnan(logs)]).size >= 20:
                value = float(seen.mean()), float(seen.var() / seen.size) + TOKENS_NOISE
                found.append(Mean(key[0], level, name, KINDS.index(kind), *value))
    for row in read_published():
        key = read_spellings().get(("aider", row["model"])) if row["source"].startswith("aider") else None
        level = find_level(*key) if key else None
        if key and level is not None and row["usd_per_task"] and float(row["usd_per_task"]) > 0:
            usd = float(np.log(float(row["usd_per_task"])))
            found.append(Mean(key[0], level, "aider", KINDS.index("code"), usd, 2 * TOKENS_NOISE))
    return select_comparable(found)


def select_comparable(means: Sequence[Mean]) -> list[Mean]:
    """Return the means of models with at least two levels in a column."""
    levels: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for each in means:
        levels[each.model, each.column].add(each.level)
    return [each for each in means if len(levels[each.model, each.column]) > 1]


def fit(means: Sequence[Mean], steps: Steps = QUALITY, *, by_kind: bool = True) -> Effects:
    """Fit the effects of the levels to means; each effect is the sum of the steps up to its level.

    Args:
        means: Means of models at several levels each.
        steps: Prior of the steps.
        by_kind: Whether kinds of work have their own effects.
    """
    found = Effects(np.zeros((len(LEVELS), len(KINDS))), {}, MODEL_SPREAD)
    for _ in range(ROUNDS):
        value = _fit_effects(means, steps, found.shares, by_kind)
        found = fit_maker_shares(means, found._replace(value=value))
    return found


def _fit_effects(means: Sequence[Mean], steps: Steps, shares: dict[str, float], by_kind: bool) -> Floats:
    design, value, weight = centre(means, shares)
    levels, kinds = len(LEVELS), len(KINDS)
    design = np.concatenate([_sum_steps(design[:, :levels]), _sum_steps(design[:, levels:], kinds)], axis=1)
    own = 1 / KIND_SPREAD**2 if by_kind else 1e9
    ridge = np.r_[np.full(levels, 1 / steps.spread**2), np.full(levels * kinds, own)]
    expected = np.r_[np.full(levels, steps.mean), np.zeros(levels * kinds)]
    gram = (design * weight[:, None]).T @ design + np.diag(ridge)
    found = np.linalg.solve(gram, (design * weight[:, None]).T @ value + ridge * expected)
    rise = found[:levels, None] + found[levels:].reshape(levels, kinds)
    effects = make_rising(np.cumsum(rise, axis=0), means, steps.least)
    return np.asarray(effects - effects[USUAL])


def _sum_steps(design: Floats, width: int = 1) -> Floats:
    """Convert columns of levels to columns of steps: a level is the sum of the steps up to it."""
    by_level = design.reshape(len(design), len(LEVELS), width)
    return np.cumsum(by_level[:, ::-1], axis=1)[:, ::-1].reshape(design.shape)


def make_rising(effects: Floats, means: Sequence[Mean], least: float) -> Floats:
    """Return the nearest effects with steps of at least `least` between levels, shape (levels, K)."""
    seen = np.ones(effects.shape)
    for each in means:
        seen[each.level, each.kind] += 1 / each.variance
    places = np.arange(len(effects))
    floor = least * places
    columns = [
        IsotonicRegression().fit_transform(places, column - floor, sample_weight=amount) + floor
        for column, amount in zip(effects.T, (seen + seen.mean(axis=1, keepdims=True)).T, strict=True)
    ]
    return np.array(columns).T


def centre(means: Sequence[Mean], shares: Mapping[str, float]) -> tuple[Floats, Floats, Floats]:
    """Return design, values and weights, with each model's mean on each benchmark subtracted."""
    levels, kinds = len(LEVELS), len(KINDS)
    design = np.zeros((len(means), levels * (kinds + 1)))
    for i, each in enumerate(means):
        share = shares.get(read_facts()[each.model].maker, 1.0)
        design[i, each.level] = design[i, levels + each.level * kinds + each.kind] = share
    value = np.array([each.value for each in means])
    weight = 1 / np.array([each.variance for each in means])
    groups = np.unique([f"{m.model} on {m.column}" for m in means], return_inverse=True)[1]
    for group in range(groups.max() + 1):
        rows = groups == group
        of_all = weight[rows] / weight[rows].sum()
        design[rows] -= of_all @ design[rows]
        value[rows] -= of_all @ value[rows]
    return design, value, weight


def fit_maker_shares(means: Sequence[Mean], found: Effects) -> Effects:
    """Return the effects with each maker's factor, and the spread of its models around it."""
    alone = found._replace(shares={})
    by_maker: defaultdict[str, list[Mean]] = defaultdict(list)
    for each in means:
        by_maker[read_facts()[each.model].maker].append(each)
    shares = {}
    for maker, own in by_maker.items():
        share, error = _fit_share(own, alone)
        spread = MODEL_SPREAD**2 / len({each.model for each in own})
        trust = MAKER_SPREAD**2 / (MAKER_SPREAD**2 + spread + error**2)
        shares[maker] = max(1 + trust * (share - 1), LEAST_SHARE)
    found = found._replace(shares=shares)
    gaps, errors = [], []
    for model in sorted({each.model for each in means}):
        share, error = _fit_share([each for each in means if each.model == model], found)
        if error < 1:
            gaps.append(share - 1)
            errors.append(error)
    weights = 1 / (np.array(errors) ** 2 + MODEL_SPREAD**2)
    beyond = float(weights @ (np.array(gaps) ** 2 - np.array(errors) ** 2) / weights.sum())
    return found._replace(spread=float(np.sqrt(max(beyond, 0.15**2))))


def _fit_share(means: Sequence[Mean], found: Effects) -> tuple[float, float]:
    """Return the factor on the effects that fits means best, and its standard error."""
    _, value, weight = centre(means, {})
    predicted = centre([each._replace(value=found.of(each)) for each in means], {})[1]
    told = float(weight @ predicted**2) + 1e-9
    return float(weight @ (predicted * value)) / told, told**-0.5


def exclude(means: Sequence[Mean], models: Collection[str]) -> list[Mean]:
    """Return the means of all other models."""
    return [each for each in means if each.model not in models]


def build_table() -> dict[str, object]:
    """Return the content of the file."""
    quality, tokens = fit(load_quality_means()), fit(load_token_means(), TOKENS, by_kind=False)
    levels = {
        level: {
            "quality": dict(zip(KINDS, quality.value[i].round(3).tolist(), strict=True)),
            "log_tokens": round(float(tokens.value[i].mean()), 3),
        }
        for i, level in enumerate(LEVELS)
    }
    return {
        "levels": levels,
        "makers": {
            maker: {
                "quality": round(quality.shares.get(maker, 1.0), 2),
                "log_tokens": round(tokens.shares.get(maker, 1.0), 2),
            }
            for maker in sorted(quality.shares | tokens.shares)
        },
        "quality_spread": round(quality.spread, 3),
        "log_tokens_spread": round(tokens.spread, 3),
        "source": "benchmarks/effort_effects.py: models that LiveBench, mcpmark, thematic, NYT Connections, Aider "
        "and others ran at several efforts",
        "as_of": date.today().isoformat(),
    }


def main() -> None:
    """Print the table; with --write, also write it."""
    found = build_table()
    quality, tokens = load_quality_means(), load_token_means()
    print(f"Quality: {len(quality)} means of {len({m.model for m in quality})} models.")
    print(f"Tokens: {len(tokens)} means of {len({m.model for m in tokens})} models.")
    text = json.dumps(found, indent=1) + "\n"
    print(text)
    if "--write" in sys.argv:
        FILE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
