"""Profiles under a prior: outcomes combined with beliefs, without the effects of single data sets.

Outcomes of different data sets are not directly comparable: some sets are harder or graded more strictly. So each task
has an ease in each cluster, fitted given the beliefs of its candidates, and each candidate has an effect in each
cluster, shrunk to 0:

    P(right) = sigmoid(ability at the task's kind + ease of task and cluster + effect of candidate and cluster)
    log tokens = verbosity at the kind + length of task and cluster + effect of candidate and cluster

Source: the Rasch model with a random effect, fitted by Newton steps to its mode; see model/ability.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Belief, Candidate, Pool, Profile
from crossroute.model.clusters import tally
from crossroute.numeric import Floats, sigmoid, sum_by
from crossroute.training.doubting import NEAR
from crossroute.training.heads import Labelled

OWN = 0.5
"""Prior standard deviation of a candidate's effect in a cluster, in logits."""

TASK_EASE, CELL_EASE = 4.0, 0.7
"""Prior standard deviations of a task's ease, and of a cluster's deviation from it, in logits."""

TOKENS_SHRINKAGE = 5.0
"""Shrinkage of a candidate's effect on log tokens in a cluster, in outcomes."""

STEPS = 30
LARGEST_STEP = 1.0


class Prior(NamedTuple):
    """Beliefs about candidates before their outcomes, and what the heads for queries need.

    Attributes:
        kinds: Names of the K kinds of work.
        kind_of_task: Task -> the name of its kind.
        beliefs: Candidate's name -> belief about it.
        runs: Tasks whose queries ask for an agent's whole run.
        labelled: Further queries with stated kind, ease and length.
        near: Share of validation queries within the threshold of strangeness.
        typical: Log tokens of an answer whose length is not predicted; None takes the mean of training.
    """

    kinds: tuple[str, ...]
    kind_of_task: Mapping[str, str]
    beliefs: Mapping[str, Belief]
    runs: frozenset[str] = frozenset()
    labelled: Labelled | None = None
    near: float = NEAR
    typical: float | None = None

    def kinds_of(self, tasks: Sequence[str]) -> npt.NDArray[np.intp]:
        """Return the index of each task's kind, shape (n,)."""
        return np.array([self.kinds.index(self.kind_of_task[task]) for task in tasks], dtype=np.intp)


class MeasuredPool(NamedTuple):
    """A profiled pool, and the effects of the clusters on any candidate.

    Attributes:
        pool: Candidates with profiles.
        ease: Ease of the clusters, in logits, shape (k,).
        length: Log tokens of a typical answer in each cluster, shape (k,).
    """

    pool: Pool
    ease: Floats
    length: Floats


def profile_under(
    prior: Prior,
    pool: Pool,
    tasks: Sequence[str],
    *,
    quality: Floats,
    log_tokens: Floats,
    assignment: npt.NDArray[np.intp],
    clusters: int,
) -> MeasuredPool:
    """Profile candidates from outcomes and beliefs.

    Args:
        prior: Beliefs, about every candidate and task.
        pool: The m candidates.
        tasks: Task of each of the n queries.
        quality: Observed quality, shape (n, m), NaN where unknown.
        log_tokens: Observed log tokens, shape (n, m), NaN where unknown.
        assignment: Cluster of each query, shape (n,).
        clusters: Number of clusters, k.
    """
    beliefs = [prior.beliefs[name] for name in pool.names]
    ability = np.array([belief.ability for belief in beliefs])  # (m, K)
    verbosity = np.array([belief.log_tokens for belief in beliefs])
    kind = prior.kinds_of(tasks)
    mix = (np.eye(clusters)[assignment].T @ np.eye(len(prior.kinds))[kind]) + 1 / len(prior.kinds)  # (k, K)
    mix /= mix.sum(axis=1, keepdims=True)
    task = np.unique(np.array(tasks), return_inverse=True)[1]
    found, cell, size = np.unique(task * clusters + assignment, return_inverse=True, return_counts=True)
    cell_task, cell_cluster = found // clusters, found % clusters
    cell_kind = np.zeros(len(found), dtype=np.intp)
    cell_kind[cell] = kind
    right, seen = (each.T for each in tally(quality, cell, len(found)))  # (cells, m)
    ease = _fit_ease(right, seen, ability[:, cell_kind].T, cell_task)
    own = _fit_own(right, seen, ability[:, cell_kind].T + ease[:, None], cell_cluster, clusters)
    written, counted = (each.T for each in tally(log_tokens, cell, len(found)))
    expected = verbosity[:, cell_kind].T
    answered = counted.sum(axis=1)
    length = (written - counted * expected).sum(axis=1) / np.maximum(answered, 1)
    beyond = sum_by(cell_cluster, written - counted * (expected + length[:, None]), clusters)
    own_length = beyond / (sum_by(cell_cluster, counted, clusters) + TOKENS_SHRINKAGE)  # (k, m)
    cluster_ease = _average_by(cell_cluster, ease, size, clusters)
    cluster_length = _average_by(cell_cluster, length, size * (answered > 0), clusters)
    qualities = sigmoid(ability @ mix.T + cluster_ease + own.T)  # (m, k)
    lengths = verbosity @ mix.T + cluster_length + own_length.T
    evidence = sum_by(cell_cluster, seen, clusters).T
    profiled = Pool(
        candidate.model_copy(
            update={
                "profile": Profile(
                    quality=tuple(qualities[i].tolist()),
                    log_tokens=tuple(lengths[i].tolist()),
                    evidence=tuple(evidence[i].tolist()),
                    belief=beliefs[i],
                )
            }
        )
        for i, candidate in enumerate(pool)
    )
    return MeasuredPool(profiled, cluster_ease, cluster_length)


