"""Evaluate predictions of reasoning efforts, and the saving by choosing among them: python benchmarks/effort.py.

Left-out efforts: the effect of an effort on a model is predicted from other data and compared with the observed effect.
Either a model is left out (its means at other levels are predicted from the level nearest to its default), or a whole
source (the effects for its models are fitted to the other sources).

Effort as a choice: blind mixtures of candidates are chosen on half of the queries, and evaluated on the other half. The
candidates are each model at its default effort; each at all measured efforts; and all efforts with only the default
measured on the first half, the others predicted by effects fitted without the set. The saving is relative to the cost
at which the default efforts reach the same quality, over SPLITS random halves.
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
    load_quality_means,
    load_token_means,
)
from priors import (
    KINDS,
    LIVEBENCH,
    Floats,
    Key,
    find_level,
    load_learned,
    read_facts,
    read_livebench,
    read_spellings,
)
from scipy.stats import spearmanr

from crossroute.metrics import cost_at_quality, non_decreasing_convex_hull
from crossroute.numeric import logit, sigmoid

SPLITS, SEED = 300, 5
REACHED = (0.25, 0.5, 0.75)
"""Qualities of the comparison: fractions of the range from the cheapest to the best candidate at its default effort."""

LEAST_QUERIES = 15


class Variants(NamedTuple):
    """A set's models at several efforts, on queries with outcomes of all of them.

    Attributes:
        keys: Model and effort of the m variants.
        usual: For each variant, the index of its model at the default effort, shape (m,).
        quality: Observed quality, shape (n, m).
        cost: Cost of a call, USD, shape (n, m).
        kinds: Index of each query's kind of work, shape (n,).
    """

    keys: list[Key]
    usual: npt.NDArray[np.intp]
    quality: Floats
    cost: Floats
    kinds: Floats


def find_source(column: str) -> str:
    """Return the source of a column."""
    return re.split("[/:]", column)[0]


def list_differences(means: Iterable[Mean], fitted: Effects) -> Iterator[tuple[float, float, float]]:
    """Yield the predicted and observed difference to the level nearest to the default, and its standard error."""
    groups: defaultdict[tuple[str, str], list[Mean]] = defaultdict(list)
    for each in means:
        groups[each.model, each.column].append(each)
    for own in groups.values():
        start = min(own, key=lambda each: (abs(each.level - USUAL), each.level))
        for each in own:
            if each.level != start.level:
                predicted = fitted.of(each) - fitted.of(start)
                error = np.sqrt(each.variance + start.variance + (fitted.spread * predicted) ** 2)
                yield predicted, each.value - start.value, float(error)


def predict_left_out(means: Sequence[Mean], groups: Sequence[str], steps: Steps, *, by_kind: bool) -> Floats:
    """Return the differences of each group, predicted from the other groups, shape (r, 3)."""
    found: list[tuple[float, float, float]] = []
    for group in sorted(set(groups)):
        others = [mean for mean, of in zip(means, groups, strict=True) if of != group]
        own = [mean for mean, of in zip(means, groups, strict=True) if of == group]
        if others:
            found += list_differences(own, fit(others, steps, by_kind=by_kind))
    return np.array(found)


def print_left_out() -> None:
    """Print how well left-out efforts are predicted."""
    print(
        "| left out | of | groups | differences | rank correlation | 90 % intervals cover | clear ones in order |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, means, steps in (
        ("quality", load_quality_means(), QUALITY),
        ("log tokens", load_token_means(), TOKENS),
    ):
        by_group = {
            "each model": [each.model for each in means],
            "each source": [find_source(each.column) for each in means],
        }
        for told, groups in by_group.items():
            predicted, observed, error = predict_left_out(means, groups, steps, by_kind=steps is QUALITY).T
            clear = np.abs(observed) > 2 * error
            in_order = (np.sign(predicted) == np.sign(observed))[clear]
            print(
                f"| {told} | {name} | {len(set(groups))} | {len(predicted)} | {spearmanr(predicted, observed)[0]:.2f} "
                f"| {(np.abs(predicted - observed) < 1.645 * error).mean():.0%} | {in_order.sum()} of {clear.sum()} |",
                flush=True,
            )


def load_recorded(name: str, kind: str) -> Variants:
    """Return the models of a set with outcomes at several efforts."""
    outcomes = load_learned(name)
    keys = [read_spellings().get((name, spelling)) for spelling in outcomes.pool.names]
    return select_complete(keys, outcomes.quality, outcomes.cost, [kind] * len(outcomes))


def load_livebench() -> Variants:
    """Return the same for LiveBench, with a task as a query; costs are computed from prices and predicted tokens."""
    seen, tasks = read_livebench(), list(LIVEBENCH)
    keys = sorted({each.key for each in seen})
    quality = np.full((len(tasks), len(keys)), np.nan)
    for each in seen:
        quality[tasks.index(each.column.split("/")[1]), keys.index(each.key)] = sigmoid(np.array(each.value))
    tokens = fit(load_token_means(), TOKENS, by_kind=False)
    usd = [
        np.exp(read_facts()[key[0]].price + find_effect(tokens, key, KINDS.index("agent"))) for key in keys
    ]
    return select_complete(list(keys), quality, np.broadcast_to(usd, quality.shape), list(LIVEBENCH.values()))


def select_complete(
    keys: Sequence[Key | None], quality: Floats, cost: Floats, kinds: Sequence[str]
) -> Variants:
    """Return the variants of models with several levels, on the queries with outcomes of all of them."""
    levels: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for column, key in enumerate(keys):
        level = find_level(*key) if key else None
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


def select_maker(variants: Variants, maker: str) -> Variants:
    """Return the variants of one maker's models."""
    own = [place for place, (model, _) in enumerate(variants.keys) if read_facts()[model].maker == maker]
    return variants._replace(
        keys=[variants.keys[place] for place in own],
        usual=np.searchsorted(own, variants.usual[own]),
        quality=variants.quality[:, own],
        cost=variants.cost[:, own],
    )


