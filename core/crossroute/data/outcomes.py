"""Outcomes: the quality and cost of every candidate of a pool on every query.

On disk it is a folder of two parquet files and an optional JSON file:

    queries.parquet    query_id, text, task, split (train, validation or test)
    outcomes.parquet   query_id, candidate, quality in [0, 1], cost_usd, input_tokens, output_tokens,
                       latency_s, answer_logprob
    candidates.json    a list of candidates with prices, context windows and capabilities

In memory there is one row per query and one column per candidate; NaN means unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool, unwritable
from crossroute.data.columns import MEASURES, Column, describe_fault, is_out_of_range, pivot
from crossroute.data.merge import Merged, MergedQuery
from crossroute.data.parquet import Table, read_candidates, replace_folder, write_candidates, write_table
from crossroute.errors import DataError
from crossroute.files import as_path
from crossroute.numeric import Floats

__all__ = ["MEASURES", "SPLITS", "Outcomes", "Split", "assign_split", "check_outcomes"]

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


def check_outcomes(function: str, given: object) -> None:
    """Check that the argument of a function is outcomes, and not their path.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(given, Outcomes):
        raise TypeError(
            f"{function} expects Outcomes, got {type(given).__name__}. "
            "Read them: crossroute.read_outcomes(path or table)."
        )


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The quality, cost, tokens and latency of m candidates on n queries; NaN means unknown.

    Attributes:
        query_ids: Unique ids of the queries, length n.
        texts: Texts of the queries, length n.
        tasks: Task or source of each query ("mmlu-law", "gsm8k"), length n.
        splits: "train", "validation" or "test" for each query, length n.
        pool: The m candidates, in column order.
        quality: Observed quality, shape (n, m), in [0, 1].
        cost: Observed cost of the call, shape (n, m), USD.
        input_tokens: Input tokens, shape (n, m).
        output_tokens: Output tokens, shape (n, m).
        latency: Seconds to the end of the answer, shape (n, m).
        answer_logprob: Mean log-probability of the answer's tokens, shape (n, m).
    """

    query_ids: tuple[str, ...]
    texts: tuple[str, ...]
    tasks: tuple[str, ...]
    splits: tuple[str, ...]
    pool: Pool
    quality: Floats
    cost: Floats
    input_tokens: Floats
    output_tokens: Floats
    latency: Floats
    answer_logprob: Floats

    def __post_init__(self) -> None:
        shape = (len(self.query_ids), len(self.pool))
        for name in ("texts", "tasks", "splits"):
            if len(getattr(self, name)) != shape[0]:
                raise DataError(f"{name} has {len(getattr(self, name))} entries for {shape[0]} queries.")
        for name in MEASURES:
            if getattr(self, name).shape != shape:
                raise DataError(f"{name} has shape {getattr(self, name).shape}, expected (n, m) = {shape}.")
        unknown = sorted(set(self.splits) - set(SPLITS))
        if unknown:
            query = self.query_ids[self.splits.index(unknown[0])]
            raise DataError(f"Unknown split {unknown[0]!r} of query {query!r}; expected {', '.join(SPLITS)}.")
        for name in MEASURES:
            wrong = np.argwhere(is_out_of_range(name, getattr(self, name)))  # (faults, 2)
            if len(wrong):
                row, column = wrong[0]
                value = getattr(self, name)[row, column]
                raise DataError(describe_fault(name, value, self.pool.names[column], self.query_ids[row]))

    def __len__(self) -> int:
        return len(self.query_ids)

    @property
    def observed(self) -> npt.NDArray[np.bool_]:
        """Mask of the known qualities, shape (n, m)."""
        return ~np.isnan(self.quality)

    def take(self, rows: npt.ArrayLike) -> Outcomes:
        """Return a subset of the queries, by row numbers or by a boolean mask of length n."""
        rows = np.asarray(rows)
        chosen = np.arange(len(self))[rows if rows.size else rows.astype(int)]  # NumPy takes [] for floats
        pick: dict[str, Any] = {name: getattr(self, name)[chosen] for name in MEASURES}
        pick.update({name: tuple(getattr(self, name)[row] for row in chosen) for name in _PER_QUERY})
        return replace(self, **pick)

    def split(self, name: Split) -> Outcomes:
        """Return the queries of one split."""
        if name not in SPLITS:
            raise ValueError(f"Unknown split {name!r}; expected one of {', '.join(SPLITS)}.")
        return self.take(np.array(self.splits) == name)

    def select(self, names: Iterable[str]) -> Outcomes:
        """Return a subset of the candidates, in the given order, with the queries that any of them answered."""
        columns = [self.pool.position(name) for name in names]
        pool = Pool([tuple(self.pool)[column] for column in columns])
        cut = replace(self, pool=pool, **{name: getattr(self, name)[:, columns] for name in MEASURES})
        return cut.take(cut.observed.any(axis=1))

    def complete(self) -> Outcomes:
        """Return the queries with a known quality and cost for every candidate."""
        return self.take((self.observed & ~np.isnan(self.cost)).all(axis=1))

    def with_pool(self, pool: Pool) -> Outcomes:
        """Return the same outcomes with a pool of the same candidate names, for example with prices filled in."""
        if pool.names != self.pool.names:
            raise ValueError(f"Expected the candidates {self.pool.names}, got {pool.names}.")
        return replace(self, pool=pool)

    @classmethod
    def concatenate(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Concatenate several sets over the union of their queries and candidates; unknown outcomes are NaN.

        Queries with the same id and text are merged; if the texts differ, the later one gets the id "q1#2". A stated
        split takes precedence over one from `assign_split`. If sets differ on a candidate's price, the first set wins:
        fill in the costs of each set first (`prices.fill_own_costs`).

        Raises:
            DataError: Two sets differ on an outcome, or on the task or split of a query.
        """
        if not parts:
            raise ValueError("Nothing to concatenate: give at least one Outcomes.")
        asked = (map(MergedQuery, part.query_ids, part.texts, part.tasks, part.splits) for part in parts)
        merged = Merged.of(asked, [part.pool for part in parts], assign_split)
        arrays = {name: merged.array(name, (getattr(part, name) for part in parts)) for name in MEASURES}
        return cls(
            query_ids=tuple(query.query_id for query in merged.queries),
            texts=tuple(query.text for query in merged.queries),
            tasks=tuple(query.task for query in merged.queries),
            splits=tuple(query.split for query in merged.queries),
            pool=merged.pool,
            **arrays,
        )

    @classmethod
    def from_rows(
        cls,
        queries: Sequence[Mapping[str, str | None]],
        rows: Mapping[str, Column],
        candidates: Iterable[Candidate] = (),
        *,
        place: Callable[[int], str] = "row {}".format,
    ) -> Outcomes:
        """Pivot long rows into arrays.

        Args:
            queries: One mapping per query with query_id, text and, optionally, task (default "") and split (default
                `assign_split` the text).
            rows: Columns of equal length: query_id, candidate, quality and, optionally, the other columns of
                outcomes.parquet.
            candidates: Known candidates; other names in the rows are added.
            place: Row number -> its location ("runs.csv, line 7"), for error messages.

        Raises:
            DataError: A query or outcome is duplicated, a query has no text, the query of an outcome is unknown, or
                a number is out of range.
        """
        line = _number_queries([query["query_id"] for query in queries])
        pool = _extend_pool(Pool(candidates), cast("Sequence[str]", rows["candidate"]), place)
        texts = tuple(_check_text(row, query) for row, query in enumerate(queries))
        return cls(
            query_ids=tuple(line),
            texts=texts,
            tasks=tuple(query.get("task") or "" for query in queries),
            splits=tuple(
                query.get("split") or assign_split(text) for query, text in zip(queries, texts, strict=True)
            ),
            pool=pool,
            **pivot(rows, line, pool, place),
        )

    @classmethod
    def read(cls, folder: str | Path, candidates: Iterable[Candidate] = ()) -> Outcomes:
        """Read a folder of parquet files in the layout of docs/data.md.

        Args:
            folder: Contains queries.parquet, outcomes.parquet and, optionally, candidates.json.
            candidates: Candidates that override those of the same name in candidates.json.

        Raises:
            DataError: A file, column or value is missing or invalid.
        """
        folder = as_path(folder)
        asked = Table(folder / "queries.parquet", required=("query_id", "text"), optional=("task", "split"))
        columns = [asked.texts(name) for name in _QUERY_COLUMNS]
        queries = [dict(zip(_QUERY_COLUMNS, values, strict=True)) for values in zip(*columns, strict=True)]
        answers = Table(folder / "outcomes.parquet", required=_REQUIRED, optional=_OPTIONAL)
        rows: dict[str, Column] = {name: answers.texts(name) for name in ("query_id", "candidate")}
        rows.update({name: answers.numbers(name) for name in MEASURES.values() if name in answers})
        listed = (*read_candidates(folder / "candidates.json"), *candidates)
        known = {candidate.name: candidate for candidate in listed}
        try:
            return cls.from_rows(queries, rows, known.values(), place="outcomes.parquet, row {}".format)
        except DataError as error:
            raise DataError(f"{folder}: {error}") from None

    def write(self, folder: str | Path) -> None:
        """Write a folder of parquet files for `read`, atomically.

        Raises:
            DataError: A query id is duplicated.
            FileExistsError: The folder contains other files.
        """
        _number_queries(self.query_ids)
        row, column = np.nonzero(np.any([~np.isnan(getattr(self, name)) for name in MEASURES], axis=0))
        names = self.pool.names
        rows: dict[str, Sequence[str] | Floats] = {
            "query_id": [self.query_ids[number] for number in row],
            "candidate": [names[number] for number in column],
        }
        rows.update({stored: getattr(self, name)[row, column] for name, stored in MEASURES.items()})
        queries = (self.query_ids, self.texts, self.tasks, self.splits)
        with replace_folder(as_path(folder), holding=_FILES) as fresh:
            write_table(fresh / "queries.parquet", dict(zip(_QUERY_COLUMNS, queries, strict=True)))
            write_table(fresh / "outcomes.parquet", rows)
            write_candidates(fresh / "candidates.json", self.pool)


