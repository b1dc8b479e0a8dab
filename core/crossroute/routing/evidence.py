"""The evidence for a floor: outcomes in random order, by group, encoded as the router reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes, text_digests
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.errors import FloorError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.tables import listed

ROUNDING = 1e-9
Columns = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class FloorEvidence:
    """Outcomes that a floor rests on, in random order; kept as vectors, not as text, so that it can be tested again.

    Attributes:
        queries: Encoded.
        candidates: Names of those that the outcomes are of.
        quality: Observed, shape (n, m), in [0, 1]; NaN where it is not known.
        answer_logprob: Of the answers, shape (n, m); NaN likewise.
        group: Which of the promise's groups each query is in, shape (n,); -1 where in none.
        propensity: With which each candidate could be chosen, shape (n, m); 0 where it could not be, 1 where every
            outcome is known.
    """

    queries: EncodedQueries
    candidates: tuple[str, ...]
    quality: Floats
    answer_logprob: Floats
    group: Columns
    propensity: Floats

    def __len__(self) -> int:
        return len(self.quality)

    @property
    def logged(self) -> bool:
        """Whether one candidate answered each query, as in a log of traffic."""
        return bool(np.isnan(self.quality).any())

    def columns(self, pool: Pool) -> Columns:
        """Return the column of each of a pool's candidates, by name or alias; -1 where it has no outcomes."""
        place = {name: column for column, name in enumerate(self.candidates)}
        found = ((place.get(name, -1) for name in (one.name, *one.aliases)) for one in pool)
        return np.array([max(columns) for columns in found], dtype=np.intp)


def collect_evidence(
    outcomes: Outcomes,
    encode: Callable[[Sequence[Query]], EncodedQueries],
    *,
    candidates: Sequence[str],
    group: Columns,
    propensity: Floats | None = None,
) -> FloorEvidence:
    """Return what a floor can rest on, in random order.

    Args:
        outcomes: Of queries that the router was not trained on. Those without the outcomes of all candidates are left
            out; with a propensity, one candidate answered each.
        encode: Queries -> as the router reads them.
        candidates: By name; outcomes of others are not used.
        group: Of each query, shape (n,).
        propensity: With which the candidate that answered was chosen, shape (n,), or each of the outcomes' could be,
            shape (n, m).

    Raises:
        ValueError: A propensity is none, or several candidates answered a query that has one.
    """
    columns = [outcomes.pool.position(name) for name in candidates]
    quality = outcomes.quality[:, columns]
    known, logged = ~np.isnan(quality), propensity is not None
    if propensity is None:
        rows = np.flatnonzero(known.all(axis=1))
        chances: Floats = np.ones(quality.shape)
    else:
        chances = _expand_propensity(np.asarray(propensity, dtype=float), known, columns)
        rows = np.flatnonzero(known.any(axis=1))
    rows = np.random.default_rng(0).permutation(rows)
    queries = [Query(outcomes.texts[row], one_call=logged or None) for row in rows]
    return FloorEvidence(
        encode(queries) if queries else EncodedQueries.alone(np.zeros((0, 1)), np.zeros(0)),
        tuple(candidates),
        quality[rows],
        outcomes.answer_logprob[:, columns][rows],
        np.asarray(group, dtype=np.intp)[rows],
        chances[rows],
    )


def match_names(pool: Pool, candidates: Iterable[Candidate]) -> list[str]:
    """Return the names of candidates in the outcomes' pool.

    Raises:
        FloorError: One has no outcomes there.
    """
    named = {one.name: next((n for n in (one.name, *one.aliases) if n in pool), None) for one in candidates}
    lacking = [name for name, found in named.items() if found is None]
    if lacking:
        held = [name for name, found in named.items() if found is not None]
        remedy = f", or promise it over those alone: router.subset({held})" if held else ""
        raise FloorError(
            f"There are no outcomes of {listed(lacking)}, which the router may choose; there are some of "
            f"{listed(pool.names)}. Add them{remedy}."
        )
    return [pool[found].name for found in named.values() if found is not None]


def find_unseen(outcomes: Outcomes, trained_on: npt.NDArray[np.uint32] | None) -> npt.NDArray[np.bool_]:
    """Return which queries the router was not trained on, shape (n,): where that is not known, the test split.

    Args:
        outcomes: The queries.
        trained_on: Digests of those that it was trained on.
    """
    if trained_on is None:
        return np.array([split == "test" for split in outcomes.splits], dtype=bool)
    return ~np.isin(text_digests(outcomes.texts), trained_on)


def describe_skipped(fresh: npt.NDArray[np.bool_], trained_on: npt.NDArray[np.uint32] | None) -> str:
    """Return a sentence on the queries that do not count, with a blank before it; empty where all do."""
    count = int((~fresh).sum())
    if not count:
        return ""
    why = (
        "the router does not tell which queries it was trained on, so that those of the test split alone count"
        if trained_on is None
        else "the router was trained on them"
    )
    return f" {count:,} of the {len(fresh):,} queries do not count: {why}."


def _expand_propensity(propensity: Floats, known: npt.NDArray[np.bool_], columns: Sequence[int]) -> Floats:
    """Return with which propensity each candidate could be chosen, shape (n, m).

    Where that of the one which answered is told alone, the rest is spread evenly over the others.
    """
    if (known.sum(axis=1) > 1).any():
        raise ValueError(
            "A propensity is that of the one candidate that answered; several answered one of these queries."
        )
    n, m = known.shape
    if propensity.shape == (n,):
        others = (1 - propensity) / max(m - 1, 1)
        chances = np.where(known, propensity[:, None], others[:, None])
    elif propensity.ndim == 2 and len(propensity) == n and propensity.shape[1] > max(columns):
        chances = propensity[:, columns]
    else:
        raise ValueError(
            f"Expected a propensity a query, shape ({n},) or ({n}, {m}), got {propensity.shape}."
        )
    wrong = chances[~(chances >= 0) | ~(chances <= 1 + ROUNDING) | (known & (chances == 0))]
    if wrong.size:
        raise ValueError(
            f"A propensity must be in [0, 1], and above 0 of the candidate that answered; got {wrong[0]:g}."
        )
    return np.minimum(chances, 1)
