"""TOML with the line of each key, for error messages."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossroute.errors import ConfigError
from crossroute.files import read_whole

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Place = tuple[str | int, ...]
"""Path of a value: ("models", 0, "price", "input")."""

DEEPEST = 64
"""Levels of tables and lists that a file may have."""


class LocatedToml:
    """The data of a TOML file, with the line of each value.

    Attributes:
        path: The file.
        data: Its data.

    Raises:
        ConfigError: There is no such file, or it is not TOML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = _read(path)
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            told, at = _split_place(str(error), text)
            raise ConfigError(f"{path}, line {at}: not TOML: {told}.") from None
        except RecursionError:
            raise _too_deep(path) from None
        except ValueError as error:  # a number of more digits than Python reads
            raise ConfigError(f"{path}: {error}.") from None
        if _is_deep(self.data):
            raise _too_deep(path)
        self._lines = _find_lines(text)

    def fault(self, place: Place, told: str) -> ConfigError:
        """Return the error for a value: the file, its line, its name and the fault."""
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
        return ConfigError(f"{self.path}, line {self.line(place)}: {f'{name}: ' if name else ''}{told}")

    def line(self, place: Place) -> int:
        """Return the line of a value, or of the nearest value that contains it, from 1."""
        nearest = (self._lines.get(place[:end]) for end in range(len(place), 0, -1))
        return next((line for line in nearest if line), 1)


def _read(path: Path) -> str:
    try:
        return read_whole(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror}. Give the path of a crossroute.toml."
        ) from None


def _too_deep(path: Path) -> ConfigError:
    return ConfigError(f"{path}: tables or lists are nested too deep. A pool needs a few levels.")


def _is_deep(data: Mapping[str, Any]) -> bool:
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        level = [
            inner
            for holder in level
            for inner in (holder.values() if isinstance(holder, Mapping) else holder)
            if isinstance(inner, Mapping | list)
        ]
    return bool(level)


def _split_place(message: str, text: str) -> tuple[str, int]:
    """Return a parser's message and the line in it; the last line if it names the end."""
    found = re.search(r" \(at line (\d+), column \d+\)$", message)
    if found:
        return message[: found.start()].rstrip("."), int(found[1])
    return message.removesuffix(" (at end of document)").rstrip("."), text.count("\n") + 1


def _find_lines(text: str) -> dict[Place, int]:
    """Return place -> line of a valid TOML text.

    Statements are separated by the parser itself: one ends with the first line at which it can be parsed alone.
    """
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}  # tables so far of each array of tables
    table: Place = ()
    for line, statement in _find_statements(text):
        said = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _table(said, counts, is_entry=statement.lstrip().startswith("[["))
            lines.setdefault(table, line)
            continue
        for place, _ in walk_values(said):
            lines.setdefault((*table, *place), line)
    return lines


def _find_statements(text: str) -> Iterator[tuple[int, str]]:
    begun, held = 1, ""
    for number, line in enumerate(text.split("\n"), start=1):
        held += line + "\n"
        try:
            said = tomllib.loads(held)
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line
        if said:
            yield begun, held
        begun, held = number + 1, ""


def _table(said: Mapping[str, Any], counts: dict[Place, int], *, is_entry: bool) -> Place:
    """Return the place of the table that a header opens; of an array of tables, its newest entry."""
    place: Place = ()
    inner: Any = said
    while isinstance(inner, Mapping) and inner:
        (key, inner), *_ = inner.items()
        place = (*place, key)
        is_last = not inner or inner == [{}]
        if is_entry and is_last:
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place = (*place, counts[place] - 1)
    return place


def walk_values(said: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every value of a file, including containers, with its place."""
    parts = said.items() if isinstance(said, Mapping) else enumerate(said) if isinstance(said, list) else ()
    for key, value in parts:
        yield (*place, key), value
        yield from walk_values(value, (*place, key))
