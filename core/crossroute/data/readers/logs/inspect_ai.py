"""Logs of Inspect AI: `.eval`, an archive with a file a sample, and `.json`.

Source: inspect_ai 0.3.285, `inspect_ai.log._log` and `inspect_ai.log._recorders.eval`.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, listed, mapping, number, question, row, within
from crossroute.errors import DataError, one_line

ATTACHED = "attachment://"
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
            head = _member(archive, path, "header.json" if "header.json" in archive.namelist() else "_journal/start.json")
            samples = (name for name in archive.namelist() if name.startswith("samples/"))
            yield from _rows(
                path, mapping(str(path), head.get("eval")), ((n, _member(archive, path, n)) for n in samples)
            )
    except (zipfile.BadZipFile, KeyError, NotImplementedError, zlib.error, EOFError, OSError) as error:
        raise DataError(f"{path} is no log of Inspect that can be read ({one_line(error)}). Write it again.") from None


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> Mapping[str, Any]:
    try:
        return mapping(f"{path}, {name}", json.loads(archive.read(name)))
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}, {name}: not JSON ({one_line(error)}). Write the log again.") from None


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
                latency_s=number(within(sample, "output", "time"), sample.get("working_time"), sample.get("total_time")),
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
