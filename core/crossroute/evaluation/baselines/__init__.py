"""The baselines of an evaluation, from blind to tuned.

- `blind`: the oracle above, and below it the choices that never read the text.
- `regression`, `clusters`, `factorization`: one module a kind of learner, on the caller's embeddings.
- `families`: each at its usual parameters, on small grids, and RouterBench's three as shipped.
- `cascades`: ask a second candidate where the first is not confident.
- `tuning`: picks from a grid by AIQ on the validation split.
"""

from crossroute.errors import needs_extra

with needs_extra("Evaluation with baselines", "train"):
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
