"""Update the catalogue from files that a user names.

    releases    JSON with entries and profiles, and the digest of both: {"format": "crossroute-catalogue-1", ...}
    prices      genai-prices, as installed or as its JSON file of providers
    scores      CSV: model, benchmark, score in [0, 1] or per cent, and, where known, source and date

Facts older than the present ones are ignored.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from crossroute.candidate import Price, Profile
from crossroute.catalogue.catalogue import Catalogue
from crossroute.catalogue.entry import Entry
from crossroute.catalogue.layers import Layer
from crossroute.errors import DataError, UnknownModelError, one_line, require_extra
from crossroute.files import read_whole

FORMAT: Final = "crossroute-catalogue-1"
STALE_DAYS = 180
_LISTED = re.compile(r"genai-prices [\w.]+: ([^/\s]+)/(\S+)")


class Change(NamedTuple):
    """One fact changed by an update, as text before and after; None if missing."""

    model: str
    fact: str
    before: str | None
    after: str | None


class Release(BaseModel):
    """Entries and profiles outside of the package, with their digest.

    Attributes:
        format: Name of the layout.
        made_on: Day of creation.
        source: Its author and its sources.
        entries: The models.
        profiles: Model -> profile over the clusters of the bundled router.
        digest: SHA-256 of everything else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["crossroute-catalogue-1"] = FORMAT
    made_on: date
    source: str
    entries: tuple[Entry, ...]
    profiles: dict[str, Profile] = {}
    digest: str = ""

    def signed(self) -> Release:
        """Return it with its digest."""
        return self.model_copy(update={"digest": self.computed})

    def written(self) -> bytes:
        """Return the content of its file."""
        held = self.model_dump(mode="json", exclude_defaults=True)
        return (json.dumps({"format": self.format, **held}, ensure_ascii=False) + "\n").encode()

    @property
    def computed(self) -> str:
        """The digest of its content."""
        held = self.model_dump(mode="json", exclude={"digest"})
        return hashlib.sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_update(path: Path | None, sha256: str | None = None) -> Layer:
    """Read an update from a file, or without one from the installed genai-prices.

    Raises:
        DataError: The file is of none of these kinds, does not match its digest, or has an invalid value.
    """
    if path is None:
        with require_extra("Updating prices", "prices"):
            from genai_prices.data import providers
        return _layer("genai-prices, as installed", list(find_new_prices(providers, _version())))
    try:
        content = read_whole(path)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    if sha256 and hashlib.sha256(content).hexdigest() != sha256.lower():
        raise DataError(f"{path} is not the file with the SHA-256 {sha256}. Fetch it again.")
    if path.suffix.lower() == ".csv":
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise DataError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
        return _layer(path.name, list(read_score_table(text.splitlines(), path)))
    try:
        held = json.loads(content)
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON: {error}.") from error
    if isinstance(held, list):
        return _layer(path.name, list(find_new_prices(held, path.name)))
    return _read_release(path, held)


def list_changes(layer: Layer) -> list[Change]:
    """Return the changes by an update, model by model."""
    catalogue, found = Catalogue.bundled(), []
    for entry in layer.entries:
        before = _describe(catalogue[entry.name]) if entry.name in catalogue else {}
        after = _describe(entry)
        found += [
            Change(entry.name, fact, before.get(fact), after.get(fact))
            for fact in (*after, *(before.keys() - after.keys()))
            if before.get(fact) != after.get(fact)
        ]
    return found + [
        Change(name, "profile", None, "over the bundled router's clusters") for name in layer.profiles
    ]


def find_stale_prices(
    entries: Iterable[Entry], today: date, days: int = STALE_DAYS
) -> list[tuple[str, Price]]:
    """Return the models with a price that was read more than some days ago."""
    return [
        (entry.name, entry.price)
        for entry in entries
        if entry.price and entry.price.as_of and (today - entry.price.as_of).days > days
    ]


