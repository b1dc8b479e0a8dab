"""Select the most informative pairs of prompt and candidate (adaptive design).

Prompts are clustered by their text ("kinds"). A pilot, stratified by kind, goes to all candidates. Further pairs are
selected in rounds. The mean quality of a candidate on a kind has a standard error; a pair is informative if this error
may still change the choice at some willingness to pay:

    value = share of the kind x variance reduction by one more answer x contention

Contention is the mean of p (1 - p), where p is the probability that the candidate has the highest reward on the kind,
over posterior draws of the qualities and over the willingness to pay. A candidate that is never or always chosen is not
called further. Within a kind all candidates get the prompts in the same order, so that they are compared on the same
prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.numeric import Floats
from crossroute.profiler.answers_file import Row
from crossroute.query import Query
from crossroute.reward import best

PROMPTS_A_KIND = 12
"""Mean number of prompts per kind, which sets the number of kinds, up to MOST_KINDS."""

MOST_KINDS = 20
SHRINKAGE = 4.0
"""Weight of a candidate's overall mean in its mean on a kind, in answers (pseudo-count)."""

SPREAD = 0.4
"""Assumed standard deviation of a grade, for candidates with fewer than SHRINKAGE answers."""

DRAWS = 64
PAYS = np.geomspace(1, 1e5, 9)
"""Willingness to pay, in multiples of the mean cost of a call."""


