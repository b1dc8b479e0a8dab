"""Fit priors of a model's ability by kind of work, without its outcomes: python benchmarks/priors.py [--folds ...].

A hierarchical factor model. Each model at an effort has an ability per kind of work. The ability is the sum of a
regression on facts of the model (date, size step, reasoning and effort, price, weights, maker, family), a random effect
of the model, and one of the model at that effort. Observations are means: of outcomes by set and task, and published
scores by benchmark. Each benchmark has its own difficulty, slope and noise, and a random effect per model that is
common to its source. The same structure for log tokens gives verbosity. All parameters are fitted by expectation
maximization.

The tables: each set, family or maker's last generation left out whole, what is predicted of it against what was seen.

Source: Bishop, "Pattern Recognition and Machine Learning", 9.3 and 12.2; item response with covariates, De Boeck and
Wilson, "Explanatory Item Response Models" (2004).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
import typer
from scipy.stats import spearmanr
from sets import DATA

from crossroute import Outcomes, read_outcomes
from crossroute.candidate import Belief
from crossroute.effort import LEVELS, SAID_AS, Effort
from crossroute.model.effects import find_effects

Floats = npt.NDArray[np.floating]
Key = tuple[str, str]
"""A model and an effort; "" is its default."""

HERE = Path(__file__).parent
KINDS = ("agent", "code", "math", "reasoning", "knowledge", "language", "tools", "instructions")
"""Kinds of work; following instructions is separate from language, since it differs from writing well."""
SETS = (
    *("routerbench-5shot", "routerbench-0shot", "gpt4o-llama-qwen", "zeroeval", "mmlu-pro", "bfcl"),
    *("frontier-2025", "openhands", "paretobandit", "mcpmark", "zoonk", "thematic", "misguided"),
)
THINKING = {"none": -1.0, "minimal": -0.6, "low": -0.3, "": 0.0, "medium": 0.0, "thinking": 0.3} | {
    "high": 0.4,
    "xhigh": 0.6,
    "max": 0.7,
}
"""Effort -> step on the scale on which its effect is linear."""

THINKS = frozenset({"low", "medium", "high", "xhigh", "max", "thinking"})
RUN_HARD = ("openhands", "openhands-index")
"""Sources whose models ran with reasoning if they support it, although their names do not state it."""

RUNS_AT = "high"
"""The effort of most observed agent runs. There are few runs at other efforts, so the ability of a model as an agent at
its default effort is the ability at this effort minus the effect of this effort."""

BROKEN = {("frontier-2025", "mimo-7b-rl-0530"), ("bfcl", "hermes-2-theta-llama-3-70b")}
"""Invalid runs: see catalogue_facts.LEFT_OUT."""

LIVEBENCH = (
    dict.fromkeys(("javascript", "typescript", "python"), "agent")
    | dict.fromkeys(("code_completion", "code_generation"), "code")
    | dict.fromkeys(("AMPS_Hard", "integrals_with_game", "math_comp", "olympiad"), "math")
    | dict.fromkeys(("connections", "consecutive_events", "logic_with_navigation", "spatial"), "reasoning")
    | dict.fromkeys(("theory_of_mind", "zebra_puzzle"), "reasoning")
    | dict.fromkeys(("paraphrase", "simplify", "story_generation", "summarize"), "instructions")
    | dict.fromkeys(("plot_unscrambling", "typos"), "language")
    | dict.fromkeys(("tablejoin", "tablereformat"), "tools")
)
ARENA = {
    **dict.fromkeys(("full", "creative_writing", "if", "multiturn"), "language"),
    **dict.fromkeys(
        ("expert", "industry_medicine_and_healthcare", "industry_legal_and_government"), "knowledge"
    ),
    "coding": "code",
    "math": "math",
    "hard_6": "reasoning",
}
PUBLISHED = {  # prefix of the source -> group in spellings.csv, kind, number of questions of a score
    "openhands-index": ("openhands-index", "agent", 100),
    "lechmazur/nyt": ("nyt-connections", "reasoning", 300),
    "lechmazur/gen": ("thematic-index", "reasoning", 400),
    "lechmazur/syc": ("sycophancy", "language", 100),
    "vectara": ("vectara", "language", 300),
    "aider": ("aider", "code", 225),
    "khromov": ("svelte-bench", "code", 40),
}
SAME_QUERIES = {
    "openhands": ("openhands-index/swe-bench", "openhands-index/swt-bench"),
    "thematic": ("lechmazur/gen",),
}
"""Set -> published scores on its own queries, which are left out with it."""

ELO_MIDDLE, ELO_LOGIT = 1290.0, 400 / np.log(10)


class Facts(NamedTuple):
    """Facts of a model, from model_facts.csv."""

    maker: str
    family: str
    generation: str
    tier: float
    reasoning: str
    thinks_by_default: bool
    years: float
    size: float
    is_open: bool
    price: float


class Seen(NamedTuple):
    """An observed mean.

    Attributes:
        key: The model and its effort.
        column: The benchmark.
        kind: Index of the kind of work.
        source: Publisher of the mean.
        value: Logit of the mean quality, or mean log tokens.
        variance: Sampling variance of the value, by the number of questions.
    """

    key: Key
    column: str
    kind: int
    source: str
    value: float
    variance: float


@cache
def read_facts() -> dict[str, Facts]:
    """Return the facts of each model."""
    with (HERE / "model_facts.csv").open() as file:
        return {
            row["name"]: Facts(
                row["maker"],
                row["family"],
                row["generation"],
                float(row["tier"]),
                row["reasoning"],
                row["default"] == "yes",
                (date.fromisoformat(f"{row['released']}-01") - date(2024, 6, 1)).days / 365.25,
                np.log(float(row["total_b"])) if row["total_b"] else np.nan,
                row["open"] == "yes",
                np.log(float(row["price_out"]) + 0.03) if row["price_out"] else np.nan,
            )
            for row in csv.DictReader(file)
        }


@cache
def read_spellings() -> dict[tuple[str, str], Key]:
    """Return (source, spelling) -> model and effort."""
    found = {}
    with (HERE / "spellings.csv").open() as file:
        for row in csv.DictReader(file):
            if not row["model"] or (row["source"], row["model"]) in BROKEN:
                continue
            effort = row["effort"]
            if row["source"] in RUN_HARD and not effort:
                effort = find_effort_of_runs(row["model"])
            found[row["source"], row["spelling"]] = (row["model"], effort)
    return found


def find_kind(data_set: str, task: str) -> str:
    """Return the kind of work of a task of a set."""
    whole = {"openhands": "agent", "mcpmark": "agent", "bfcl": "tools", "zoonk": "language"}
    whole |= {"thematic": "reasoning", "misguided": "reasoning"}
    if data_set in whole:
        return whole[data_set]
    words = {
        "code": ("mbpp", "crux", "code", "humaneval"),
        "math": (
            "gsm",
            "grade-school",
            "math",
            "aime",
            "algebra",
            "statistic",
            "arithmetic",
            "number",
            "count",
        ),
        "reasoning": (
            "hellaswag",
            "winogrande",
            "logic",
            "bbh",
            "track",
            "formal",
            "dyck",
            "date",
            "temporal",
        ),
    }
    if data_set == "mmlu-pro" and task in ("engineering", "physics", "chemistry"):
        return "math"
    return next(
        (kind for kind, parts in words.items() if any(part in task.lower() for part in parts)), "knowledge"
    )


def find_group(data_set: str, task: str) -> str:
    """Return the column of a task's mean."""
    if data_set.startswith("routerbench") and task.startswith("mmlu"):
        task = "mmlu"
    task = {"bfcl": task.split("_")[0], "paretobandit": task.split("/")[0], "zoonk": "zoonk"}.get(
        data_set, task
    )
    return f"{data_set}/{task}"


