"""Read a file as a PoolConfig; errors name the line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from crossroute.budgets import Budget
from crossroute.calls.scrubbing import holds_credential
from crossroute.candidate import Price
from crossroute.config.entries import Deployment, EscalationEntry, FloorEntry, ModelEntry
from crossroute.config.located import LocatedToml, Place, walk_values
from crossroute.config.pool import PoolConfig
from crossroute.errors import ConfigError
from crossroute.errors.names import suggest_name
from crossroute.files import as_path, is_file, is_folder, place_beside
from crossroute.routing.policy import Constraints

SECRET_NAME = re.compile(r"(?:^|[_-])(?:key|secret|token|password|authorization|credentials)$", re.IGNORECASE)
"""Names of values that would be secrets."""

NO_TABLES = ("missing", "too_short", "tuple_type", "model_type")
"""pydantic's message for models that are not tables."""

TABLES: dict[str, type[BaseModel]] = {
    "models": ModelEntry,
    "deployments": Deployment,
    "price": Price,
    "constraints": Constraints,
    "escalate": EscalationEntry,
    "floor": FloorEntry,
    "budgets": Budget,
}
"""Table -> its model."""


def read_config(path: str | Path) -> PoolConfig:
    """Read a pool from a TOML file.

    Raises:
        ConfigError: There is no such file, or it is invalid; the message contains the line, the value and
            the expected one.
    """
    source = LocatedToml(as_path(path))
    for place, value in walk_values(source.data):
        if _is_secret(place, value):
            raise source.fault(
                place,
                "would hold a secret, and this file holds none. Put it in an environment variable and name "
                'that: api_key_env = "OPENAI_API_KEY".',
            )
    try:
        pool = PoolConfig.model_validate(source.data)
    except ValidationError as error:
        raise _fault(source, error) from None
    return pool.model_copy(update=_beside(source.path.parent, pool))


def _beside(folder: Path, pool: PoolConfig) -> dict[str, Any]:
    """Return the fields that name a file or folder next to the file, with full paths."""
    found: dict[str, Any] = {}
    if is_folder(folder / pool.router):
        found["router"] = str(folder / pool.router)
    if pool.floor is not None and (
        is_folder(folder / pool.floor.outcomes) or is_file(folder / pool.floor.outcomes)
    ):
        found["floor"] = pool.floor.model_copy(update={"outcomes": str(folder / pool.floor.outcomes)})
    if pool.traffic is not None:
        found["traffic"] = place_beside(folder.resolve(), pool.traffic)
    return found


def _fault(source: LocatedToml, error: ValidationError) -> ConfigError:
    """Return the first of several faults, a misspelt key before a missing value, and their number."""
    faults = error.errors(include_url=False)
    of_entries = [one for one in faults if one["loc"][:1] == ("models",) and len(one["loc"]) > 1]
    faults = [one for one in faults if not (of_entries and one["loc"] == ("models",))]  # none left, they say
    first, *others = sorted(faults, key=lambda one: one["type"] == "missing")
    place = first.get("ctx", {}).get("place", first["loc"])
    told = first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] == "extra_forbidden":
        known = list(_known_keys(place))
        told = f"unknown key.{suggest_name(str(place[-1]), known)} Expected {', '.join(known)}"
    elif place[:1] == ("models",) and len(place) < 3 and first["type"] in NO_TABLES:
        told = 'expected a table for each model: [[models]], and in it model = "openai:gpt-5-mini"'
    elif first["type"] == "missing":
        told = "is missing"
    elif first["type"] not in ("value_error", "misplaced"):
        told = f"{told}, got {first['input']!r}"
    more = f" {len(others)} more {'fault' if len(others) == 1 else 'faults'} beside this." if others else ""
    return source.fault(place, f"{told}.{more}")


def _known_keys(place: Place) -> Iterable[str]:
    """Return the valid keys of the table with an unknown key."""
    tables = [part for part in place[:-1] if isinstance(part, str)]
    return (TABLES[tables[-1]] if tables else PoolConfig).model_fields


def _is_secret(place: Place, value: Any) -> bool:
    name = place[-1]
    counted = "budgets" in place and name == "key"  # what calls are counted under
    named = isinstance(name, str) and SECRET_NAME.search(name) and not counted
    return isinstance(value, str) and bool(named or holds_credential(value))
