"""Learning from a log on two clocks: profiles take grades in as they come; retraining takes texts.

A profile is a shrunk mean, so counts suffice: what the router believed of a candidate in a cluster of queries is the
prior, worth some outcomes, and each grade moves it. A half-life lets old grades count less.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool, Profile
from crossroute.data.outcomes import MEASURES, Outcomes
from crossroute.model.ability import fit_ability
from crossroute.model.clusters import assign
from crossroute.model.profiles import SHIFT
from crossroute.numeric import Floats, logit, sigmoid
from crossroute.routing.router import Router
from crossroute.traffic.logged import Logged
from crossroute.traffic.policies import over_logged

DAY_S = 86_400
HALF_LIFE_DAYS = 30.0
PRIOR = 20.0
"""Grades' worth of what a router believed of a candidate in a cluster."""


def refreshed(router: Router, logged: Logged, *, half_life_days: float = HALF_LIFE_DAYS) -> Router:
    """Return a router over the log's candidates whose profiles have taken the grades in.

    Args:
        router: The router.
        logged: Graded decisions.
        half_life_days: After which a grade counts half.
    """
    router = over_logged(router, logged)
    network = router.predictor.network
    cluster = assign(network.project(logged.vectors), network.weights["centroids"])
    age = (logged.time.max() - logged.time) / DAY_S if len(logged) else np.zeros(0)
    weight = 0.5 ** (age / half_life_days)
    foreseen = logged.foreseen(router)
    pool = []
    for column, candidate in enumerate(router.pool):
        mine = logged.chosen == logged.names.index(candidate.name)
        if candidate.profile is None or not mine.any():
            pool.append(candidate)
            continue
        beyond = logged.quality[mine] - foreseen.quality[mine, column]
        moved = _moved(candidate.profile, logged.quality[mine], beyond, cluster[mine], weight[mine])
        pool.append(candidate.model_copy(update={"profile": moved}))
    return router.over(Pool(pool))


def _moved(
    profile: Profile, quality: Floats, beyond: Floats, cluster: npt.NDArray[np.intp], weight: Floats
) -> Profile:
    """Return a profile after some grades: moved as a whole by what they exceed predictions, then by cluster."""
    before = np.array(profile.quality)
    k = len(before)
    grades = weight * np.clip(before[cluster] + beyond, 0, 1)
    total, count = (np.asarray(np.bincount(cluster, each, k), dtype=np.float64) for each in (grades, weight))
    logits = logit(before, 0.01)
    expected = sigmoid(fit_ability(total, count, logits, spread=SHIFT) + logits)
    mean = (total + PRIOR * expected) / (count + PRIOR)
    evidence = np.array(profile.evidence) + count
    return profile.model_copy(
        update={"quality": tuple(mean.clip(0, 1).tolist()), "evidence": tuple(evidence.tolist())}
    )


def outcomes_of(logged: Logged, router: Router) -> Outcomes:
    """Return graded decisions whose texts were kept as outcomes, ready for `fit`."""
    kept = logged.take(
        np.array([text is not None and bool(text.strip()) for text in logged.texts], dtype=bool)
    )
    router = over_logged(router, logged)
    shape = (len(kept), len(router.pool))
    arrays = {name: np.full(shape, np.nan) for name in MEASURES}
    names = router.pool.names
    for row, column in enumerate(kept.chosen):
        if kept.names[column] not in names:
            continue
        at = (row, names.index(kept.names[column]))
        arrays["quality"][at], arrays["cost"][at] = kept.quality[row], kept.cost[row]
        arrays["input_tokens"][at], arrays["output_tokens"][at] = (
            kept.input_tokens[row],
            kept.output_tokens[row],
        )
        arrays["latency"][at] = kept.seconds[row]
    held = np.arange(len(kept)) % 5 == 4
    return Outcomes(
        query_ids=tuple(kept.ids.tolist()),
        texts=tuple(kept.texts.tolist()),
        tasks=("traffic",) * len(kept),
        splits=tuple("validation" if one else "train" for one in held),
        pool=Pool(candidate.model_copy(update={"profile": None}) for candidate in router.pool),
        **arrays,
    )
