"""Merge several sets of outcomes: match their queries, candidates and cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np

from crossroute.candidate import Candidate, Pool
from crossroute.data.columns import MEASURES
from crossroute.errors import DataError
from crossroute.numeric import Floats


class MergedQuery(NamedTuple):
    """A query of one set."""

    query_id: str
    text: str
    task: str
    split: str


@dataclass(frozen=True)
class Merged:
    """The union of the queries and candidates of several sets, with each set's rows and columns in it.

    Attributes:
        queries: One for each id and text. If an id is taken by another text, a later query gets a new id, "q1#2".
        pool: The candidates of all sets; where sets differ on a candidate, the first set wins.
        lines: For each set, the rows of its queries.
        columns: For each set, the columns of its candidates.
    """

    queries: list[MergedQuery]
    pool: Pool
    lines: list[list[int]]
    columns: list[list[int]]

    @classmethod
    def of(
        cls, sets: Iterable[Iterable[MergedQuery]], pools: Sequence[Pool], default_split: Callable[[str], str]
    ) -> Merged:
        """Match the queries and candidates of the sets.

        Args:
            sets: The queries of each set.
            pools: The candidates of each set.
            default_split: Text -> the split of a query without a stated one; a stated split takes precedence.

        Raises:
            DataError: A query occurs twice in one set, or two sets differ on its task or split.
        """
        queries: list[MergedQuery] = []
        lines: dict[tuple[str, str], int] = {}
        lines_of_sets = []
        for part in sets:
            own: dict[int, None] = {}
            for query in part:
                line = lines.setdefault((query.query_id, query.text), len(queries))
                if line in own:
                    raise DataError(f"Query {query.query_id!r} occurs twice in one set; drop one of the two.")
                own[line] = None
                if line == len(queries):
                    queries.append(query)
                else:
                    queries[line] = _merge_query(queries[line], query, default_split(query.text))
            lines_of_sets.append(list(own))
        pool = _unite_pools(pools)
        return cls(
            _separate_ids(queries),
            pool,
            lines_of_sets,
            [[pool.position(n) for n in each.names] for each in pools],
        )

    def array(self, measure: str, arrays: Iterable[Floats]) -> Floats:
        """Merge one measure of all sets into an array of shape (n, m), NaN where it is unknown.

        Raises:
            DataError: Two sets have different values for a cell.
        """
        whole = np.full((len(self.queries), len(self.pool)), np.nan)
        for values, lines, columns in zip(arrays, self.lines, self.columns, strict=True):
            cells = np.ix_(lines, columns)
            held, known = whole[cells], ~np.isnan(values)
            twice = known & ~np.isnan(held)
            differ = np.argwhere(twice & ~np.isclose(held, values, rtol=1e-9, atol=0))  # (faults, 2)
            if len(differ):
                row, column = differ[0]
                raise DataError(
                    f"Query {self.queries[lines[row]].query_id!r}: {MEASURES[measure]} of candidate "
                    f"{self.pool.names[columns[column]]!r} is {held[row, column]:.12g} in one set and "
                    f"{values[row, column]:.12g} in another. Drop one of the two, or give the queries different ids."
                )
            whole[cells] = np.where(np.isnan(held), values, held)
        return whole


def _merge_query(known: MergedQuery, other: MergedQuery, default_split: str) -> MergedQuery:
    """Merge two records of one query; a field that only one of them states is taken from it."""
    if known.split == default_split:
        known = known._replace(split=other.split)
    elif other.split == default_split:
        other = other._replace(split=known.split)
    for field in ("task", "split"):
        one, two = getattr(known, field), getattr(other, field)
        if one and two and one != two:
            raise DataError(
                f"Query {known.query_id!r}: its {field} is {one!r} in one set and {two!r} in another. Use one, "
                "or give the queries different ids."
            )
    return known if known.task else other


def _separate_ids(queries: Iterable[MergedQuery]) -> list[MergedQuery]:
    """Give a new id to each query with an id that is taken by another text."""
    queries = list(queries)
    taken, separate = {query.query_id for query in queries}, dict[str, MergedQuery]()
    for query in queries:
        name = query.query_id
        if name in separate:
            name = next(other for n in count(2) if (other := f"{name}#{n}") not in taken)
            taken.add(name)
        separate[name] = query._replace(query_id=name)
    return list(separate.values())


def _unite_pools(pools: Iterable[Pool]) -> Pool:
    candidates: dict[str, Candidate] = {}
    for candidate in (candidate for pool in pools for candidate in pool):
        known = candidates.get(candidate.name)
        candidates[candidate.name] = known.completed(candidate) if known else candidate
    return Pool(candidates.values())
