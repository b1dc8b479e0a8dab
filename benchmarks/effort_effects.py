"""What effort does to quality and tokens: python benchmarks/effort_effects.py [--write].

Means of one model on one benchmark at several efforts, from the sets and published scores of priors.py, so that what
the model and the benchmark are cancels out:

    logit(mean quality) = model and benchmark + effect(level, kind of work)        log tokens likewise, by query

Effects are shared by all models, and shrunk from each kind of work to what all kinds share. They never fall with the
level (isotonic regression). How far models differ in them is told as a share of the effect. `--write` writes the
table that the core reads, core/crossroute/model/efforts.json.
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
    facts,
    learned_from,
    level_of,
    observed_quality,
    published,
    spellings,
)
from sklearn.isotonic import IsotonicRegression

import crossroute.model
from crossroute.effort import LEVELS

FILE = Path(crossroute.model.__file__).with_name("efforts.json")
USUAL = LEVELS.index("medium")
NOISE = 0.05
"""Variance of a mean beyond what its number of questions leaves, in logits squared."""

KIND_SPREAD = 0.2
"""Standard deviation of a kind's step from one level to the next around what all kinds share."""


class Steps(NamedTuple):
    """What is expected of the step from one level to the next before anything is seen.

    Attributes:
        mean: In logits of quality, or in log tokens.
        spread: Its standard deviation.
        least: What each step is at least, so that no level passes another.
    """

    mean: float
    spread: float
    least: float


QUALITY, TOKENS = Steps(0.1, 0.35, 0.02), Steps(0.4, 0.3, 0.1)
TOKENS_NOISE = 0.04
"""The same of mean log tokens."""

MODEL_SPREAD, MAKER_SPREAD = 0.5, 0.5
"""Standard deviations of a model's share of the effects around its maker's, and of a maker's around 1."""

LEAST_SHARE = 0.2
ROUNDS = 4
"""Of effects given shares, then shares given effects."""


class Mean(NamedTuple):
    """One mean of a model at a level.

    Attributes:
        model: Its name.
        level: Index in LEVELS.
        column: The benchmark.
        kind: Index of the kind of work.
        value: Logit of the mean quality, or mean log tokens.
        variance: Of the value.
    """

    model: str
    level: int
    column: str
    kind: int
    value: float
    variance: float


class Effects(NamedTuple):
    """Effects of the levels beside medium.

    Attributes:
        value: Shape (levels, K).
        shares: Maker -> how large the effects are for its models; 1 for others.
        spread: Standard deviation of a model's share around its maker's.
    """

    value: Floats
    shares: dict[str, float]
    spread: float

    def of(self, mean: Mean) -> float:
        """Return the effect on one mean."""
        return float(self.value[mean.level, mean.kind]) * self.shares.get(facts()[mean.model].maker, 1.0)


def quality_means(seen: Iterable[Seen] | None = None) -> list[Mean]:
    """Return the means of quality of models that stand at two levels or more on one benchmark."""
    found = [
        Mean(each.key[0], level, each.column, each.kind, each.value, each.variance + NOISE)
        for each in (observed_quality() if seen is None else seen)
        if (level := level_of(*each.key)) is not None
    ]
    return comparable(found)


def token_means() -> list[Mean]:
    """Return the mean log output tokens of models at several levels: counted by query, or by USD a task."""
    found = []
    for name, kind in (("mcpmark", "agent"), ("zoonk", "language")):
        outcomes = learned_from(name)
        for position, spelling in enumerate(outcomes.pool.names):
            key = spellings().get((name, spelling))
            # the default's level is not certain enough here
            level = level_of(*key) if key and key[1] else None
            logs = np.log(np.clip(outcomes.output_tokens[:, position], 1, None))
            if key and level is not None and (seen := logs[~np.isnan(logs)]).size >= 20:
                value = float(seen.mean()), float(seen.var() / seen.size) + TOKENS_NOISE
                found.append(Mean(key[0], level, name, KINDS.index(kind), *value))
    for row in published():
        key = spellings().get(("aider", row["model"])) if row["source"].startswith("aider") else None
        level = level_of(*key) if key else None
        if key and level is not None and row["usd_per_task"] and float(row["usd_per_task"]) > 0:
            usd = float(np.log(float(row["usd_per_task"])))
            found.append(Mean(key[0], level, "aider", KINDS.index("code"), usd, 2 * TOKENS_NOISE))
    return comparable(found)


def comparable(means: Sequence[Mean]) -> list[Mean]:
    """Return the means of models that stand at two levels or more in one column."""
    levels: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for each in means:
        levels[each.model, each.column].add(each.level)
    return [each for each in means if len(levels[each.model, each.column]) > 1]


