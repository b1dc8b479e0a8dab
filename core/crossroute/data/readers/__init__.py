"""Readers of outcomes: tables, RouterBench as published, and logs of evaluations; each gives `Outcomes`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crossroute.candidate import Candidate
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers import logs, plain, routerbench
from crossroute.data.readers.opening import long_fields, opened, read_json
from crossroute.data.readers.rows import Mapped
from crossroute.errors import DataError
from crossroute.files import is_folder, why_no_file

__all__ = ["read_outcomes"]

TEXT_KEYS = ("text", "problem_statement", "prompt", "question", "input")
ID_KEYS = ("query_id", "instance_id", "id")


def read_outcomes(
    source: object,
    *,
    candidates: Iterable[Candidate] = (),
    columns: Mapped | None = None,
    texts: str | Path | None = None,
) -> Outcomes:
    """Read outcomes of whatever form the source has.

    Args:
        source: A folder with queries.parquet and outcomes.parquet (see outcomes.py); a table of text, candidate
            and quality as .parquet, .jsonl, .ndjson, .json, .csv or .tsv, gzip or not (plain.py); a .pkl or .csv as
            RouterBench publishes it (routerbench.py); a log of an evaluation, or a folder of such files (logs/); a
            DataFrame, an Arrow table or a list of mappings.
        candidates: What is known of the candidates: prices, context windows, capabilities.
        columns: Column of plain rows -> what the source calls it: {"quality": "score"}. Of a log with several scores,
            the name of one.
        texts: A table that tells the texts of queries by their ids, for logs that tell ids alone.

    Raises:
        DataError: There is no such path, it has another form, or something in it is wrong.
        TypeError: The source is neither a path nor a table.
    """
    if not isinstance(source, (str, Path)):
        return plain.read_frame(source, candidates, columns)
    path = Path(source)
    if texts is not None and (lacking := why_no_file(texts)):
        raise DataError(f"{texts} {lacking}. Expected a table of texts by id.")
    if is_folder(path):
        return _read_folder(path, candidates, columns, texts)
    if lacking := why_no_file(path):
        raise _refusal(path, lacking)
    outcomes = _read_file(path, candidates, columns, texts)
    if outcomes is None:
        raise _refusal(path, "is of another form")
    return outcomes


def _read_file(
    path: Path, candidates: Iterable[Candidate], columns: Mapped | None, texts: str | Path | None
) -> Outcomes | None:
    """Return the outcomes of a file; None where it is of no form that is read."""
    suffix = plain.suffix(path)
    if suffix in (".pkl", ".pickle"):
        return routerbench.read_pickle(path, candidates)
    if suffix in plain.SEPARATED:
        return _read_separated(path, candidates, columns)
    placed = _log_rows(path, suffix, texts)
    if placed is not None:
        return logs.read_rows(path, placed, candidates, columns)
    is_list = suffix == ".json" and isinstance(read_json(path), list)
    is_table = suffix in plain.PARQUET and path.name != "queries.parquet"
    is_plain = suffix in plain.LINES or is_list or is_table
    return plain.read_plain(path, candidates, columns) if is_plain else None


def _read_separated(path: Path, candidates: Iterable[Candidate], columns: Mapped | None) -> Outcomes:
    header = _header(path)
    if routerbench.is_routerbench(header):
        return routerbench.read_csv(path, candidates)
    return plain.read_plain(path, candidates, columns, as_row=logs.rows_of_table(header))


def _log_rows(path: Path, suffix: str, texts: str | Path | None) -> logs.Placed | None:
    """Return the rows of a log; None where a file is none."""
    if suffix == ".eval":
        return logs.rows_of_archive(path)
    if suffix == ".json":
        return logs.rows_of_document(path, read_json(path), _texts(texts))
    return logs.rows_of_lines(path, _first(path)) if suffix in plain.LINES else None


def _read_folder(
    folder: Path, candidates: Iterable[Candidate], columns: Mapped | None, texts: str | Path | None
) -> Outcomes:
    """Read our own layout, or every log and table in a folder and below it."""
    candidates = tuple(candidates)
    if (folder / "outcomes.parquet").exists() or (folder / "queries.parquet").exists():
        return Outcomes.read(folder, candidates)
    runs = logs.helm.runs_of(folder)
    parts = [logs.read_rows(run, logs.helm.read_run(run), candidates, columns) for run in runs]
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
    for path in paths:
        if plain.suffix(path) in (".eval", ".jsonl", ".json") and not any(
            run in path.parents for run in runs
        ):
            if _is_beside(path):
                continue
            part = _read_file(path, candidates, columns, texts)
            parts += [part] if part is not None else []
    if not parts:
        raise _refusal(folder, "holds no outcomes")
    return Outcomes.concatenate(parts)


def _is_beside(path: Path) -> bool:
    """Whether a file lies beside logs and holds none: the results of a harness, the cards of profiles."""
    return path.suffix == ".json" and (path.name.startswith("results") or path.with_suffix(".jsonl").exists())


def _first(path: Path) -> Mapping[str, Any]:
    """Return the first object of a file of JSON lines."""
    return next((fields for _, fields in plain.json_lines(path)), {})


def _header(path: Path) -> list[str]:
    try:
        with opened(path, newline="") as file, long_fields():
            return next(csv.reader(file), [])
    except csv.Error as error:
        raise DataError(f"{path}, line 1: {error}. Save it as UTF-8 CSV.") from None


def _texts(path: str | Path | None) -> dict[str, str]:
    """Return id -> text of a table."""
    if path is None:
        return {}
    found: dict[str, str] = {}
    for place, fields in plain.table_rows(Path(path)):
        name = next((fields[key] for key in ID_KEYS if fields.get(key) is not None), None)
        text = next((fields[key] for key in TEXT_KEYS if fields.get(key)), None)
        if name is None or not isinstance(text, str):
            raise DataError(
                f"{path}, {place}: expected an id ({', '.join(ID_KEYS)}) and a text ({', '.join(TEXT_KEYS)})."
            )
        found[str(name)] = text
    return found


def _refusal(path: Path, found: str) -> DataError:
    return DataError(
        f"{path} {found}. Expected a folder with queries.parquet and outcomes.parquet, a .pkl or .csv of "
        "RouterBench, rows of text, candidate and quality as .parquet, .jsonl, .ndjson, .json, .csv or .tsv, or a log "
        f"of {logs.FORMS}."
    )
