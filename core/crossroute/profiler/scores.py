"""Estimate a rough profile from published benchmark scores, for a candidate without outcomes.

The measured candidates of the router's pool are the anchors: their profiles and mean qualities on the router's tasks
are modelled as a joint Gaussian on the logit scale, and the new profile is its conditional mean given the scores. A
score on one of the router's tasks is used directly. Any other is first mapped to the router's tasks, with a larger
error, by a public table of five models on many benchmarks: on the logit scale the scores of two benchmarks are almost
linearly related.

Source: conditioning of a Gaussian, Bishop, "Pattern Recognition and Machine Learning", section 2.3.1. The table:
Llama 3.1 model card, "Benchmark scores", github.com/meta-llama/llama-models, models/llama3_1/MODEL_CARD.md at
1b28708: instruction-tuned models; TriviaQA, Winogrande, DROP and BIG-Bench Hard are of the base models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from crossroute.candidate import Candidate, Pool, Price, Profile
from crossroute.model import costs
from crossroute.model.profiles import learned_prices, pool_profiles
from crossroute.numeric import Floats, sigmoid
from crossroute.numeric import logit as bounded_logit
from crossroute.routing.router import Router

DIRECT, CARRIED = 0.25, 0.5
"""Standard error, in logits, of a score on a task of the router, and of a score mapped from another benchmark."""

OWN = 0.3
"""Standard deviation of a candidate's own deviation in a cluster, in logits."""

BENCHMARKS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {  # Llama 3 8B, 3.1 8B, 3 70B, 3.1 70B, 3.1 405B
        "mmlu": (68.5, 69.4, 82.0, 83.6, 87.3),
        "mmlu_pro": (45.5, 48.3, 63.4, 66.4, 73.3),
        "gpqa": (34.6, 30.4, 39.5, 46.7, 50.7),
        "arc_challenge": (82.4, 83.4, 94.4, 94.8, 96.9),
        "gsm8k": (80.6, 84.5, 93.0, 95.1, 96.8),
        "math": (29.1, 51.9, 51.0, 68.0, 73.8),
        "humaneval": (60.4, 72.6, 81.7, 80.5, 89.0),
        "mbpp": (70.6, 72.8, 82.5, 86.0, 88.6),
        "ifeval": (76.8, 80.4, 82.9, 87.5, 88.6),
        "bfcl": (60.3, 76.1, 83.0, 84.8, 88.5),
        "mgsm": (np.nan, 68.9, np.nan, 86.9, 91.6),
        "triviaqa": (78.5, 77.6, 89.7, 89.8, 91.8),
        "winogrande": (np.nan, 60.5, np.nan, 83.3, 86.7),
        "drop": (58.4, 59.5, 79.7, 79.6, 84.8),
        "bbh": (61.1, 64.2, 81.3, 81.6, 85.9),
    }
)
"""Benchmark -> percent of five models; NaN if missing in the table."""

OUTSIDE = 0.1
"""Slope, relative to the fitted one, outside the range of the table's models."""

_SPELLINGS = {
    "arc": "arc_challenge",
    "arcc": "arc_challenge",
    "bigbenchhard": "bbh",
    "crux": "cruxeval",
    "gpqadiamond": "gpqa",
    "gradeschoolmath": "gsm8k",
    "gsm": "gsm8k",
    "gsm8k": "gsm8k",
    "mathl5": "math_l5",
}
"""Compact spelling -> benchmark, for spellings that are not the name without separators."""

_COMPACT = {name.replace("_", ""): name for name in BENCHMARKS}


