"""Logs of Inspect AI: `.eval`, an archive with a file a sample, and `.json`.

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

from crossroute.data.readers.logs.facts import Placed, listed, mapping, number, question, row, within
from crossroute.errors import DataError, needs_extra, one_line

ATTACHED = "attachment://"
ZSTANDARD = 93
"""The compression's number in an archive; Python's zipfile knows it from 3.14 on."""

HEADER = struct.Struct("<4s5H3I2H")
"""What stands before a member in an archive; last the lengths of its name and of its extra field."""

LARGEST = 2**31
"""Bytes of a sample, beyond which it is none."""

UNKNOWN = "none/none"
"""What Inspect calls the model of a log without one."""


def is_log(data: object) -> bool:
    """Say whether JSON is a log of Inspect."""
    return isinstance(data, Mapping) and isinstance(data.get("eval"), Mapping) and "samples" in data


def read_log(path: Path, data: Any) -> Placed:
    """Yield the samples of a `.json` log."""
    yield from _rows(path, data["eval"], listed(str(path), data["samples"] or []))


def read_archive(path: Path) -> Placed:
    """Yield the samples of an `.eval` log, one at a time."""
    try:
        with zipfile.ZipFile(path) as archive:
            head = _member(
                archive, path, "header.json" if "header.json" in archive.namelist() else "_journal/start.json"
            )
            samples = (name for name in archive.namelist() if name.startswith("samples/"))
            yield from _rows(
                path, mapping(str(path), head.get("eval")), ((n, _member(archive, path, n)) for n in samples)
            )
    except (zipfile.BadZipFile, KeyError, NotImplementedError, zlib.error, EOFError, OSError) as error:
        raise DataError(
            f"{path} is no log of Inspect that can be read ({one_line(error)}). Write it again."
        ) from None


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> Mapping[str, Any]:
    try:
        return mapping(f"{path}, {name}", json.loads(_content(archive, archive.getinfo(name))))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}, {name}: not JSON ({one_line(error)}). Write the log again.") from None


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return what a member holds; those compressed by Zstandard, as Inspect does today, by pyarrow's codec."""
    if member.compress_type != ZSTANDARD:
        return archive.read(member)
    with needs_extra("Reading Zstandard", "train"):
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


def _rows(path: Path, about: Mapping[str, Any], samples: Iterator[tuple[str, Mapping[str, Any]]]) -> Placed:
    task = str(about.get("task") or path.stem)
    for place, sample in samples:
        model = about.get("model")
        model = within(sample, "output", "model") if model in (None, "", UNKNOWN) else model
        usage = within(sample, "model_usage", str(model)) or within(sample, "output", "usage")
        yield (
            place,
            row(
                _scores(sample.get("scores")),
                text=_text(sample),
                candidate=model,
                query_id=f"{task}/{sample.get('id')}",
                task=task,
                input_tokens=_read(usage),
                output_tokens=number(within(usage, "output_tokens")),
                cost_usd=number(within(usage, "total_cost")),
                latency_s=number(
                    within(sample, "output", "time"), sample.get("working_time"), sample.get("total_time")
                ),
            ),
        )


def _text(sample: Mapping[str, Any]) -> str | None:
    text = question(sample.get("input"))
    if text is not None and text.startswith(ATTACHED):
        held = within(sample, "attachments", text.removeprefix(ATTACHED))
        return held if isinstance(held, str) else None
    return text


def _scores(scores: object) -> dict[str, object]:
    """Return scorer -> value; of a scorer with several values, "scorer.value"."""
    found: dict[str, object] = {}
    for name, score in (scores if isinstance(scores, Mapping) else {}).items():
        value = score.get("value") if isinstance(score, Mapping) else score
        if isinstance(value, Mapping):
            found |= {f"{name}.{part}": inner for part, inner in value.items()}
        else:
            found[str(name)] = value
    return found


def _read(usage: object) -> float | None:
    """Return the tokens read, those of a prompt cache among them."""
    parts = ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write")
    known = [value for name in parts if (value := number(within(usage, name))) is not None]
    return sum(known) if known else None