def logit(share: float, count: float) -> tuple[float, float]:
    """Return the log-odds of a share of `count` questions, bounded away from 0 and 1, and their variance."""
    held = (share * count + 0.5) / (count + 1)
    return float(np.log(held / (1 - held))), float(1 / (count * held * (1 - held)))


def read_recorded(without: Collection[str] = ()) -> Iterator[tuple[str, Key, str, str, Floats, Floats]]:
    """Yield set, model, column, kind, qualities and log tokens of outcomes on training and validation queries."""
    for name in SETS:
        if name in without:
            continue
        outcomes = load_learned(name)
        tokens = np.log(np.clip(outcomes.output_tokens, 1, None))
        columns = np.array([f"{find_group(name, task)}|{find_kind(name, task)}" for task in outcomes.tasks])
        for column in np.unique(columns):
            rows = columns == column
            title, kind = column.rsplit("|", 1)
            for position, spelling in enumerate(outcomes.pool.names):
                if key := read_spellings().get((name, spelling)):
                    yield name, key, title, kind, outcomes.quality[rows, position], tokens[rows, position]


@cache
def load_learned(name: str) -> Outcomes:
    """Return the training and validation outcomes of a set, under its own names, with billed tokens."""
    from universal_sets import set_prices

    outcomes = read_outcomes(DATA / name)
    return set_prices(name, outcomes.take(np.array(outcomes.splits) != "test"))


