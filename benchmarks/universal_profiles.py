"""Profiles over texts and function calls together: what a call shows is compared with calls.

BFCL's queries lie in the clusters of texts on the same subjects, but are easier and answered shorter. Taken alike, a
candidate that was tried on calls alone is expected to be as good at texts as it is at calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from crossroute import Candidate, Outcomes, Pool, Profile, Query, Router
from crossroute.model import costs
from crossroute.model.ability import fit_ability, fit_ease
from crossroute.model.clusters import assign, cluster_effects, relative_lengths, tally
from crossroute.model.profiles import SHRINKAGE, TOKENS_SHRINKAGE
from crossroute.numeric import Floats, sigmoid

CALLS = "bfcl-"
"""What the tasks of function calls begin with."""

BATCH = 256

Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


def told_apart(router: Router, train: Outcomes) -> Router:
    """Return the router with those candidates profiled anew that were tried on function calls alone.

    The others keep their profiles: they have outcomes of texts, which count as they are.

    Args:
        router: Trained on these outcomes, and perhaps others.
        train: Outcomes of all its measured candidates, on which calls and texts are compared.
    """
    call = calls(train.tasks)
    found = anew(router, train, clusters(router, train.texts), call)
    alone = np.asarray(np.isnan(train.quality[~call]).all(axis=0))
    return router.with_candidates(
        found.pool[name] for name, only in zip(train.pool.names, alone, strict=True) if only
    )


def calls(tasks: Sequence[str]) -> Flags:
    """Return which tasks are function calls, shape (n,)."""
    return np.array([task.startswith(CALLS) for task in tasks])


def clusters(router: Router, texts: Sequence[str]) -> Ints:
    """Return the router's nearest cluster of each text, shape (n,)."""
    encode, network = router.predictor.query_encoder.encode, router.predictor.network
    batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
    projected = [network.project(encode([Query(text) for text in batch])) for batch in batches]
    return assign(np.concatenate(projected), network.weights["centroids"])


def anew(router: Router, train: Outcomes, cluster: Ints, call: Flags) -> Router:
    """Return the router with the candidates of some outcomes profiled anew.

    Each cluster falls into two kinds. Its profile stands for the kind that most of its queries are of; an outcome of
    the other kind counts by what it is beyond what is typical of that kind for the candidate.

    Args:
        router: Whose candidates are profiled anew.
        train: Their outcomes.
        cluster: Of each query, shape (n,).
        call: Whether a query is of the second kind, shape (n,).
    """
    k = router.predictor.network.config.clusters
    kind = cluster + k * call  # the calls' half behind the texts'
    calls_lead = np.bincount(cluster[call], minlength=k) > np.bincount(cluster[~call], minlength=k)
    aim = np.arange(k) + k * calls_lead
    query_tokens = np.array([Query(text).text_tokens for text in train.texts], dtype=float)
    written = costs.log_tokens(train, query_tokens, router.predictor.cost_unit)
    means = quality(train.quality, kind, aim), log_tokens(written, kind, aim)
    rows = zip(train.pool.names, *means, tally(train.quality, cluster, k)[1], strict=True)
    found = {name: profiled(router.pool[name], *row) for name, *row in rows}
    return router.over(Pool(found.get(each.name, each) for each in router.pool))


def profiled(candidate: Candidate, quality: Floats, log_tokens: Floats, evidence: Floats) -> Candidate:
    """Return a candidate with a profile, each array of shape (k,)."""
    profile = Profile(
        quality=tuple(quality.tolist()),
        log_tokens=tuple(log_tokens.tolist()),
        evidence=tuple(evidence.tolist()),
    )
    return candidate.model_copy(update={"profile": profile})


def quality(observed: Floats, kind: Ints, aim: Ints) -> Floats:
    """Return the mean quality in each cluster, shape (m, k).

    With p the quality that the candidate's ability leads to expect of a kind, and p_aim that of the cluster's own, an
    outcome q counts as q + p_aim - p, and the mean is shrunk to p_aim as model/profiles.py does.

    Args:
        observed: Quality, shape (n, m), NaN where not known.
        kind: Of each query, in [0, 2 k), shape (n,).
        aim: The kind that each cluster stands for, shape (k,).

    >>> texts = np.array([[1.0, np.nan]] * 50 + [[0.0, np.nan]] * 50)  # one of two candidates was tried on texts
    >>> called = np.array([[1.0, 1.0]] * 90 + [[0.0, 0.0]] * 10)
    >>> quality(np.concatenate([texts, called]), np.repeat([0, 1], 100), np.array([0])).round(2)
    array([[0.5 ],
           [0.51]])
    """
    k = len(aim)
    right, seen = tally(observed, kind, 2 * k)  # (m, 2k) each
    ease = fit_ease(right, seen)
    ability = np.array([fit_ability(*known, ease) for known in zip(right, seen, strict=True)])
    expected = sigmoid(ability[:, None] + ease)  # (m, 2k)
    of_aim = expected[:, aim]  # (m, k)
    beyond = right + seen * (np.tile(of_aim, 2) - expected)
    total, count = (both[:, :k] + both[:, k:] for both in (beyond, seen))
    return np.asarray(np.clip((total + SHRINKAGE * of_aim) / (count + SHRINKAGE), 0, 1))


def log_tokens(observed: Floats, kind: Ints, aim: Ints) -> Floats:
    """Return the mean log tokens in each cluster, shape (m, k), in the same way.

    Args:
        observed: Log tokens, shape (n, m), NaN where not known.
        kind: Of each query, in [0, 2 k), shape (n,).
        aim: The kind that each cluster stands for, shape (k,).
    """
    k = len(aim)
    lengths = relative_lengths(observed)  # (m,)
    effects = cluster_effects(observed, lengths, kind, 2 * k)
    total, count = tally(observed - effects[kind][:, None] - lengths, kind % k, k)
    return np.asarray(effects[aim] + lengths[:, None] + total / (count + TOKENS_SHRINKAGE))
