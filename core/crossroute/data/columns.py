"""The measures of an outcome: their columns, valid ranges, and the pivot from long rows to (n, m) arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool
from crossroute.errors import DataError
from crossroute.numeric import Floats

Column = Sequence[object] | Floats

MEASURES = {
    "quality": "quality",
    "cost": "cost_usd",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "latency": "latency_s",
    "answer_logprob": "answer_logprob",
}
"""Attribute of `Outcomes` -> column of outcomes.parquet; each is an (n, m) array."""


MOST_TOKENS = 1e9
"""Largest valid token count of a call."""

SURE = 1e-3
"""Largest valid mean log-probability: providers round that of a certain answer to slightly above 0."""


def is_out_of_range(measure: str, values: Floats) -> npt.NDArray[np.bool_]:
    """Return where values of a measure are out of range. NaN means unknown and is in range."""
    if measure == "answer_logprob":
        return np.isinf(values) | (values > SURE)
    most = {"quality": 1.0, "input_tokens": MOST_TOKENS, "output_tokens": MOST_TOKENS}.get(measure, np.inf)
    return (values < 0) | (values > most) | np.isinf(values)


def describe_fault(measure: str, value: float, candidate: object, query: object) -> str:
    """Return the error message for a value that is out of range."""
    remedy = {
        "quality": "a number in [0, 1]; rescale it",
        "answer_logprob": "a logarithm, at most 0; correct it, or leave it out if it is unknown",
        **dict.fromkeys(
            ("input_tokens", "output_tokens"), "a count of tokens from 0 to a billion; correct it"
        ),
    }.get(measure, "a finite number, at least 0; correct it, or leave it out if it is unknown")
    return (
        f"{MEASURES[measure]} {value:g} of candidate {candidate!r} on query {query!r} is out of range: "
        f"expected {remedy}."
    )


def pivot(
    rows: Mapping[str, Column], line: Mapping[str, int], pool: Pool, place: Callable[[int], str]
) -> dict[str, Floats]:
    """Pivot long rows into one array per measure.

    Args:
        rows: Columns of equal length: query_id, candidate and the known measures.
        line: Query id -> its row in the arrays.
        pool: The candidates, one column each; rows may use their aliases.
        place: Row number -> its location, for error messages.

    Returns:
        Attribute of `Outcomes` -> array of shape (n, m), NaN in cells without a row.

    Raises:
        DataError: A query is unknown, a cell has two rows, or a value is out of range.
    """
    queries, candidates = cast("Sequence[str]", rows["query_id"]), cast("Sequence[str]", rows["candidate"])
    position = {name: pool.position(name) for name in set(candidates)}
    line_of_row = np.array([line.get(query, -1) for query in queries], dtype=np.intp)
    column_of_row = np.array([position[candidate] for candidate in candidates], dtype=np.intp)
    unknown = line_of_row < 0
    if unknown.any():
        row = int(unknown.argmax())
        raise DataError(
            f"{place(row)}: the query {queries[row]!r} is not among the {len(line)} queries; "
            "add it there, or drop the row."
        )
    _refuse_repeats(line_of_row * len(pool) + column_of_row, rows, place)
    arrays = {measure: np.full((len(line), len(pool)), np.nan) for measure in MEASURES}
    for measure, array in arrays.items():
        if MEASURES[measure] in rows:
            values = np.asarray(rows[MEASURES[measure]], dtype=np.float64)
            wrong = is_out_of_range(measure, values)
            if wrong.any():
                row = int(wrong.argmax())
                raise DataError(
                    f"{place(row)}: {describe_fault(measure, values[row], candidates[row], queries[row])}"
                )
            array[line_of_row, column_of_row] = values
    return dict(arrays)


def _refuse_repeats(
    cells: npt.NDArray[np.intp], rows: Mapping[str, Column], place: Callable[[int], str]
) -> None:
    order = np.argsort(cells, kind="stable")
    repeated = np.diff(cells[order]) == 0
    if repeated.any():
        first, second = order[repeated.argmax() :][:2]
        raise DataError(
            f"{place(second)}: candidate {rows['candidate'][second]!r} has already answered query "
            f"{rows['query_id'][second]!r} at {place(first)}; keep one of the two."
        )
