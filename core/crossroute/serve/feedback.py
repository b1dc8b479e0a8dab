"""Feedback: a grade of an answer, by the id of its decision, kept in the traffic log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from crossroute.serve.errors import RequestError
from crossroute.serve.keys import Key
from crossroute.traffic.scales import Scale

if TYPE_CHECKING:
    from crossroute.traffic import TrafficLog

WRITTEN_S = 2.0
"""Seconds that a decision of this process may take to be in the log."""


class Grade(BaseModel):
    """A client's grade of an answer.

    Attributes:
        decision_id: The id in the answer.
        quality: The grade.
        scale: Its scale: quality in [0, 1], thumbs up or down, stars 1 to 5.
        source: The grader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision_id: str = Field(min_length=1, max_length=64)
    quality: float | bool | str
    scale: Scale = "quality"
    source: str = Field(default="user", min_length=1, max_length=64)


def keep(log: TrafficLog | None, grade: Grade, key: Key | None) -> None:
    """Store a grade, if the same key made the decision.

    Raises:
        RequestError: There is no log, the key has no such decision, or the grade does not fit the scale.
    """
    if log is None:
        raise RequestError(
            "There is no traffic log. Name one in the file: traffic, or [server] traffic.", status=404
        )
    if not _is_own(log, grade.decision_id, key):
        raise RequestError(f"There is no decision {grade.decision_id!r} of yours.", status=404)
    try:
        log.feedback(grade.decision_id, grade.quality, scale=grade.scale, source=grade.source)
    except ValueError as error:
        raise RequestError(str(error)) from None


def _is_own(log: TrafficLog, decision_id: str, key: Key | None) -> bool:
    import sqlalchemy as sa

    from crossroute.traffic import schema
    from crossroute.traffic.log import parse_id

    try:
        wanted = parse_id(decision_id)
    except ValueError:
        return False
    log.flush(WRITTEN_S)
    with log.reading(flushed=False) as connection:
        chosen = sa.select(schema.decisions.c.tags).where(schema.decisions.c.id == wanted)
        tags = connection.execute(chosen).scalar_one_or_none()
    return tags is not None and (key is None or key.admin or key.label in json.loads(tags))