def load_quality(without: Collection[str] = ()) -> list[Seen]:
    """Return the means of quality, except those of left-out sets."""
    found = []
    for name, key, column, kind, quality, _ in read_recorded(without):
        known = quality[~np.isnan(quality)]
        if len(known) >= (20 if name == "zoonk" else 5):
            found.append(
                Seen(key, f"{column}/{kind}", KINDS.index(kind), name, *logit(known.mean(), len(known)))
            )
    found += read_livebench() if "livebench" not in without else []
    left_out = [prefix for name in without for prefix in SAME_QUERIES.get(name, ())]
    for row in read_published():
        source, score = row["source"], float(row["score"])
        if any(source.startswith(prefix) for prefix in left_out):
            continue
        if source.startswith("lmarena"):
            asked = ARENA.get(source.split(": ")[1])
            spelled = read_spellings().get(("lmarena", row["model"]))
            if asked and spelled:
                value = (score - ELO_MIDDLE) / ELO_LOGIT
                found.append(Seen(spelled, source, KINDS.index(asked), "lmarena", value, 0.02))
            continue
        group, of, count = next(told for prefix, told in PUBLISHED.items() if source.startswith(prefix))
        if spelled := read_spellings().get((group, row["model"])):
            found.append(Seen(spelled, source, KINDS.index(of), group, *logit(min(max(score, 0), 1), count)))
    return found


def read_livebench() -> list[Seen]:
    """Return LiveBench's means by task."""
    found = []
    with (DATA / "livebench-2026" / "table.csv").open() as file:
        for row in csv.DictReader(file):
            key = read_spellings().get(("livebench", row["model"]))
            for task, kind in LIVEBENCH.items():
                if key and row[task]:
                    value = logit(min(float(row[task]) / 100, 1), 25 if kind == "agent" else 40)
                    found.append(Seen(key, f"livebench/{task}", KINDS.index(kind), "livebench", *value))
    return found


def read_published() -> list[dict[str, str]]:
    """Return the rows of published scores."""
    with (DATA / "scores-2026" / "scores.csv").open() as file:
        return list(csv.DictReader(file))


