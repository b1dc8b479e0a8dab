"""Logs of Inspect AI: `.eval`, an archive with one file per sample, and `.json`.

Source: inspect_ai 0.3.285, `inspect_ai.log._log` and `inspect_ai.log._recorders.eval`.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import (
    Placed,
    check_mapping,
    find_question,
    first_number,
    look_up,
    make_row,
    number_entries,
    sum_numbers,
)
from crossroute.errors import DataError, one_line, require_extra

ATTACHED = "attachment://"
ZSTANDARD = 93
"""Number of the compression in an archive; supported by Python's zipfile from 3.14 on."""

HEADER = struct.Struct("<4s5H3I2H")
"""Header of a member in an archive; the last two fields are the lengths of its name and of its extra field."""

LARGEST = 2**31
"""Maximum size of a sample, bytes."""

READ = ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write")
"""Counts of the tokens read, with and without the prompt cache."""

UNKNOWN = "none/none"
"""Inspect's name for the model of a log without a model."""


def is_log(data: object) -> bool:
    """Return whether JSON is a log of Inspect."""
    return isinstance(data, Mapping) and isinstance(data.get("eval"), Mapping) and "samples" in data


def read_log(path: Path, data: Any) -> Placed:
    """Yield the samples of a `.json` log."""
    yield from _make_rows(path, data["eval"], number_entries(str(path), data["samples"] or []))


def read_archive(path: Path) -> Placed:
    """Yield the samples of an `.eval` log, one at a time."""
    try:
        with zipfile.ZipFile(path) as archive:
            head = _read_member(
                archive, path, "header.json" if "header.json" in archive.namelist() else "_journal/start.json"
            )
            samples = (name for name in archive.namelist() if name.startswith("samples/"))
            yield from _make_rows(
                path,
                check_mapping(str(path), head.get("eval")),
                ((n, _read_member(archive, path, n)) for n in samples),
            )
    except (zipfile.BadZipFile, KeyError, NotImplementedError, zlib.error, EOFError, OSError) as error:
        raise DataError(
            f"{path} is no log of Inspect that can be read ({one_line(error)}). Write it again."
        ) from None


def _read_member(archive: zipfile.ZipFile, path: Path, name: str) -> Mapping[str, Any]:
    try:
        return check_mapping(f"{path}, {name}", json.loads(_decompress(archive, archive.getinfo(name))))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}, {name}: not JSON ({one_line(error)}). Write the log again.") from None


def _decompress(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return the content of a member; Zstandard, Inspect's current compression, is decoded by pyarrow."""
    if member.compress_type != ZSTANDARD:
        return archive.read(member)
    with require_extra("Reading Zstandard", "train"):
        import pyarrow as pa

    file = archive.fp
    if file is None or member.file_size > LARGEST:
        raise zipfile.BadZipFile(f"{member.filename} is too large")
    file.seek(member.header_offset)
    header = file.read(HEADER.size)
    named, extra = HEADER.unpack(header)[-2:] if len(header) == HEADER.size else (0, 0)
    file.seek(named + extra, 1)
    try:
        return bytes(pa.decompress(file.read(member.compress_size), member.file_size, "zstd", asbytes=True))
    except pa.ArrowException as error:
        raise zipfile.BadZipFile(one_line(error)) from None


def _make_rows(
    path: Path, about: Mapping[str, Any], samples: Iterator[tuple[str, Mapping[str, Any]]]
) -> Placed:
    task = str(about.get("task") or path.stem)
    for place, sample in samples:
        model = about.get("model")
        model = look_up(sample, "output", "model") if model in (None, "", UNKNOWN) else model
        usage = look_up(sample, "model_usage", str(model)) or look_up(sample, "output", "usage")
        yield (
            place,
            make_row(
                _flatten_scores(sample.get("scores")),
                text=_find_text(sample),
                candidate=model,
                query_id=f"{task}/{sample.get('id')}",
                task=task,
                input_tokens=sum_numbers(look_up(usage, name) for name in READ),
                output_tokens=first_number(look_up(usage, "output_tokens")),
                cost_usd=first_number(look_up(usage, "total_cost")),
                latency_s=first_number(
                    look_up(sample, "output", "time"), sample.get("working_time"), sample.get("total_time")
                ),
            ),
        )


def _find_text(sample: Mapping[str, Any]) -> str | None:
    text = find_question(sample.get("input"))
    if text is not None and text.startswith(ATTACHED):
        held = look_up(sample, "attachments", text.removeprefix(ATTACHED))
        return held if isinstance(held, str) else None
    return text


def _flatten_scores(scores: object) -> dict[str, object]:
    """Return scorer -> value; a scorer with several values has one entry for each, "scorer.value"."""
    found: dict[str, object] = {}
    for name, score in (scores if isinstance(scores, Mapping) else {}).items():
        value = score.get("value") if isinstance(score, Mapping) else score
        if isinstance(value, Mapping):
            found |= {f"{name}.{part}": inner for part, inner in value.items()}
        else:
            found[str(name)] = value
    return found
