"""Readers of outcomes: RouterBench as published, and plain rows; each gives `Outcomes`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from crossroute.candidate import Candidate
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers import plain, routerbench
from crossroute.errors import DataError

__all__ = ["read_outcomes"]


def read_outcomes(path: str | Path, *, candidates: Iterable[Candidate] = ()) -> Outcomes:
    """Read outcomes of whatever form the path has.

    Args:
        path: A folder with queries.parquet and outcomes.parquet (see outcomes.py), a .pkl or .csv as
            RouterBench publishes it (routerbench.py), or plain rows as .jsonl or .csv (plain.py).
        candidates: What is known of the candidates: prices, context windows, capabilities.

    Raises:
        DataError: There is no such path, it has another form, or something in it is wrong.
    """
    path = Path(path)
    if path.is_dir():
        return Outcomes.read(path, candidates)
    suffix = path.suffix.lower() if path.is_file() else ""
    if suffix in (".pkl", ".pickle"):
        return routerbench.read_pickle(path, candidates)
    if suffix == ".csv" and routerbench.is_routerbench(_header(path)):
        return routerbench.read_csv(path, candidates)
    if suffix in (".csv", ".jsonl"):
        return plain.read_plain(path, candidates)
    found = "is of another form" if path.exists() else "does not exist"
    raise DataError(
        f"{path} {found}. Expected a folder with queries.parquet and outcomes.parquet, a .pkl or .csv of "
        "RouterBench, or rows of text, candidate and quality as .jsonl or .csv."
    )


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, plain.long_fields():
            return next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise plain.not_utf8(path, error) from None
    except csv.Error as error:
        raise DataError(f"{path}, line 1: {error}. Save it as UTF-8 CSV.") from None