def fit(means: Sequence[Mean], steps: Steps = QUALITY, *, by_kind: bool = True) -> Effects:
    """Return the effects of the levels that explain some means best, each the sum of the steps up to it.

    Args:
        means: Of models at several levels each.
        steps: What is expected of the steps.
        by_kind: Whether kinds of work have effects of their own.
    """
    found = Effects(np.zeros((len(LEVELS), len(KINDS))), {}, MODEL_SPREAD)
    for _ in range(ROUNDS):
        value = _effects(means, steps, found.shares, by_kind)
        found = shares_of_makers(means, found._replace(value=value))
    return found


def _effects(means: Sequence[Mean], steps: Steps, shares: dict[str, float], by_kind: bool) -> Floats:
    design, value, weight = centred(means, shares)
    levels, kinds = len(LEVELS), len(KINDS)
    design = np.concatenate([_summed(design[:, :levels]), _summed(design[:, levels:], kinds)], axis=1)
    own = 1 / KIND_SPREAD**2 if by_kind else 1e9
    ridge = np.r_[np.full(levels, 1 / steps.spread**2), np.full(levels * kinds, own)]
    expected = np.r_[np.full(levels, steps.mean), np.zeros(levels * kinds)]
    gram = (design * weight[:, None]).T @ design + np.diag(ridge)
    found = np.linalg.solve(gram, (design * weight[:, None]).T @ value + ridge * expected)
    rise = found[:levels, None] + found[levels:].reshape(levels, kinds)
    effects = rising(np.cumsum(rise, axis=0), means, steps.least)
    return np.asarray(effects - effects[USUAL])


def _summed(design: Floats, width: int = 1) -> Floats:
    """Return columns of levels as columns of the steps up to them: a level counts in all steps that lead to it."""
    by_level = design.reshape(len(design), len(LEVELS), width)
    return np.cumsum(by_level[:, ::-1], axis=1)[:, ::-1].reshape(design.shape)


def rising(effects: Floats, means: Sequence[Mean], least: float) -> Floats:
    """Return the effects nearest to some that rise by at least so much from level to level, shape (levels, K)."""
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


def centred(means: Sequence[Mean], shares: Mapping[str, float]) -> tuple[Floats, Floats, Floats]:
    """Return design, values and weights with each model's mean on each benchmark taken out."""
    levels, kinds = len(LEVELS), len(KINDS)
    design = np.zeros((len(means), levels * (kinds + 1)))
    for i, each in enumerate(means):
        share = shares.get(facts()[each.model].maker, 1.0)
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


def shares_of_makers(means: Sequence[Mean], found: Effects) -> Effects:
    """Return the effects with each maker's share of them, and how far its models lie around that."""
    alone = found._replace(shares={})
    by_maker: defaultdict[str, list[Mean]] = defaultdict(list)
    for each in means:
        by_maker[facts()[each.model].maker].append(each)
    shares = {}
    for maker, own in by_maker.items():
        share, error = _share(own, alone)
        spread = MODEL_SPREAD**2 / len({each.model for each in own})
        trust = MAKER_SPREAD**2 / (MAKER_SPREAD**2 + spread + error**2)
        shares[maker] = max(1 + trust * (share - 1), LEAST_SHARE)
    found = found._replace(shares=shares)
    gaps, errors = [], []
    for model in sorted({each.model for each in means}):
        share, error = _share([each for each in means if each.model == model], found)
        if error < 1:
            gaps.append(share - 1)
            errors.append(error)
    weights = 1 / (np.array(errors) ** 2 + MODEL_SPREAD**2)
    beyond = float(weights @ (np.array(gaps) ** 2 - np.array(errors) ** 2) / weights.sum())
    return found._replace(spread=float(np.sqrt(max(beyond, 0.15**2))))


def _share(means: Sequence[Mean], found: Effects) -> tuple[float, float]:
    """Return by which factor effects have to be multiplied to fit some means, and its standard error."""
    _, value, weight = centred(means, {})
    foreseen = centred([each._replace(value=found.of(each)) for each in means], {})[1]
    told = float(weight @ foreseen**2) + 1e-9
    return float(weight @ (foreseen * value)) / told, told**-0.5


def left_out(means: Sequence[Mean], models: Collection[str]) -> list[Mean]:
    """Return the means of all other models."""
    return [each for each in means if each.model not in models]


def table() -> dict[str, object]:
    """Return what the file holds."""
    quality, tokens = fit(quality_means()), fit(token_means(), TOKENS, by_kind=False)
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
    """Print the table, and write it where that is asked for."""
    found = table()
    quality, tokens = quality_means(), token_means()
    print(f"Quality: {len(quality)} means of {len({m.model for m in quality})} models.")
    print(f"Tokens: {len(tokens)} means of {len({m.model for m in tokens})} models.")
    text = json.dumps(found, indent=1) + "\n"
    print(text)
    if "--write" in sys.argv:
        FILE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