def load_tokens(without: Collection[str] = ()) -> list[Seen]:
    """Return the means of log tokens, except those of left-out sets; USD per task are converted to tokens."""
    found = []
    for name, key, column, kind, _, tokens in read_recorded(without):
        known = tokens[~np.isnan(tokens)]
        if len(known) >= 5:
            value = (float(np.median(known)), 0.05 + float(known.var()) / len(known))
            found.append(Seen(key, f"{column}/{kind}", KINDS.index(kind), name, *value))
    left_out = [prefix for name in without for prefix in SAME_QUERIES.get(name, ())]
    for row in read_published():
        source = row["source"]
        group = next((g for g in ("openhands-index", "aider") if source.startswith(g)), None)
        if group is None or not row["usd_per_task"] or any(source.startswith(each) for each in left_out):
            continue
        spelled, usd = read_spellings().get((group, row["model"])), float(row["usd_per_task"])
        if spelled and usd > 0 and not np.isnan(price := read_facts()[spelled[0]].price):
            of = KINDS.index("agent" if group == "openhands-index" else "code")
            found.append(Seen(spelled, f"usd/{source}", of, group, float(np.log(usd * 1e6) - price), 0.1))
    return found


STATED = 14
"""Number of features before the makers and families."""


def compute_features(keys: Sequence[Key]) -> Floats:
    """Return the features of each model at an effort, shape (r, p)."""
    known = read_facts()
    makers = sorted({each.maker for each in known.values()})
    counts: defaultdict[str, int] = defaultdict(int)
    for each in known.values():
        counts[each.family] += 1
    families = sorted(family for family, count in counts.items() if count >= 3)
    middle = float(np.nanmean([each.price for each in known.values()]))
    rows = []
    for model, effort in keys:
        f = known[model]
        can = f.reasoning != "never"
        thinks = f.reasoning == "always" or (
            can and (effort in THINKS or (not effort and f.thinks_by_default))
        )
        sized, unpriced = f.is_open and not np.isnan(f.size), np.isnan(f.price)
        stated: list[float] = [
            1,
            f.years,
            min(f.years, 0),
            max(f.years - 1.2, 0),
            f.tier,
            thinks,
            THINKING[effort] * thinks,
        ]
        stated += [thinks * f.years, 0 if unpriced else f.price - middle, unpriced, f.is_open]
        stated += [f.size - 4 if sized else 0, sized, f.tier <= -2]
        rows.append(stated + [f.maker == m for m in makers] + [f.family == m for m in families])
    return np.array(rows, dtype=float)