def profile_from_scores(router: Router, name: str, scores: Mapping[str, float], price: Price) -> Candidate:
    """Estimate a rough profile of a candidate from published scores.

    Its evidence is 0 in every cluster, and its tokens are typical of the pool, so that its cost depends only on its
    price.

    Args:
        router: Its clusters and measured candidates are used.
        name: The candidate's name.
        scores: Benchmark ("mmlu_pro"), or a task of the router's training data -> accuracy in [0, 1].
        price: USD per million tokens.

    Returns:
        The candidate with its profile.

    Raises:
        ValueError: There is no score, one is outside [0, 1], or a benchmark is unknown.
    """
    anchors = _anchors(router)
    given = _check_scores(scores, anchors)
    rows = {benchmark: (score, DIRECT) for benchmark, score in given.items() if benchmark in anchors}
    rows |= _carry_over({name: score for name, score in given.items() if name not in anchors}, anchors, rows)
    if not rows:
        raise ValueError(
            f"The scores on {', '.join(scores)} cannot be mapped to this router's tasks: "
            f"{', '.join(anchors)}. Give a score on one of these, or profile with queries."
        )
    pool = _select_measured(router.pool)
    profiles = pool_profiles(pool, router.predictor.network.config.clusters)
    found = _condition_on_scores(
        profiles.quality.astype(float), np.stack([anchors[row] for row in rows]), rows
    )
    k = len(found)
    ratio = router.predictor.cost_unit == "input_ratio"
    charged = price.input and price.output  # a price of 0 cannot express tokens
    learned = price if charged else Price(input=1, output=1)
    profile = Profile(
        quality=tuple(sigmoid(found).tolist()),
        log_tokens=tuple(_typical_tokens(router, pool, profiles.log_tokens.astype(float), learned).tolist()),
        evidence=(0.0,) * k,
        learned_price=(learned.input, learned.output) if ratio else None,
        made_by=router.predictor.digest,
    )
    return Candidate(name=name, price=price, profile=profile)


def _select_measured(pool: Pool) -> Pool:
    """Return the candidates with outcomes, or all if none has any."""
    measured = [each for each in pool if each.profile is None or sum(each.profile.evidence) > 0]
    return Pool(measured) if measured else pool


def _anchors(router: Router) -> dict[str, Floats]:
    """Return the distribution over clusters of each benchmark in the training data, each of shape (k,)."""
    k = router.predictor.network.config.clusters
    tasks: dict[str, list[Floats]] = {}
    for task, shares in router.provenance.get("tasks", {}).items():
        tasks.setdefault(find_benchmark(task), []).append(np.array(shares, dtype=float))
    if not tasks:  # an older router, which does not store the shares
        for cluster, label in enumerate(router.cluster_labels):
            for task in label.split(" and "):
                tasks.setdefault(find_benchmark(task), []).append(np.eye(k)[cluster])
    return {benchmark: np.mean(shares, axis=0) for benchmark, shares in tasks.items()}


def _check_scores(scores: Mapping[str, float], anchors: Mapping[str, Floats]) -> dict[str, float]:
    """Return the scores by benchmark, checked."""
    if not scores:
        raise ValueError("Give at least one score, such as mmlu_pro=0.81.")
    known = {*anchors, *BENCHMARKS}
    for name, score in scores.items():
        if find_benchmark(name) not in known:
            raise ValueError(f"Unknown benchmark {name!r}. Known are {', '.join(sorted(known))}.")
        if not 0 <= score <= 1:
            raise ValueError(f"The score of {name!r} must be in [0, 1], got {score!r}; 81 % is 0.81.")
    return {find_benchmark(name): float(score) for name, score in scores.items()}


def _carry_over(
    given: Mapping[str, float], anchors: Mapping[str, Floats], direct: Mapping[str, object]
) -> dict[str, tuple[float, float]]:
    """Map scores on other benchmarks to the router's own, with standard errors.

    The mapped scores come from the same few scores, so their errors are correlated and enlarged accordingly.
    """
    found = {}
    for anchor in anchors.keys() - direct.keys():
        logits = [
            logit(np.array(score))
            for name, value in given.items()
            if (score := predict_score(name, value, anchor))
        ]
        if logits:
            found[anchor] = float(sigmoid(np.array(logits).mean(keepdims=True))[0])
    return {anchor: (score, CARRIED * len(found) ** 0.5) for anchor, score in sorted(found.items())}


