"""Read outcomes from tables, RouterBench's published files and logs of evaluations."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crossroute.candidate import Candidate
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers import logs, plain, routerbench
from crossroute.data.readers.opening import allow_long_fields, open_text, read_json
from crossroute.data.readers.rows import Mapped
from crossroute.errors import DataError
from crossroute.files import as_path, explain_missing_file, is_folder

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
    """Read outcomes from a source of any supported form.

    Args:
        source: A folder with queries.parquet and outcomes.parquet (see outcomes.py); a table of text, candidate
            and quality as .parquet, .jsonl, .ndjson, .json, .csv or .tsv, gzip or not (plain.py); a .pkl or .csv as
            RouterBench publishes it (routerbench.py); a log of an evaluation, or a folder of such files (logs/); a
            DataFrame, an Arrow table or a list of mappings.
        candidates: Known facts about the candidates: prices, context windows, capabilities.
        columns: Column of plain rows -> its name in the source: {"quality": "score"}. For a log with several scores,
            this selects one.
        texts: A table with the texts of queries by id, for logs that only contain ids.

    Raises:
        DataError: The path does not exist, has another form, or contains invalid data.
        TypeError: The source is neither a path nor a table.
    """
    if not isinstance(source, (str, Path)):
        return plain.read_frame(source, candidates, columns)
    path = as_path(source)
    if texts is not None and (lacking := explain_missing_file(texts)):
        raise DataError(f"{texts} {lacking}. Expected a table of texts by id.")
    if is_folder(path):
        return _read_folder(path, candidates, columns, texts)
    if lacking := explain_missing_file(path):
        raise _refuse(path, lacking)
    outcomes = _read_file(path, candidates, columns, texts)
    if outcomes is None:
        raise _refuse(path, "is of another form")
    return outcomes


def _read_file(
    path: Path, candidates: Iterable[Candidate], columns: Mapped | None, texts: str | Path | None
) -> Outcomes | None:
    """Return the outcomes in a file; None if its form is not supported."""
    suffix = plain.suffix(path)
    if suffix in (".pkl", ".pickle"):
        return routerbench.read_pickle(path, candidates)
    if suffix in plain.SEPARATED:
        return _read_separated(path, candidates, columns)
    placed = _read_log(path, suffix, texts)
    if placed is not None:
        return logs.build_outcomes(path, placed, candidates, columns)
    is_list = suffix == ".json" and isinstance(read_json(path), list)
    is_table = suffix in plain.PARQUET and path.name != "queries.parquet"
    is_plain = suffix in plain.LINES or is_list or is_table
    return plain.read_plain(path, candidates, columns) if is_plain else None


def _read_separated(path: Path, candidates: Iterable[Candidate], columns: Mapped | None) -> Outcomes:
    header = _read_header(path)
    if routerbench.is_routerbench(header):
        return routerbench.read_csv(path, candidates)
    return plain.read_plain(path, candidates, columns, as_row=logs.find_row_reader(header))


def _read_log(path: Path, suffix: str, texts: str | Path | None) -> logs.Placed | None:
    """Return the rows of a log; None if the file is not a log."""
    if suffix == ".eval":
        return logs.read_archive(path)
    if suffix == ".json":
        return logs.read_document(path, read_json(path), _read_texts(texts))
    return logs.read_lines(path, _read_first(path)) if suffix in plain.LINES else None


def _read_folder(
    folder: Path, candidates: Iterable[Candidate], columns: Mapped | None, texts: str | Path | None
) -> Outcomes:
    """Read a folder in our own layout, or else all logs and tables in it and its subfolders."""
    candidates = tuple(candidates)
    if (folder / "outcomes.parquet").exists() or (folder / "queries.parquet").exists():
        return Outcomes.read(folder, candidates)
    runs = logs.helm.find_runs(folder)
    parts = [logs.build_outcomes(run, logs.helm.read_run(run), candidates, columns) for run in runs]
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
    for path in paths:
        if plain.suffix(path) in (".eval", ".jsonl", ".json") and not any(
            run in path.parents for run in runs
        ):
            if _is_side_file(path):
                continue
            part = _read_file(path, candidates, columns, texts)
            parts += [part] if part is not None else []
    if not parts:
        raise _refuse(folder, "holds no outcomes")
    return Outcomes.concatenate(parts)


def _is_side_file(path: Path) -> bool:
    """Return whether a file accompanies logs without being one: the results of a harness, the cards of profiles."""
    return path.suffix == ".json" and (path.name.startswith("results") or path.with_suffix(".jsonl").exists())


def _read_first(path: Path) -> Mapping[str, Any]:
    """Return the first object of a file of JSON lines, or an empty one."""
    return next((fields for _, fields in plain.read_json_lines(path)), {})


def _read_header(path: Path) -> list[str]:
    try:
        with open_text(path, newline="") as file, allow_long_fields():
            return next(csv.reader(file), [])
    except csv.Error as error:
        raise DataError(f"{path}, line 1: {error}. Save it as UTF-8 CSV.") from None


def _read_texts(path: str | Path | None) -> dict[str, str]:
    """Read a table of texts: id -> text."""
    if path is None:
        return {}
    found: dict[str, str] = {}
    for place, fields in plain.read_table(as_path(path)):
        name = next((fields[key] for key in ID_KEYS if fields.get(key) is not None), None)
        text = next((fields[key] for key in TEXT_KEYS if fields.get(key)), None)
        if name is None or not isinstance(text, str):
            raise DataError(
                f"{path}, {place}: expected an id ({', '.join(ID_KEYS)}) and a text ({', '.join(TEXT_KEYS)})."
            )
        found[str(name)] = text
    return found


def _refuse(path: Path, found: str) -> DataError:
    """Return the error for a path that is not read."""
    return DataError(
        f"{path} {found}. Expected a folder with queries.parquet and outcomes.parquet, a .pkl or .csv of "
        "RouterBench, rows of text, candidate and quality as .parquet, .jsonl, .ndjson, .json, .csv or .tsv, or a log "
        f"of {logs.FORMS}."
    )