class FactorModel:
    """Abilities by kind of every model, fitted to observed means.

    Args:
        seen: The observations.
        rounds: Number of rounds of expectation maximization.
    """

    def __init__(self, seen: Sequence[Seen], rounds: int = 12) -> None:
        self.keys = sorted({each.key for each in seen})
        self.columns = sorted({each.column for each in seen})
        row = {key: i for i, key in enumerate(self.keys)}
        self.row = np.array([row[each.key] for each in seen])
        self.column = np.array([self.columns.index(each.column) for each in seen])
        self.kind = np.array([each.kind for each in seen])
        self.source = np.unique([each.source for each in seen], return_inverse=True)[1]
        self.value = np.array([each.value for each in seen])
        self.variance = np.array([each.variance for each in seen])
        models = sorted({model for model, _ in self.keys})
        self.model = np.array([models.index(model) for model, _ in self.keys])
        self.known = compute_features(self.keys)
        self.weights = np.zeros((self.known.shape[1], len(KINDS)))
        eye, ones = np.eye(len(KINDS)), np.ones((len(KINDS), len(KINDS)))
        self.own, self.at_effort, self.style = 0.15 * ones + 0.125 * eye, 0.035 * ones + 0.015 * eye, 0.05
        self.slope, self.noise = np.ones(len(self.columns)), np.full(len(self.columns), 0.15)
        self.offset = np.array([self.value[self.column == c].mean() for c in range(len(self.columns))])
        for _ in range(rounds):
            self._round()

    def predict(self, keys: Sequence[Key]) -> tuple[Floats, Floats]:
        """Return mean and variance of the abilities of models at efforts, each of shape (r, K)."""
        mean = compute_features(keys) @ self.weights
        prior = self.own + self.at_effort
        variance = np.tile(np.diag(prior) * 1.15, (len(keys), 1))  # for the error of the weights
        of_model = defaultdict(list)
        for i, (model, _) in enumerate(self.keys):
            of_model[model].append(i)
        for i, (model, effort) in enumerate(keys):
            at = np.flatnonzero(np.isin(self.row, of_model.get(model, [])))
            if len(at):
                same = np.array([self.keys[row][1] == effort for row in self.row[at]])
                kinds, slope = self.kind[at], self.slope[self.column[at]]
                to = (self.own[:, kinds] + self.at_effort[:, kinds] * same) * slope  # (K, observations)
                gain = to @ np.linalg.inv(self._covariance(at))
                mean[i] += gain @ self._surprise(at)
                variance[i] = np.diag(prior - gain @ to.T)
        return mean, variance

    def _surprise(self, at: npt.NDArray[np.intp]) -> Floats:
        expected = np.einsum("ij,ji->i", self.known[self.row[at]], self.weights[:, self.kind[at]])
        column = self.column[at]
        return np.asarray(self.value[at] - self.offset[column] - self.slope[column] * expected)

    def _covariance(self, at: npt.NDArray[np.intp]) -> Floats:
        """Return the covariance of one model's observations, shape (observations, observations)."""
        kinds, rows, sources, column = self.kind[at], self.row[at], self.source[at], self.column[at]
        same = rows[:, None] == rows
        own = self.own[np.ix_(kinds, kinds)] + self.at_effort[np.ix_(kinds, kinds)] * same
        noise = np.diag(self.variance[at] + self.noise[column])
        slopes = np.outer(self.slope[column], self.slope[column])
        return np.asarray(own * slopes + noise + self.style * (sources[:, None] == sources))

    def _round(self) -> None:
        """Run one round: abilities given the parameters, then covariances, columns and weights given the abilities."""
        k = len(KINDS)
        ability = self.known @ self.weights
        spread = np.tile(np.diag(self.own + self.at_effort), (len(self.keys), 1))
        own, efforts = np.zeros((k, k)), np.zeros((k, k))
        models, variants = 0, 0
        for model in range(int(self.model.max()) + 1):
            rows = np.flatnonzero(self.model == model)
            at = np.flatnonzero(np.isin(self.row, rows))
            place = np.searchsorted(rows, self.row[at]) * k + self.kind[at]
            r = len(rows)
            prior = np.kron(np.ones((r, r)), self.own) + np.kron(np.eye(r), self.at_effort)
            to = prior[:, place] * self.slope[self.column[at]]
            gain = to @ np.linalg.inv(self._covariance(at))
            deviation = (gain @ self._surprise(at)).reshape(r, k)
            left = (prior - gain @ to.T).reshape(r, k, r, k)
            ability[rows] += deviation
            spread[rows] = np.diag(prior - gain @ to.T).reshape(r, k)
            shared, together = deviation.mean(axis=0), left.mean(axis=(0, 2))
            own += np.outer(shared, shared) + together
            models += 1
            if r > 1:
                for i in range(r):
                    apart = deviation[i] - shared
                    within = left[i, :, i, :] - 2 * left[i].mean(axis=1) + together
                    efforts += (np.outer(apart, apart) + within) * r / (r - 1)
                variants += r
        self.own = (self.own + own / models) / 2 + 1e-3 * np.eye(k)
        if variants:
            self.at_effort = (self.at_effort + efforts / variants) / 2 + 1e-4 * np.eye(k)
        self._fit_columns(ability, spread)
        self._fit_weights(ability)

    def _fit_columns(self, ability: Floats, spread: Floats) -> None:
        for c in range(len(self.columns)):
            at = self.column == c
            f, v = ability[self.row[at], self.kind[at]], spread[self.row[at], self.kind[at]]
            w = 1 / (self.variance[at] + self.noise[c] + 0.05)
            columns = np.stack([np.ones(len(f)), f], axis=1)
            gram = (columns * w[:, None]).T @ columns + np.diag([0.02, w @ v + 1 / 0.35**2])
            target = (columns * w[:, None]).T @ self.value[at] + np.array([0, 1 / 0.35**2])
            self.offset[c], slope = np.linalg.solve(gram, target)
            self.slope[c] = np.clip(slope, 0.2, 3)
            error = self.value[at] - self.offset[c] - self.slope[c] * f
            beyond = (error**2 + self.slope[c] ** 2 * v - self.variance[at]).sum()
            self.noise[c] = np.clip((beyond + 0.15 * 5) / (at.sum() + 5), 0.01, 2)

    def _fit_weights(self, ability: Floats) -> None:
        """Regress abilities on features, with weights common to all kinds and shrunken deviations per kind."""
        k, p = len(KINDS), self.known.shape[1]
        count = np.zeros((len(self.keys), k))
        np.add.at(count, (self.row, self.kind), 1)
        weight = (count > 0) / np.diag(self.own + self.at_effort)
        gram, target = np.zeros((p * (k + 1), p * (k + 1))), np.zeros(p * (k + 1))
        for kind in range(k):
            weighed = self.known * weight[:, [kind]]
            inner, outer = weighed.T @ self.known, weighed.T @ ability[:, kind]
            part = slice(p * (kind + 1), p * (kind + 2))
            for a in (slice(0, p), part):
                target[a] += outer
                for b in (slice(0, p), part):
                    gram[a, b] += inner
        shared = np.r_[0.1, np.full(STATED - 1, 0.9), np.full(p - STATED, 6.0)]
        apart = np.r_[0.5, np.full(STATED - 1, 12.0), np.full(p - STATED, 24.0)]
        solved = np.linalg.solve(gram + np.diag(np.r_[shared, np.tile(apart, k)]), target).reshape(k + 1, p)
        self.weights = (solved[0] + solved[1:]).T


