"""What efforts are foreseen to do, and what choosing among them saves: python benchmarks/effort.py.

Efforts left out: what an effort does to a model is foreseen from others, and compared with what was seen. Left out is
one model (its means at all other levels are foreseen from the one nearest to its usual level), or a whole source (its
models are foreseen by what efforts do elsewhere).

Effort as a choice: blind mixtures of candidates, chosen on half of the queries, are paid for on the other half. Each
model at its usual effort alone; each at all efforts that were measured; and all of them where the first half shows the
usual effort alone and the rest is foreseen by effects that were fitted without the set. Saved is the share of the cost
at which the first reaches a quality, over SPLITS halves.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from effort_effects import (
    QUALITY,
    TOKENS,
    USUAL,
    Effects,
    Mean,
    Steps,
    fit,
    quality_means,
    token_means,
)
from priors import KINDS, LIVEBENCH, Floats, Key, facts, learned_from, level_of, livebench, spellings
from scipy.stats import spearmanr

from crossroute.metrics import cost_at_quality, non_decreasing_convex_hull
from crossroute.numeric import logit, sigmoid

SPLITS, SEED = 300, 5
REACHED = (0.25, 0.5, 0.75)
"""Compared at these shares of the way from the quality of the cheapest to that of the best usual effort."""

LEAST_QUERIES = 15


class Variants(NamedTuple):
    """A set's models at their efforts, on queries that all of them answered.

    Attributes:
        keys: Model and effort, of m variants.
        usual: For each variant, the position of its model at the usual effort, shape (m,).
        quality: Shape (n, m).
        cost: USD, shape (n, m).
        kinds: Index of each query's kind of work, shape (n,).
    """

    keys: list[Key]
    usual: npt.NDArray[np.intp]
    quality: Floats
    cost: Floats
    kinds: Floats


def source(column: str) -> str:
    """Return the source of a column's figures."""
    return re.split("[/:]", column)[0]


def differences(means: Iterable[Mean], fitted: Effects) -> Iterator[tuple[float, float, float]]:
    """Yield the foreseen and observed difference to the level nearest the usual one, and its standard error."""
    groups: defaultdict[tuple[str, str], list[Mean]] = defaultdict(list)
    for each in means:
        groups[each.model, each.column].append(each)
    for own in groups.values():
        start = min(own, key=lambda each: (abs(each.level - USUAL), each.level))
        for each in own:
            if each.level != start.level:
                foreseen = fitted.of(each) - fitted.of(start)
                error = np.sqrt(each.variance + start.variance + (fitted.spread * foreseen) ** 2)
                yield foreseen, each.value - start.value, float(error)


def left_out(means: Sequence[Mean], groups: Sequence[str], steps: Steps, *, by_kind: bool) -> Floats:
    """Return the differences of each group, foreseen from the others, shape (r, 3)."""
    found: list[tuple[float, float, float]] = []
    for group in sorted(set(groups)):
        others = [mean for mean, of in zip(means, groups, strict=True) if of != group]
        own = [mean for mean, of in zip(means, groups, strict=True) if of == group]
        if others:
            found += differences(own, fit(others, steps, by_kind=by_kind))
    return np.array(found)