def find_new_prices(providers: Iterable[Any], source: str) -> Iterator[Entry]:
    """Yield the entries with a new price in genai-prices."""
    listed = {
        (_get(provider, "id"), _get(model, "id")): _get(model, "prices")
        for provider in providers
        for model in _get(provider, "models")
    }
    for entry in Catalogue.bundled():
        reference = _LISTED.match(entry.price.source) if entry.price else None
        found = listed.get((reference[1], reference[2])) if reference else None
        if entry.price is None or reference is None or found is None:
            continue
        read, wrote = (_usd(found, f"{side}_mtok") for side in ("input", "output"))
        if read is None or wrote is None or (read, wrote) == (entry.price.input, entry.price.output):
            continue
        told = {"source": f"{source}: {reference[1]}/{reference[2]}", "as_of": date.today()}
        price = Price(input=read, output=wrote, cached_input=_usd(found, "cache_read_mtok"), **told)
        yield entry.model_copy(update={"price": price})


def read_score_table(lines: Iterable[str], path: Path) -> Iterator[Entry]:
    """Yield the entries with the scores in a table.

    Raises:
        DataError: A column is missing, a model is unknown, or a score is invalid.
    """
    rows = csv.DictReader(lines)
    missing = {"model", "benchmark", "score"} - set(rows.fieldnames or ())
    if missing:
        raise DataError(f"{path} lacks the column {min(missing)!r}. Expected model, benchmark, score.")
    found: dict[str, Entry] = {}
    for line, row in enumerate(rows, start=2):
        try:
            entry = Catalogue.bundled().resolve(row["model"] or "").entry
        except UnknownModelError as error:
            raise DataError(f"{path}:{line}: {error}") from None
        entry = found.get(entry.name, entry)
        score = _score(row["score"], path, line)
        told = f"{row.get('source') or path.name}; read {row.get('date') or date.today().isoformat()}"
        scores = {**entry.scores, row["benchmark"]: score}
        found[entry.name] = entry.model_copy(update={"scores": scores, "scores_from": told})
    yield from found.values()


def _read_release(path: Path, held: object) -> Layer:
    try:
        release = Release.model_validate(held)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"{path} is no release: {place}: {one_line(Exception(first['msg']))}.") from error
    if release.digest != release.computed:
        raise DataError(f"{path} was altered: its digest is not that of what it holds. Fetch it again.")
    current = Catalogue.bundled()
    newer = [
        entry for entry in release.entries if entry.name not in current or _newer(entry, current[entry.name])
    ]
    return _layer(f"{release.source}, {release.made_on}", newer).model_copy(
        update={"profiles": release.profiles}
    )


def _newer(entry: Entry, known: Entry) -> bool:
    """Return whether an entry differs, and its price is not older than the one at hand."""
    if entry == known:
        return False
    days = [each.price.as_of if each.price else None for each in (entry, known)]
    return days[0] is None or days[1] is None or days[0] >= days[1]


def _layer(source: str, entries: list[Entry]) -> Layer:
    return Layer(source=source, made_on=date.today(), entries=tuple(entries))


def _describe(entry: Entry) -> dict[str, str]:
    told = entry.model_dump(mode="json", exclude_defaults=True, exclude={"name", "price", "scores_from"})
    facts = {name: json.dumps(value, ensure_ascii=False) for name, value in told.items()}
    if entry.price:
        day = f", {entry.price.as_of}" if entry.price.as_of else ""
        facts["price"] = f"{entry.price.input:g}/{entry.price.output:g} ({entry.price.source}{day})"
    return facts


def _get(held: Any, name: str) -> Any:
    return held.get(name) if isinstance(held, Mapping) else getattr(held, name, None)


def _usd(prices: Any, name: str) -> float | None:
    """Return USD per million tokens: of several prices today's without time limits, of tiers the first."""
    if isinstance(prices, list):
        today = date.today().isoformat()
        starts = [(_get(_get(each, "constraint"), "start_date"), each) for each in prices]
        always = [
            each
            for start, each in starts
            if _get(each, "constraint") is None or (start and str(start) <= today)
        ]
        prices = _get(always[-1], "prices") if always else None
    found = _get(prices, name)
    base = _get(found, "base") if not isinstance(found, (int, float, str, type(None))) else found
    return float(found if base is None else base) if found is not None else None


def _score(text: str, path: Path, line: int) -> float:
    try:
        score = float(text)
    except ValueError:
        score = -1.0
    score = score / 100 if score > 1 else score
    if not 0 <= score <= 1:
        raise DataError(f"{path}:{line}: expected a score in [0, 1], or per cent, got {text!r}.")
    return round(score, 4)


def _version() -> str:
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"