def believe(keys: Sequence[Key], without: Collection[str] = ()) -> dict[Key, Belief]:
    """Return the priors of models at efforts, fitted without some sets.

    For agents at the default effort see `RUNS_AT`.
    """
    agent, fields = KINDS.index("agent"), []
    effects = [_compute_effect_of_runs(model) if not effort else (0.0, 0.0) for model, effort in keys]
    of_runs = [(model, effort or find_effort_of_runs(model)) for model, effort in keys]
    for seen, effect in zip(
        (load_quality(without), load_tokens(without)), np.transpose(effects), strict=True
    ):
        fitted = FactorModel(seen)
        (mean, variance), (at_runs, at_runs_variance) = fitted.predict(keys), fitted.predict(of_runs)
        mean[:, agent], variance[:, agent] = at_runs[:, agent] - effect, at_runs_variance[:, agent]
        fields += [mean, np.sqrt(variance)]
    rows = zip(*(values.round(4).tolist() for values in fields), strict=True)
    return {
        key: Belief(**dict(zip(Belief.model_fields, map(tuple, row), strict=True)))
        for key, row in zip(keys, rows, strict=True)
    }


def find_effort_of_runs(model: str) -> str:
    """Return the effort of most observed runs of a model."""
    return "" if read_facts()[model].reasoning == "never" else RUNS_AT


def _compute_effect_of_runs(model: str) -> tuple[float, float]:
    """Return the effect of `RUNS_AT` on a model's quality as an agent, in logits, and on its log tokens."""
    if (level := find_level(model, "")) is None:
        return 0.0, 0.0
    told = Effort(told=RUNS_AT, usual=LEVELS[level], maker=read_facts()[model].maker)
    quality, _, log_tokens, _ = find_effects(told, KINDS)
    return float(quality[KINDS.index("agent")]), log_tokens