def print_left_out() -> None:
    """Print how well efforts are foreseen that were left out."""
    print(
        "| left out | of | groups | differences | rank correlation | 90 % intervals cover | clear ones in order |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, means, steps in (("quality", quality_means(), QUALITY), ("log tokens", token_means(), TOKENS)):
        by_group = {
            "each model": [each.model for each in means],
            "each source": [source(each.column) for each in means],
        }
        for told, groups in by_group.items():
            foreseen, observed, error = left_out(means, groups, steps, by_kind=steps is QUALITY).T
            clear = np.abs(observed) > 2 * error
            in_order = (np.sign(foreseen) == np.sign(observed))[clear]
            print(
                f"| {told} | {name} | {len(set(groups))} | {len(foreseen)} | {spearmanr(foreseen, observed)[0]:.2f} "
                f"| {(np.abs(foreseen - observed) < 1.645 * error).mean():.0%} | {in_order.sum()} of {clear.sum()} |",
                flush=True,
            )


def recorded(name: str, kind: str) -> Variants:
    """Return the models of a set that were asked at several efforts."""
    outcomes = learned_from(name)
    keys = [spellings().get((name, spelling)) for spelling in outcomes.pool.names]
    return whole(keys, outcomes.quality, outcomes.cost, [kind] * len(outcomes))


def on_livebench() -> Variants:
    """Return the same of LiveBench, a task for a query; it tells no cost, so USD are price times foreseen tokens."""
    seen, tasks = livebench(), list(LIVEBENCH)
    keys = sorted({each.key for each in seen})
    quality = np.full((len(tasks), len(keys)), np.nan)
    for each in seen:
        quality[tasks.index(each.column.split("/")[1]), keys.index(each.key)] = sigmoid(np.array(each.value))
    tokens = fit(token_means(), TOKENS, by_kind=False)
    usd = [np.exp(facts()[key[0]].price + effect(tokens, key, KINDS.index("agent"))) for key in keys]
    return whole(list(keys), quality, np.broadcast_to(usd, quality.shape), list(LIVEBENCH.values()))


def whole(keys: Sequence[Key | None], quality: Floats, cost: Floats, kinds: Sequence[str]) -> Variants:
    """Return the variants of models at several levels, on the queries that all of them answered."""
    levels: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for column, key in enumerate(keys):
        level = level_of(*key) if key else None
        if (
            key
            and level is not None
            and np.isfinite(quality[:, column] * cost[:, column]).sum() >= LEAST_QUERIES
        ):
            levels[key[0]][level] = column
    several = [found for found in levels.values() if len(found) > 1]
    columns = [column for found in several for column in found.values()]
    usual = [found[min(found, key=lambda at: (abs(at - USUAL), at))] for found in several for _ in found]
    rows = np.isfinite(quality[:, columns] * cost[:, columns]).all(axis=1)
    return Variants(
        [key for column in columns if (key := keys[column])],
        np.array([columns.index(column) for column in usual]),
        quality[rows][:, columns],
        cost[rows][:, columns],
        np.array([KINDS.index(kind) for kind in kinds])[rows],
    )


def of_maker(variants: Variants, maker: str) -> Variants:
    """Return the variants of one maker's models."""
    own = [place for place, (model, _) in enumerate(variants.keys) if facts()[model].maker == maker]
    return variants._replace(
        keys=[variants.keys[place] for place in own],
        usual=np.searchsorted(own, variants.usual[own]),
        quality=variants.quality[:, own],
        cost=variants.cost[:, own],
    )


def effect(fitted: Effects, key: Key, kind: int) -> float:
    """Return the effect of a variant's effort at a kind of work."""
    level = level_of(*key)
    return 0.0 if level is None else fitted.of(Mean(key[0], level, "", kind, 0.0, 1.0))


def foreseen(
    variants: Variants, rows: npt.NDArray[np.bool_], fits: tuple[Effects, Effects]
) -> tuple[Floats, Floats]:
    """Return quality and USD of all variants by those of the usual efforts on some queries, shape (m,) each."""
    quality, tokens = fits
    of_kinds = np.bincount(variants.kinds[rows], minlength=len(KINDS)) / rows.sum()
    own = (
        np.array([[effect(quality, key, kind) for kind in range(len(KINDS))] for key in variants.keys])
        @ of_kinds
    )
    long = np.array([effect(tokens, key, int(variants.kinds[0])) for key in variants.keys])
    at = variants.usual
    mean, usd = variants.quality[rows].mean(0)[at], variants.cost[rows].mean(0)[at]
    return sigmoid(logit(mean, 1e-4) + own - own[at]), usd * np.exp(long - long[at])


def curve(known: tuple[Floats, Floats], tested: tuple[Floats, Floats], among: npt.NDArray[np.intp]) -> Floats:
    """Return the mixtures that are chosen by what is known, as points of USD and quality where tested, (k, 2)."""
    points = np.stack([known[1][among], known[0][among]], axis=1)
    corners = non_decreasing_convex_hull(points)
    taken = [among[np.flatnonzero((points == corner).all(axis=1))[0]] for corner in corners]
    return np.stack([tested[1][taken], tested[0][taken]], axis=1)


def usd_for(points: Floats, quality: float) -> float:
    """Return the least USD at which a curve reaches a quality; its dearest point's where it never does."""
    return float(np.nan_to_num(cost_at_quality(points, quality), nan=points[:, 0].max()))


def savings(variants: Variants, fits: tuple[Effects, Effects]) -> Iterator[tuple[Floats, Floats]]:
    """Yield, half by half, what measured and foreseen efforts save at each quality, in shares of the cost."""
    random = np.random.default_rng(SEED)
    usual, every = np.unique(variants.usual), np.arange(len(variants.keys))
    for _ in range(SPLITS):
        half = random.permutation(len(variants.quality)) < len(variants.quality) // 2
        known = variants.quality[half].mean(0), variants.cost[half].mean(0)
        tested = variants.quality[~half].mean(0), variants.cost[~half].mean(0)
        before = curve(known, tested, usual)
        measured, told = curve(known, tested, every), curve(foreseen(variants, half, fits), tested, every)
        low, high = before[0, 1], before[:, 1].max()
        targets = [low + share * (high - low) for share in REACHED]
        paid = np.array(
            [[usd_for(points, target) for target in targets] for points in (before, measured, told)]
        )
        yield 1 - paid[1] / paid[0], 1 - paid[2] / paid[0]


def print_savings() -> None:
    """Print what effort as a choice saves."""
    told = " | ".join(f"{share:.0%}" for share in REACHED)
    print(f"| set | models | variants | queries | efforts | {told} |\n|{'---|' * (5 + len(REACHED))}")
    sets = {
        "mcpmark": recorded("mcpmark", "agent"),
        "zoonk": recorded("zoonk", "language"),
        "livebench": on_livebench(),
    }
    for name, variants in sets.items():
        quality = [each for each in quality_means() if source(each.column) != name]
        tokens = [each for each in token_means() if source(each.column) != name]
        fits = fit(quality), fit(tokens, TOKENS, by_kind=False)
        makers = Counter(facts()[variants.keys[place][0]].maker for place in set(variants.usual))
        parts = {"all": variants} | {m: of_maker(variants, m) for m, models in makers.items() if models > 1}
        for of, part in parts.items():
            found = np.array(list(savings(part, fits)))
            for row, way in enumerate(("measured", "predicted")):
                low, middle, high = np.quantile(found[:, row], (0.05, 0.5, 0.95), axis=0)
                cells = " | ".join(
                    f"{m:.0%} ({a:.0%} to {b:.0%})" for a, m, b in zip(low, middle, high, strict=True)
                )
                size = f"{of}, {len(set(part.usual))} | {len(part.keys)} | {len(part.quality)}"
                print(f"| {name} | {size} | {way} | {cells} |", flush=True)


def main() -> None:
    """Print both tables."""
    print_left_out()
    print()
    print_savings()


if __name__ == "__main__":
    main()
