"""The baselines by name: the usual parameters of each family first, then a small grid to tune over.

Tuning all families takes a few minutes on one core, for 3,000 queries, 10 candidates and 512 features. kNN and k-means
normalize the rows; the others use the features unchanged, which was no worse than standardizing sentence embeddings
(ridge on gpt4o-llama-qwen, tuned on validation: AIQ on test 0.832 against 0.831).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVR

from crossroute.evaluation.baselines.clusters import ClusterMeans
from crossroute.evaluation.baselines.factorization import MatrixFactorization
from crossroute.evaluation.baselines.regression import Neighbours, PerCandidate, SoftLogistic
from crossroute.evaluation.baselines.tuning import Baseline

_SEED = 1234
_LAYERS = (100, 100, 100)


def _neighbours(k: int) -> PerCandidate:
    return PerCandidate(quality=Neighbours(k), cost=Neighbours(k))


def _ridge(penalty: float) -> PerCandidate:
    return PerCandidate(quality=Ridge(alpha=penalty), cost=Ridge(alpha=penalty))


def _logistic(c: float) -> PerCandidate:
    return PerCandidate(quality=SoftLogistic(c), cost=Ridge(alpha=1 / c))


def _svr(loss: str, c: float) -> PerCandidate:
    """Return a linear SVR; costs use the squared loss, with an exact and fast solver."""
    exact = LinearSVR(C=c, loss="squared_epsilon_insensitive", dual=False, intercept_scaling=10)
    usual = LinearSVR(C=c, random_state=_SEED)
    return PerCandidate(quality=exact if loss == "squared" else usual, cost=exact)


def _mlp(penalty: float) -> PerCandidate:
    """Return an MLP with RouterBench's layers and early stopping on a tenth of the queries."""
    network = MLPRegressor(hidden_layer_sizes=_LAYERS, alpha=penalty, early_stopping=True, random_state=_SEED)
    return PerCandidate(network, TransformedTargetRegressor(network, transformer=StandardScaler()))


def _forest(least: int) -> PerCandidate:
    trees = RandomForestRegressor(
        50, min_samples_leaf=least, max_features="sqrt", max_samples=0.5, random_state=_SEED
    )
    return PerCandidate(quality=trees, cost=trees)


FAMILIES: Mapping[str, Sequence[Baseline]] = {
    "kNN": tuple(_neighbours(k) for k in (40, 10, 20, 70, 100, 150, 200, 300, 400)),
    "ridge": tuple(_ridge(penalty) for penalty in (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)),
    "logistic regression": tuple(_logistic(c) for c in (1.0, 0.3, 0.1, 0.03, 0.01)),
    "linear SVR": (
        _svr("usual", 0.1),
        *(_svr("squared", c) for c in (1.0, 0.1, 0.03, 0.01, 0.003)),
    ),
    "MLP": tuple(_mlp(penalty) for penalty in (1e-4, 1.0)),
    "random forest": tuple(_forest(least) for least in (5, 20, 50)),
    "k-means": tuple(ClusterMeans(k) for k in (20, 5, 10, 40, 80)),
    "matrix factorization": tuple(
        MatrixFactorization(rank, penalty) for rank in (8, 2, 32) for penalty in (1e-4, 1e-3)
    ),
}
"""Family -> the baselines to tune over; the first has the usual parameters.

MLP and linear SVR at scikit-learn's defaults are in `AS_SHIPPED`: they are slow to fit and far from the best.

Sources: kNN, MLP and linear SVR as in RouterBench, arXiv 2403.12031; ridge and logistic regression as in "The
Routing Plateau", arXiv 2606.07587; k-means and matrix factorization as named in their modules.
"""

AS_SHIPPED: Mapping[str, Baseline] = {
    "RouterBench kNN-40": PerCandidate(Neighbours(40), DummyRegressor()),
    "RouterBench MLP": PerCandidate(
        MLPRegressor(hidden_layer_sizes=_LAYERS, random_state=_SEED), DummyRegressor()
    ),
    "RouterBench SVM": PerCandidate(LinearSVR(random_state=_SEED), DummyRegressor()),
}
"""RouterBench's three with its settings: features as they are, and one constant cost a candidate.

Source: github.com/withmartian/routerbench, routers/{knn,mlp,svm}_router.py at 30e0925.
Deviations: the constant cost is the geometric mean cost on train instead of the price of an input and an output token;
the reward is that of the comparison instead of the linear one.
"""