def find_level(model: str, effort: str) -> int | None:
    """Return the index of an effort's level; for the default effort, that of the model's default level."""
    known = read_facts()[model]
    if known.reasoning == "never":
        return None
    if not effort:
        effort = "medium" if known.reasoning == "always" or known.thinks_by_default else "none"
    return LEVELS.index(SAID_AS.get(effort, effort))


LAST_GENERATION = 1.25
"""Years after June 2024 from which a model belongs to its maker's last generation: September 2025."""


def main(folds: Annotated[str, typer.Option(help="set, family or maker.")] = "family") -> None:
    """Print how well left-out models are predicted: rank correlation by column, coverage of 90 % intervals."""
    seen = load_quality()
    print("| left out | means | rank correlation | 90 % intervals cover | root mean square, logits |")
    print("|---|---|---|---|---|")
    pooled = []
    for name, part in split_parts(seen, folds):
        fitted = FactorModel(
            load_quality((name,)) if folds == "set" else [s for s in seen if s not in part], rounds=8
        )
        rows = judge(fitted, part)
        if len(rows):
            pooled.append(rows)
            print(format_row(name, rows), flush=True)
    print(format_row("all", np.concatenate(pooled)))


def split_parts(seen: Sequence[Seen], folds: str) -> Iterator[tuple[str, set[Seen]]]:
    """Yield the groups of observations that are left out together."""
    groups: defaultdict[str, set[Seen]] = defaultdict(set)
    for each in seen:
        f = read_facts()[each.key[0]]
        late = f.years >= LAST_GENERATION
        name = {
            "set": each.source if each.source in SETS else "",
            "family": f.family,
            "maker": f.maker if late else "",
        }[folds]
        if name:
            groups[name].add(each)
    for name, part in sorted(groups.items()):
        if folds == "set" or len({each.key[0] for each in part}) >= 4:
            yield name, part


def judge(fitted: FactorModel, part: set[Seen]) -> Floats:
    """Return column, predicted, observed and standard error of the left-out observations, shape (rows, 4).

    The difficulty of a left-out set's columns is unknown, so the mean over its models is used.
    """
    keys = sorted({each.key for each in part})
    ability, variance = fitted.predict(keys)
    by_column: defaultdict[str, list[Seen]] = defaultdict(list)
    for each in part:
        by_column[each.column].append(each)
    rows = []
    for c, (column, found) in enumerate(sorted(by_column.items())):
        at = np.array([keys.index(each.key) for each in found])
        kind = found[0].kind
        value, own = np.array([s.value for s in found]), np.array([s.variance for s in found])
        if column in fitted.columns:
            i = fitted.columns.index(column)
            offset, slope, noise = fitted.offset[i], fitted.slope[i], fitted.noise[i]
        else:
            slope, noise = 1.0, 0.3
            offset = (value - ability[at, kind]).mean()
        error = np.sqrt(slope**2 * variance[at, kind] + own + noise + fitted.style)
        rows += np.stack(
            [np.full(len(at), c), offset + slope * ability[at, kind], value, error], axis=1
        ).tolist()
    return np.array(rows)


def format_row(name: str, rows: Floats) -> str:
    """Format a row of the table."""
    column, predicted, value, error = rows.T
    ranks = [
        spearmanr(predicted[column == c], value[column == c])[0]
        for c in np.unique(column)
        if (column == c).sum() > 5
    ]
    covered = (np.abs(value - predicted) < 1.645 * error).mean()
    rank = f"{np.nanmean(ranks):.2f}" if ranks else "–"
    return f"| {name} | {len(rows)} | {rank} | {covered:.0%} | {np.sqrt(np.mean((value - predicted) ** 2)):.2f} |"


if __name__ == "__main__":
    typer.run(main)
