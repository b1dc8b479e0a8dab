"""Measure the effect of a judge's errors on a router trained on its grades: python benchmarks/judge.py [--draws 5].

Recorded grades are replayed with errors of a simulated judge. It agrees with the reference on a share of the answers
and errs at random on the others, or it only errs in favour of the most expensive candidate. Two simple routers, means
by cluster and nearest neighbours, are trained on 600 prompts with these grades; AIQ is from the true grades of the
set's test queries. "Calibrated" calibrates the judge's grades on references for 60 prompts, as `crossroute collect`
does.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from design import ROUTERS, SETS, Split, select_complete

from crossroute import Outcomes, Query
from crossroute.collection.judging import calibrate_scores
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.numeric import Floats

AGREEMENT = (1.0, 0.9, 0.8, 0.7)
PROMPTS, REFERENCES = 600, 60


def judge_at_random(quality: Floats, agreement: float, draw: np.random.Generator) -> Floats:
    """Return grades of which a share agrees; the others are inverted."""
    return np.where(draw.random(quality.shape) < agreement, quality, 1 - quality)


def judge_partially(prompts: Outcomes, agreement: float, draw: np.random.Generator) -> Floats:
    """Return grades with the same number of errors, all in favour of the most expensive candidate if it has enough."""
    quality = prompts.quality.copy()
    dearest = int(prompts.cost.mean(0).argmax())
    wrong = np.flatnonzero(quality[:, dearest] < 0.5)
    errors = round((1 - agreement) * quality.size)
    quality[draw.permutation(wrong)[:errors], dearest] = 1.0
    return quality


def calibrate(graded: Floats, true: Floats) -> Floats:
    """Calibrate a judge's grades on references for the first prompts."""
    n, m = graded.shape
    scores = {(str(i), str(j)): float(graded[i, j]) for i in range(n) for j in range(m)}
    known = {(str(i), str(j)): float(true[i, j]) for i in range(REFERENCES) for j in range(m)}
    found, _ = calibrate_scores(scores, known)
    return np.array([[found[str(i), str(j)] for j in range(m)] for i in range(n)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--sets", default=",".join(SETS))
    given = parser.parse_args()
    encoder = QueryEncoder("static")
    heads = [f"{share:.0%}" for share in AGREEMENT]
    print(f"| set | router | judge | {' | '.join(heads)} |\n|{'---|' * (3 + len(heads))}", flush=True)
    for name in given.sets.split(","):
        outcomes = select_complete(given.data / name)
        split = Split(outcomes, encoder)
        found: dict[tuple[str, str], list[list[float]]] = {}
        for seed in range(given.draws):
            draw = np.random.default_rng(seed)
            prompts = outcomes.take(draw.permutation(split.others)[:PROMPTS])
            near = encoder.embed([Query(text) for text in prompts.texts])
            for kind in ("at random", "at random, calibrated", "for the dearest"):
                for router, family in ROUTERS.items():
                    scores = []
                    for agreement in AGREEMENT:
                        graded = (
                            judge_partially(prompts, agreement, draw)
                            if kind == "for the dearest"
                            else judge_at_random(prompts.quality, agreement, draw)
                        )
                        graded = calibrate(graded, prompts.quality) if "calibrated" in kind else graded
                        scores.append(split.score(family, near, replace(prompts, quality=graded)))
                    found.setdefault((router, kind), []).append(scores)
        for (router, kind), scores_of in found.items():
            mean, spread = np.mean(scores_of, axis=0), np.std(scores_of, axis=0)
            cells = " | ".join(f"{m:.4f} ±{s:.4f}" for m, s in zip(mean, spread, strict=True))
            print(f"| {name} | {router} | {kind} | {cells} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
