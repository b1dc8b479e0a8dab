"""Write collected outcomes: rows with the answers as parquet, JSON lines or CSV, or a folder of outcomes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from crossroute.collection.run import Collected
from crossroute.data.outcomes import MEASURES
from crossroute.errors import require_extra
from crossroute.files import replace_file

COLUMNS = ("query_id", "text", "task", "candidate", *MEASURES.values(), "answer")


FORMS = (".parquet", ".jsonl", ".ndjson", ".csv", "")
"""Supported file extensions; without one, a folder is written."""


def check_form(path: Path) -> None:
    """Check the extension of an output file.

    Raises:
        ValueError: It is not one of FORMS.
    """
    if path.suffix.lower() not in FORMS:
        raise ValueError(
            f"Cannot write {path}: expected a name that ends in .parquet, .jsonl or .csv, or a folder."
        )


def write_collected(path: Path, collected: Collected) -> None:
    """Write outcomes in the format of the path's extension; without one, as a folder (see data/outcomes.py).

    Raises:
        ValueError: The extension is not one of FORMS.
    """
    check_form(path)
    rows = [{name: row.get(name) for name in COLUMNS} for row in collected.rows]
    kind = path.suffix.lower()
    if kind == "":
        collected.outcomes.write(path)
    elif kind in (".jsonl", ".ndjson"):
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        replace_file(path, "".join(lines).encode("utf-8", "backslashreplace"))
    elif kind == ".csv":
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, COLUMNS)
        table.writeheader()
        table.writerows(rows)
        replace_file(path, text.getvalue().encode("utf-8", "backslashreplace"))
    else:
        _write_parquet(path, rows)


def _write_parquet(path: Path, rows: list[dict[str, object]]) -> None:
    with require_extra("Writing parquet", "train"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    texts = {"query_id", "text", "task", "candidate", "answer"}
    schema = pa.schema([(name, pa.large_string() if name in texts else pa.float64()) for name in COLUMNS])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink, compression="zstd")
    replace_file(path, sink.getvalue())