class Design(BaseModel):
    """Settings of the adaptive selection of pairs.

    Attributes:
        share: Maximum share of all pairs of prompt and candidate that is called.
        pilot: Share of these in the pilot, with the same prompts for all candidates.
        rounds: Number of rounds after the pilot.
        encoder: Encoder of the prompts for the clusters.
        seed: Random seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(default=0.5, gt=0, le=1)
    pilot: float = Field(default=0.4, gt=0, le=1)
    rounds: int = Field(default=6, ge=1)
    encoder: str = "static"
    seed: int = 0

    def planner(self, texts: Mapping[str, str], names: Iterable[str]) -> Planner:
        """Return the planner that selects the pairs.

        Args:
            texts: Prompt id -> text.
            names: Names of the candidates.
        """
        return Planner(self, list(texts), assign_kinds(list(texts.values()), self), tuple(names))


@dataclass(frozen=True)
class KindEstimates:
    """Estimates for m candidates on k kinds, each of shape (k, m).

    Attributes:
        quality: Mean quality, shrunk towards the candidate's overall mean.
        error: Standard error of the quality.
        count: Number of graded answers.
        cost: Mean cost of a call, USD.
    """

    quality: Floats
    error: Floats
    count: Floats
    cost: Floats


class Planner:
    """Selects the next pairs, given the answers so far.

    Args:
        design: The settings.
        ids: Ids of the n prompts.
        kinds: Kind of each prompt, shape (n,).
        names: Names of the candidates.
    """

    def __init__(
        self, design: Design, ids: Sequence[str], kinds: npt.NDArray[np.intp], names: Sequence[str]
    ) -> None:
        self.design, self.names = design, tuple(names)
        draw = np.random.default_rng(design.seed)
        shuffled = draw.permutation(len(ids))
        self._queues = [
            [ids[row] for row in shuffled if kinds[row] == kind] for kind in range(kinds.max() + 1)
        ]
        self._kind = {name: int(kind) for name, kind in zip(ids, kinds, strict=True)}
        self.shares = np.array([len(queue) / len(ids) for queue in self._queues])
        self.most = max(len(names), round(design.share * len(ids) * len(names)))

    def next(self, answered: Mapping[str, Sequence[Row]]) -> dict[str, set[str]]:
        """Return candidate -> ids of its next prompts; empty once the share of pairs is reached."""
        asked = sum(map(len, answered.values()))
        left = self.most - asked
        pilot = self._pilot(answered)
        if pilot:
            return pilot
        if left <= 0:
            return {}
        first = self.design.pilot * self.most
        batch = min(left, max(len(self.names), round((self.most - first) / self.design.rounds)))
        return self._worthiest(answered, batch)

    def known(self, answered: Mapping[str, Sequence[Row]]) -> KindEstimates:
        """Estimate the quality and cost of each candidate on each kind from the answers."""
        k, m = len(self._queues), len(self.names)
        count, total, squares, cost = (np.zeros((k, m)) for _ in range(4))
        for column, name in enumerate(self.names):
            for row in answered[name]:
                kind, quality = self._kind.get(row["query_id"], -1), row["quality"]
                if kind >= 0 and quality == quality:  # noqa: PLR0124 - NaN is not known
                    count[kind, column] += 1
                    total[kind, column] += quality
                    squares[kind, column] += quality**2
                    cost[kind, column] += row.get("cost_usd") or 0.0
        everywhere = (total.sum(0) + 0.5) / (count.sum(0) + 1)  # (m,)
        quality = (total + SHRINKAGE * everywhere) / (count + SHRINKAGE)
        pooled = np.maximum(squares.sum(0) / np.maximum(count.sum(0), 1) - everywhere**2, 0.0025)  # (m,)
        spread = np.where(count.sum(0) < SHRINKAGE, SPREAD**2, pooled)
        mean_cost = cost.sum(0) / np.maximum(count.sum(0), 1)
        return KindEstimates(
            quality=quality,
            error=np.sqrt(spread / (count + SHRINKAGE)),
            count=count,
            cost=np.where(count > 0, cost / np.maximum(count, 1), mean_cost),
        )

    def contention(self, known: KindEstimates) -> Floats:
        """Return the contention of each candidate on each kind, shape (k, m), in [0, 0.25]."""
        draw = np.random.default_rng(self.design.seed)
        noise = draw.standard_normal((DRAWS, *known.quality.shape))
        quality = np.clip(known.quality + known.error * noise, 0, 1)
        unit = max(float(known.cost.mean()), 1e-12)
        k, m = known.quality.shape
        flat, cost = quality.reshape(-1, m), np.broadcast_to(known.cost, quality.shape).reshape(-1, m)
        openness = np.zeros((k, m))
        for pay in PAYS * unit:
            chosen = best(flat, cost, float(pay)).reshape(DRAWS, k)
            p = (chosen[..., None] == np.arange(m)).mean(0)  # (k, m)
            openness += p * (1 - p) / len(PAYS)
        return openness

    def accuracy(
        self, answered: Mapping[str, Sequence[Row]], dollars: float, usd_per_call: float = 0.0
    ) -> float:
        """Return the expected half-width of the 95 % interval of a quality on a kind after further spending.

        It is the mean over kinds and candidates, weighted by the share of the kind and by contention.

        Args:
            answered: Candidate -> its graded answers so far.
            dollars: Further spending, USD.
            usd_per_call: Cost of a call, USD, used before the first answer.
        """
        known = self.known(answered)
        weight = self.shares[:, None] * (self.contention(known) + 1e-3)
        per_call = max(float((weight * known.cost).sum() / weight.sum()) or usd_per_call, 1e-12)
        more = dollars / per_call * weight / weight.sum()
        spread = known.error**2 * (known.count + SHRINKAGE)
        error = np.sqrt(spread / (known.count + more + SHRINKAGE))
        return float(1.96 * (weight * error).sum() / weight.sum())

    def _pilot(self, answered: Mapping[str, Sequence[Row]]) -> dict[str, set[str]]:
        """Return the remaining pairs of the pilot: the same prompts for all candidates, stratified by kind."""
        wanted = max(1, round(self.design.pilot * self.most / len(self.names)))
        chosen = set(self._spread(wanted))
        left = {name: chosen - {row["query_id"] for row in answered[name]} for name in self.names}
        return {name: ids for name, ids in left.items() if ids}

    def _spread(self, wanted: int) -> list[str]:
        """Return `wanted` prompts, stratified by kind."""
        total = sum(map(len, self._queues))
        places = [
            ((place + 0.5) / len(queue), query) for queue in self._queues for place, query in enumerate(queue)
        ]
        return [query for _, query in sorted(places)[: min(wanted, total)]]

    def _worthiest(self, answered: Mapping[str, Sequence[Row]], batch: int) -> dict[str, set[str]]:
        known = self.known(answered)
        openness = self.contention(known)
        done = {name: {row["query_id"] for row in answered[name]} for name in self.names}
        queues = {
            (kind, column): [query for query in queue if query not in done[name]]
            for kind, queue in enumerate(self._queues)
            for column, name in enumerate(self.names)
        }
        spread = known.error**2 * (known.count + SHRINKAGE)
        count, chosen = known.count.copy(), {name: set[str]() for name in self.names}
        room = np.array(
            [
                [len(queues[kind, column]) for column in range(len(self.names))]
                for kind in range(len(self._queues))
            ]
        )
        for _ in range(batch):
            held = count + SHRINKAGE
            value = self.shares[:, None] * spread * (1 / held - 1 / (held + 1)) * openness
            value = np.where(room > 0, value, -1.0)
            kind, column = np.unravel_index(int(value.argmax()), value.shape)
            if value[kind, column] <= 0:
                break
            chosen[self.names[column]].add(queues[int(kind), int(column)].pop(0))
            count[kind, column] += 1
            room[kind, column] -= 1
        return {name: ids for name, ids in chosen.items() if ids}


def assign_kinds(texts: Sequence[str], design: Design) -> npt.NDArray[np.intp]:
    """Return the kind of each prompt, shape (n,), from k-means clustering of the encoded texts."""
    from crossroute.errors import require_extra

    count = max(1, min(MOST_KINDS, len(texts) // PROMPTS_A_KIND))
    if count == 1:
        return np.zeros(len(texts), dtype=np.intp)
    with require_extra("An adaptive design", "train"):
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits
    encoded = QueryEncoder(design.encoder).embed([Query(text) for text in texts])
    with threadpool_limits(1):  # reproducible on any number of cores
        labels = KMeans(count, n_init=4, random_state=design.seed).fit_predict(encoded)
    _, kinds = np.unique(labels, return_inverse=True)
    return np.asarray(kinds, dtype=np.intp)
