"""Registry of routers stored in a traffic log: which one is adopted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sqlalchemy as sa

from crossroute.errors import TrafficError
from crossroute.routing.router import Router
from crossroute.routing.storage import CONFIG, WEIGHTS
from crossroute.traffic import schema
from crossroute.traffic.log import TrafficLog
from crossroute.traffic.rows import fingerprint, now


def adopt(log: TrafficLog, router: Router, reason: str = "asked for") -> str:
    """Adopt a router: the integrations that write to the log use it within seconds.

    Args:
        log: The log, in which the router is stored.
        router: The router.
        reason: Stored with the adoption.

    Returns:
        The router's fingerprint.
    """
    with tempfile.TemporaryDirectory() as place:
        router.save_pretrained(place)
        config, weights = (Path(place, name).read_bytes() for name in (CONFIG, WEIGHTS))
        mark = fingerprint(Router.from_pretrained(place, encoder=router.predictor.query_encoder.encoder))
    row = {"fingerprint": mark, "time": now(), "config": config, "weights": weights}
    with log.writing() as connection:
        connection.execute(schema.insert_statement(connection.engine, schema.routers), [row])
        connection.execute(sa.insert(schema.adoptions).values(time=now(), fingerprint=mark, reason=reason))
    return mark


def read_adopted(log: TrafficLog) -> str | None:
    """Return the fingerprint of the adopted router; None if each integration uses its own."""
    latest = sa.select(schema.adoptions.c.fingerprint).order_by(schema.adoptions.c.id.desc()).limit(1)
    with log.reading(flushed=False) as connection:
        return connection.execute(latest).scalar()


def go_back(log: TrafficLog) -> str | None:
    """Switch back to the previously adopted router.

    Returns:
        Its fingerprint; None for each integration's own router.

    Raises:
        TrafficError: No router is adopted.
    """
    with log.writing() as connection:
        rows = connection.execute(sa.select(schema.adoptions).order_by(schema.adoptions.c.id)).all()
        path: list[str | None] = [None]
        for row in rows:
            if row.reason == BACK:
                path.pop()
            else:
                path.append(row.fingerprint)
        if len(path) < 2:
            raise TrafficError("No router is adopted in this log, so there is nothing to undo.")
        connection.execute(sa.insert(schema.adoptions).values(time=now(), fingerprint=path[-2], reason=BACK))
    return path[-2]


def load_adopted(log: TrafficLog, mark: str) -> Router:
    """Load a router stored in a log.

    Raises:
        TrafficError: The log has no router with this fingerprint.
    """
    with log.reading(flushed=False) as connection:
        found = connection.execute(
            sa.select(schema.routers).where(schema.routers.c.fingerprint == mark)
        ).first()
    if found is None:
        raise TrafficError(f"This log has no router {mark!r}.")
    with tempfile.TemporaryDirectory() as place:
        Path(place, CONFIG).write_bytes(found.config)
        Path(place, WEIGHTS).write_bytes(found.weights)
        return Router.from_pretrained(place)


BACK = "went back"