_PER_QUERY = ("query_ids", "texts", "tasks", "splits")
_QUERY_COLUMNS = ("query_id", "text", "task", "split")
_REQUIRED = ("query_id", "candidate", "quality")
_OPTIONAL = tuple(column for column in MEASURES.values() if column != "quality")
_FILES = ("queries.parquet", "outcomes.parquet", "candidates.json")


def assign_split(text: str) -> Split:
    """Return the default split of a query, from a hash of its text: 70 % train, 10 % validation, 20 % test."""
    place = _hash_text(text) % 100
    return "train" if place < 70 else "validation" if place < 80 else "test"


def hash_texts(texts: Iterable[str]) -> npt.NDArray[np.uint32]:
    """Return a 32-bit hash of each text, shape (n,), to recognize seen texts without storing them."""
    return np.array([_hash_text(text) for text in texts], dtype=np.uint32)


def _hash_text(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def _number_queries(query_ids: Sequence[str | None]) -> dict[str, int]:
    """Map each query id to its row in the arrays.

    Raises:
        DataError: An id is missing or duplicated.
    """
    line = {name: number for number, name in enumerate(query_ids) if name is not None}
    if len(line) < len(query_ids):
        at = next(number for number, name in enumerate(query_ids) if name is None or line[name] != number)
        raise DataError(f"Query {at} has the id {query_ids[at]!r}, missing or taken; give it a unique id.")
    return line


def _check_text(row: int, query: Mapping[str, str | None]) -> str:
    text = query["text"]
    if text is None or not text.strip():
        raise DataError(
            f"Row {row} of the queries: {query['query_id']!r} has no text; add it, or drop the query."
        )
    return text


def _extend_pool(pool: Pool, names: Sequence[str], place: Callable[[int], str]) -> Pool:
    """Return the pool extended by the names that it lacks, in the order of their first row."""
    new = dict.fromkeys(name for name in names if name not in pool)
    if not all(new):
        unnamed = next(row for row, name in enumerate(names) if not name)
        raise DataError(f"{place(unnamed)}: the candidate has no name; add it, or drop the row.")
    for name in new:
        if (found := unwritable(name)) is not None:
            row = list(names).index(name)
            raise DataError(f"{place(row)}: the candidate's name contains {found!r}; remove it.")
    return Pool([*pool, *(Candidate(name=name) for name in new)])