def believed_candidate(
    candidate: Candidate, belief: Belief, mix: Floats, ease: Floats, length: Floats
) -> Candidate:
    """Return a candidate without outcomes, with a profile derived from the belief about it.

    Args:
        candidate: A candidate with a price.
        belief: Belief by kind of work.
        mix: Shares of the kinds in each cluster, shape (k, K).
        ease: Ease of the clusters, in logits, shape (k,).
        length: Log tokens of a typical answer in each cluster, shape (k,).
    """
    profile = Profile(
        quality=tuple(sigmoid(mix @ np.array(belief.ability) + ease).tolist()),
        log_tokens=tuple((mix @ np.array(belief.log_tokens) + length).tolist()),
        evidence=(0.0,) * len(ease),
        belief=belief,
    )
    return candidate.model_copy(update={"profile": profile})


def _fit_ease(right: Floats, seen: Floats, ability: Floats, task: npt.NDArray[np.intp]) -> Floats:
    """Return the ease of each cell (task, cluster) given the candidates' abilities, shape (cells,)."""
    tasks = int(task.max()) + 1
    of_task, of_cell = np.zeros(tasks), np.zeros(len(task))
    for _ in range(STEPS):
        gap, slope = _differentiate(right, seen, ability + (of_task[task] + of_cell)[:, None])
        total, curve = (np.bincount(task, each.sum(axis=1), tasks) for each in (gap, slope))
        step = (total - of_task / TASK_EASE**2) / (curve + 1 / TASK_EASE**2)
        of_task = of_task + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        gap, slope = _differentiate(right, seen, ability + (of_task[task] + of_cell)[:, None])
        step = (gap.sum(axis=1) - of_cell / CELL_EASE**2) / (slope.sum(axis=1) + 1 / CELL_EASE**2)
        of_cell = of_cell + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
    return np.asarray(of_task[task] + of_cell)


def _fit_own(
    right: Floats, seen: Floats, logits: Floats, cluster: npt.NDArray[np.intp], clusters: int
) -> Floats:
    """Return each candidate's effect in each cluster, in logits, shape (k, m)."""
    own = np.zeros((clusters, right.shape[1]))
    for _ in range(STEPS):
        gap, slope = _differentiate(right, seen, logits + own[cluster])
        step = (sum_by(cluster, gap, clusters) - own / OWN**2) / (
            sum_by(cluster, slope, clusters) + 1 / OWN**2
        )
        own = own + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
    return own


def _differentiate(right: Floats, seen: Floats, logits: Floats) -> tuple[Floats, Floats]:
    """Return the gradient and the curvature of the log-likelihood, each of the shape of `logits`."""
    expected = sigmoid(logits)
    return right - seen * expected, seen * expected * (1 - expected)


def _average_by(group: npt.NDArray[np.intp], values: Floats, weight: Floats, groups: int) -> Floats:
    """Return weighted means by group, shape (groups,); a group without weight gets the mean of all."""
    total, count = np.bincount(group, values * weight, groups), np.bincount(group, weight, groups)
    overall = total.sum() / max(count.sum(), 1)
    return np.where(count > 0, total / np.maximum(count, 1e-9), overall)
