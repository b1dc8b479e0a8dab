"""Published benchmarks: how one model's scores on them hang together.

What is known is one public table of five models on many benchmarks. On the logit scale scores rise almost
linearly with one another, so a score on one benchmark tells what to expect on another, roughly.

Source: Llama 3.1 model card, "Benchmark scores", github.com/meta-llama/llama-models,
models/llama3_1/MODEL_CARD.md at 1b28708: instruction-tuned models; TriviaQA, Winogrande, DROP and BIG-Bench Hard
are of the base models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from crossroute.log_odds import logit as bounded_logit
from crossroute.log_odds import sigmoid

Floats = npt.NDArray[np.floating]

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
"""Benchmark -> percent of five models; NaN where the table has none."""

OUTSIDE = 0.1
"""What a step in logits counts beyond the table's models."""

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
"""Compact spelling -> benchmark, where it is another than the name without marks."""


def benchmark_of(name: str) -> str:
    """Return the benchmark that a name or a task means; the name in lower case where none is known.

    >>> benchmark_of("MMLU-Pro"), benchmark_of("mmlu-abstract-algebra"), benchmark_of("grade-school-math")
    ('mmlu_pro', 'mmlu', 'gsm8k')
    """
    words = re.split(r"[\s_-]+", name.strip().lower())
    for end in range(len(words), 0, -1):  # a subject may follow: mmlu-pro-law
        compact = "".join(words[:end])
        found = _SPELLINGS.get(compact) or _COMPACT.get(compact)
        if found:
            return found
    return "_".join(words)


def expected(given: str, score: float, wanted: str) -> float | None:
    """Return the score to expect on one benchmark from that on another; None where the table lacks either.

    The line through the table's models, on the logit scale, fitted by total least squares so that neither
    benchmark is taken to be without noise. It is not trusted outside them: what a score lies beyond their best or
    worst counts a tenth.

    Args:
        given: A benchmark.
        score: On it, in [0, 1].
        wanted: Another benchmark.

    >>> round(expected("mmlu_pro", 0.664, "mmlu"), 2)  # Llama 3.1 70B has 0.836
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
    """Return log(p / (1 - p)), with p held within [0.01, 0.99]."""
    return bounded_logit(share, 0.01)


_COMPACT = {name.replace("_", ""): name for name in BENCHMARKS}
