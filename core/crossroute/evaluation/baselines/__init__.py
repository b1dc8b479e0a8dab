"""Baselines of an evaluation.

- `blind`: the oracle, and choices that do not use the text.
- `regression`, `clusters`, `factorization`: learners on embeddings.
- `families`: their usual parameters, small grids to tune over, and RouterBench's three as shipped.
- `cascades`: call a second candidate if the first is not confident.
- `tuning`: selection from a grid by AIQ on the validation split.
"""

from crossroute.errors import require_extra

with require_extra("Evaluation with baselines", "train"):
    from crossroute.evaluation.baselines.blind import (
        best_single,
        candidate_mean,
        oracle,
        random_choice,
        task_mean,
    )
    from crossroute.evaluation.baselines.cascades import classical_cascade
    from crossroute.evaluation.baselines.clusters import ClusterMeans
    from crossroute.evaluation.baselines.factorization import MatrixFactorization
    from crossroute.evaluation.baselines.families import AS_SHIPPED, FAMILIES
    from crossroute.evaluation.baselines.regression import PerCandidate
    from crossroute.evaluation.baselines.tuning import Baseline, FittedBaseline, tune

__all__ = [
    "AS_SHIPPED",
    "FAMILIES",
    "Baseline",
    "ClusterMeans",
    "FittedBaseline",
    "MatrixFactorization",
    "PerCandidate",
    "best_single",
    "candidate_mean",
    "classical_cascade",
    "oracle",
    "random_choice",
    "task_mean",
    "tune",
]