def find_effect(fitted: Effects, key: Key, kind: int) -> float:
    """Return the effect of a variant's effort on a kind of work."""
    level = find_level(*key)
    return 0.0 if level is None else fitted.of(Mean(key[0], level, "", kind, 0.0, 1.0))


def predict_variants(
    variants: Variants, rows: npt.NDArray[np.bool_], fits: tuple[Effects, Effects]
) -> tuple[Floats, Floats]:
    """Predict quality and USD of all variants from the default efforts on some queries, shape (m,) each."""
    quality, tokens = fits
    of_kinds = np.bincount(variants.kinds[rows], minlength=len(KINDS)) / rows.sum()
    own = (
        np.array([[find_effect(quality, key, kind) for kind in range(len(KINDS))] for key in variants.keys])
        @ of_kinds
    )
    long = np.array([find_effect(tokens, key, int(variants.kinds[0])) for key in variants.keys])
    at = variants.usual
    mean, usd = variants.quality[rows].mean(0)[at], variants.cost[rows].mean(0)[at]
    return sigmoid(logit(mean, 1e-4) + own - own[at]), usd * np.exp(long - long[at])


def draw_curve(
    known: tuple[Floats, Floats], tested: tuple[Floats, Floats], among: npt.NDArray[np.intp]
) -> Floats:
    """Return the test USD and quality of the mixtures chosen by the known figures, shape (k, 2)."""
    points = np.stack([known[1][among], known[0][among]], axis=1)
    corners = non_decreasing_convex_hull(points)
    taken = [among[np.flatnonzero((points == corner).all(axis=1))[0]] for corner in corners]
    return np.stack([tested[1][taken], tested[0][taken]], axis=1)


def find_cost(points: Floats, quality: float) -> float:
    """Return the lowest cost at which a curve reaches a quality, or that of its last point if it does not reach it."""
    return float(np.nan_to_num(cost_at_quality(points, quality), nan=points[:, 0].max()))


def compute_savings(variants: Variants, fits: tuple[Effects, Effects]) -> Iterator[tuple[Floats, Floats]]:
    """Yield the savings by measured and by predicted efforts at each quality, as shares of the cost, per split."""
    random = np.random.default_rng(SEED)
    usual, every = np.unique(variants.usual), np.arange(len(variants.keys))
    for _ in range(SPLITS):
        half = random.permutation(len(variants.quality)) < len(variants.quality) // 2
        known = variants.quality[half].mean(0), variants.cost[half].mean(0)
        tested = variants.quality[~half].mean(0), variants.cost[~half].mean(0)
        before = draw_curve(known, tested, usual)
        measured, told = (
            draw_curve(known, tested, every),
            draw_curve(predict_variants(variants, half, fits), tested, every),
        )
        low, high = before[0, 1], before[:, 1].max()
        targets = [low + share * (high - low) for share in REACHED]
        paid = np.array(
            [[find_cost(points, target) for target in targets] for points in (before, measured, told)]
        )
        yield 1 - paid[1] / paid[0], 1 - paid[2] / paid[0]


def print_savings() -> None:
    """Print the savings by choosing the effort."""
    told = " | ".join(f"{share:.0%}" for share in REACHED)
    print(f"| set | models | variants | queries | efforts | {told} |\n|{'---|' * (5 + len(REACHED))}")
    sets = {
        "mcpmark": load_recorded("mcpmark", "agent"),
        "zoonk": load_recorded("zoonk", "language"),
        "livebench": load_livebench(),
    }
    for name, variants in sets.items():
        quality = [each for each in load_quality_means() if find_source(each.column) != name]
        tokens = [each for each in load_token_means() if find_source(each.column) != name]
        fits = fit(quality), fit(tokens, TOKENS, by_kind=False)
        makers = Counter(read_facts()[variants.keys[place][0]].maker for place in set(variants.usual))
        parts = {"all": variants} | {
            m: select_maker(variants, m) for m, models in makers.items() if models > 1
        }
        for of, part in parts.items():
            found = np.array(list(compute_savings(part, fits)))
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
