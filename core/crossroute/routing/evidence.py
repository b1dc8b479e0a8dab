"""Evidence for a quality floor: encoded outcomes in random order, by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes, hash_texts
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.errors import FloorError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.tables import list_names

ROUNDING = 1e-9
Columns = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class FloorEvidence:
    """Outcomes that prove a floor, in random order; kept as vectors, not as text, so that the floor can be retested.

    Attributes:
        queries: The n encoded queries.
        candidates: Names of the m candidates with outcomes.
        quality: Observed quality, shape (n, m), in [0, 1]; NaN if unknown.
        answer_logprob: Mean log-probability of the answers' tokens, shape (n, m); NaN if unknown.
        group: Index of each query's group in the promise, shape (n,); -1 for none.
        propensity: Probability with which each candidate could be chosen, shape (n, m); 1 if all outcomes are known.
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
        """Return the column of each of a pool's candidates, by name or alias; -1 if it has no outcomes."""
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
    """Collect the outcomes that can prove a floor, in random order.

    Args:
        outcomes: On queries that the router was not trained on. Without a propensity, queries that lack an outcome of
            a candidate are left out; with one, each query has a single answer.
        encode: Encodes queries.
        candidates: Names; outcomes of others are not used.
        group: Index of each query's group, shape (n,).
        propensity: Probability with which the candidate that answered was chosen, shape (n,), or with which each of the
            outcomes' candidates could be, shape (n, m).

    Raises:
        ValueError: A propensity is out of range, or several candidates answered a query of a log.
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
    """Return the names that candidates have in the outcomes' pool.

    Raises:
        FloorError: A candidate has no outcomes there.
    """
    named = {one.name: next((n for n in (one.name, *one.aliases) if n in pool), None) for one in candidates}
    lacking = [name for name, found in named.items() if found is None]
    if lacking:
        held = [name for name, found in named.items() if found is not None]
        remedy = f", or restrict the router to the others: router.subset({held})" if held else ""
        raise FloorError(
            f"There are no outcomes of {list_names(lacking)}, which the router may choose, only of "
            f"{list_names(pool.names)}. Add them{remedy}."
        )
    return [pool[found].name for found in named.values() if found is not None]


def find_unseen(outcomes: Outcomes, trained_on: npt.NDArray[np.uint32] | None) -> npt.NDArray[np.bool_]:
    """Return which queries the router was not trained on, shape (n,).

    Args:
        outcomes: The queries.
        trained_on: Digests of the training queries; None selects the test split.
    """
    if trained_on is None:
        return np.array([split == "test" for split in outcomes.splits], dtype=bool)
    return ~np.isin(hash_texts(outcomes.texts), trained_on)


def describe_skipped(fresh: npt.NDArray[np.bool_], trained_on: npt.NDArray[np.uint32] | None) -> str:
    """Return a sentence about skipped queries, with a leading space; empty if there are none."""
    count = int((~fresh).sum())
    if not count:
        return ""
    why = (
        "the router does not record its training queries, so that only the test split counts"
        if trained_on is None
        else "the router was trained on them"
    )
    return f" {count:,} of the {len(fresh):,} queries do not count: {why}."


def _expand_propensity(propensity: Floats, known: npt.NDArray[np.bool_], columns: Sequence[int]) -> Floats:
    """Return the propensity of each candidate, shape (n, m).

    If only that of the candidate that answered is given, the rest is spread evenly over the others.
    """
    if (known.sum(axis=1) > 1).any():
        raise ValueError(
            "With a propensity, each query needs a single answer; several candidates answered one of these queries."
        )
    n, m = known.shape
    if propensity.shape == (n,):
        others = (1 - propensity) / max(m - 1, 1)
        chances = np.where(known, propensity[:, None], others[:, None])
    elif propensity.ndim == 2 and len(propensity) == n and propensity.shape[1] > max(columns):
        chances = propensity[:, columns]
    else:
        raise ValueError(
            f"Expected one propensity per query, shape ({n},) or ({n}, {m}), got {propensity.shape}."
        )
    wrong = chances[~(chances >= 0) | ~(chances <= 1 + ROUNDING) | (known & (chances == 0))]
    if wrong.size:
        raise ValueError(
            f"A propensity must be in [0, 1], and above 0 for the candidate that answered; got {wrong[0]:g}."
        )
    return np.minimum(chances, 1)
