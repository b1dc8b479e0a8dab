"""JSON objects that keep the original text of their members, so that unchanged ones are passed on exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

BLANK = re.compile(r"[ \t\n\r]*")
NAME = re.compile(r'[ \t\n\r]*"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*')
"""A name without escapes, up to its value."""


def _syntax_error(told: str, at: int) -> json.JSONDecodeError:
    return json.JSONDecodeError(told, "", at)  # without the text, which may be a prompt


def _refuse(told: str) -> None:
    raise _syntax_error(f"{told} is no number of JSON", 0)


DECODER = json.JSONDecoder()
STRICT = json.JSONDecoder(parse_constant=_refuse)
"""Refuses NaN and infinities, which Python accepts and JSON does not have."""


class RawObject(Mapping[str, Any]):
    """A JSON object, read once; `replaced` writes it with some members changed and all others as they came.

    Args:
        text: The object. A name that comes twice has its last value, as readers of JSON have it.
        strict: Refuse NaN and the infinities.

    Raises:
        json.JSONDecodeError: It is no JSON object.

    >>> body = RawObject('{"model": "auto",  "top_p": 1.00, "seed": 1E2}')
    >>> body["top_p"], body.replaced({"model": "small"})
    (1.0, '{"model": "small",  "top_p": 1.00, "seed": 1E2}')
    """

    def __init__(self, text: str, *, strict: bool = False) -> None:
        self.text = text
        self._decoder = STRICT if strict else DECODER
        self._members: dict[str, tuple[Any, int, int, int]] = {}
        try:
            self._read()
        except RecursionError:
            raise _syntax_error("nested too deeply", 0) from None

    @classmethod
    def of_bytes(cls, content: bytes, *, strict: bool = False) -> RawObject:
        """Parse an object in UTF-8."""
        return cls(content.decode("utf-8-sig"), strict=strict)

    def __getitem__(self, name: str) -> Any:
        return self._members[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def replaced(self, changes: Mapping[str, Any], without: frozenset[str] = frozenset()) -> str:
        """Return the object's text with some members set, those that are new at its end, and some left out."""
        pieces: list[str] = []
        for name, (_, begin, value, end) in self._members.items():
            if name in without:
                continue
            head = self.text[begin:value]
            pieces.append(head + json.dumps(changes[name]) if name in changes else self.text[begin:end])
        pieces += [
            f" {json.dumps(name)}: {json.dumps(value)}"
            for name, value in changes.items()
            if name not in self._members
        ]
        return "{" + ",".join(pieces) + self._tail

    def _read(self) -> None:
        """Record each member's value, and the positions of its name, its value and its end."""
        text, at = self.text, _skip_blank(self.text, 0)
        if text[at : at + 1] != "{":
            raise _syntax_error("expected a JSON object", at)
        at += 1
        if text[_skip_blank(text, at) :][:1] == "}":
            self._tail = text[at:]
            return
        while True:
            begin = at
            plain = NAME.match(text, at)
            name, value_at = (plain[1], plain.end()) if plain else _name_at(text, at)
            value, end = self._decoder.raw_decode(text, value_at)
            self._members.pop(name, None)
            self._members[name] = (value, begin, value_at, end)
            at = _skip_blank(text, end)
            mark, at = text[at : at + 1], at + 1
            if mark == "}":
                self._tail = text[end:]
                break
            if mark != ",":
                raise _syntax_error("expected a comma or a brace", at - 1)
        if len(text) > at and text[_skip_blank(text, at) :]:
            raise _syntax_error("expected an end", at)


def _name_at(text: str, at: int) -> tuple[str, int]:
    """Return a name, with escapes decoded, and the position of its value."""
    at = _skip_blank(text, at)
    if text[at : at + 1] != '"':
        raise _syntax_error("expected a name in quotes", at)
    name, at = scanstring(text, at + 1)
    at = _skip_blank(text, at)
    if text[at : at + 1] != ":":
        raise _syntax_error("expected a colon", at)
    return name, _skip_blank(text, at + 1)


def _skip_blank(text: str, at: int) -> int:
    return BLANK.match(text, at).end()  # type: ignore[union-attr]