def _condition_on_scores(quality: Floats, shares: Floats, rows: Mapping[str, tuple[float, float]]) -> Floats:
    """Return the conditional mean of the quality per cluster given the scores, in logits, shape (k,).

    Args:
        quality: Quality of the anchors, shape (m, k).
        shares: Distribution of each scored benchmark over the clusters, shape (b, k).
        rows: Benchmark -> score and standard error, length b.
    """
    clusters, means = logit(quality), logit(quality @ shares.T)  # (m, k), (m, b)
    score, error = np.array(list(rows.values())).T  # (b,) each
    apart_clusters, apart_means = clusters - clusters.mean(0), means - means.mean(0)
    together = apart_clusters.T @ apart_means / len(quality) + OWN**2 * shares.T  # (k, b)
    spread = apart_means.T @ apart_means / len(quality) + OWN**2 * shares @ shares.T + np.diag(error**2)
    surprise = logit(score) - means.mean(0)  # (b,)
    return np.asarray(clusters.mean(0) + together @ np.linalg.solve(spread, surprise))


def _typical_tokens(router: Router, pool: Pool, log_tokens: Floats, price: Price) -> Floats:
    """Return the cost head's output for a candidate with answers of typical length, shape (k,).

    Args:
        router: Determines the unit of the cost head.
        pool: The anchors.
        log_tokens: Of their profiles, shape (m, k).
        price: Price of the candidate, above 0.
    """
    if router.predictor.cost_unit == "output_tokens":
        return np.asarray(log_tokens.mean(0))
    exchange = costs.exchange_rate(learned_prices(pool))[:, None]  # (m, 1)
    multiple = (np.exp(log_tokens) - 1) * exchange  # of the query's tokens
    typical = np.exp(np.log(np.clip(multiple, 0.01, None)).mean(0))  # (k,)
    return np.asarray(np.log(1 + typical * price.output / price.input))


def find_benchmark(name: str) -> str:
    """Return the benchmark that a name or a task stands for, or else the name in lower case.

    >>> find_benchmark("MMLU-Pro"), find_benchmark("mmlu-abstract-algebra"), find_benchmark("grade-school-math")
    ('mmlu_pro', 'mmlu', 'gsm8k')
    """
    words = re.split(r"[\s_-]+", name.strip().lower())
    for end in range(len(words), 0, -1):  # a subject may follow: mmlu-pro-law
        compact = "".join(words[:end])
        found = _SPELLINGS.get(compact) or _COMPACT.get(compact)
        if found:
            return found
    return "_".join(words)


def predict_score(given: str, score: float, wanted: str) -> float | None:
    """Predict the score on one benchmark from that on another; None if the table lacks either.

    A line through the table's models on the logit scale, fitted by total least squares, since both benchmarks are
    noisy. Outside the range of these models its slope is reduced to a tenth.

    Args:
        given: A benchmark.
        score: Score on it, in [0, 1].
        wanted: Another benchmark.

    >>> round(predict_score("mmlu_pro", 0.664, "mmlu"), 2)  # Llama 3.1 70B has 0.836
    0.83
    """
    if given not in BENCHMARKS or wanted not in BENCHMARKS:
        return None
    percent = np.array([BENCHMARKS[given], BENCHMARKS[wanted]])
    pairs = logit(percent[:, ~np.isnan(percent).any(axis=0)] / 100)  # (2, models)
    centre = pairs.mean(axis=1)
    direction = np.linalg.svd(pairs.T - centre)[2][0]
    stated = float(logit(np.array(score)))
    nearest = min(max(stated, pairs[0].min()), pairs[0].max())
    found = centre[1] + direction[1] / direction[0] * (nearest + OUTSIDE * (stated - nearest) - centre[0])
    return float(sigmoid(np.asarray(found)))


def logit(share: Floats) -> Floats:
    """Return log(p / (1 - p)), with p clipped to [0.01, 0.99]."""
    return bounded_logit(share, 0.01)
