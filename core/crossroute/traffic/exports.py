"""Import feedback from tracers' exports: LangSmith's runs or feedback, Langfuse's traces, observations or scores.

A file is JSON, an API's page of results, JSON lines, CSV or Parquet. A score is matched to a decision by the id of its
run (the decision's own id or its `run_id`), or by the run's trace.

Sources: langsmith 0.15, `langsmith.schemas.Run` and `Feedback`; langfuse 5.0, `commons.types.Score`, and
`scores.types.ScoreV3`, which names a `subject`; earlier traces and observations that hold scores; Langfuse's scheduled
exports, which write the same names in snake case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from crossroute.data.readers.opening import read_json
from crossroute.data.readers.plain import read_records, read_table, suffix
from crossroute.errors import DataError
from crossroute.files import as_path
from crossroute.traffic import schema
from crossroute.traffic.log import TrafficLog
from crossroute.traffic.rows import now
from crossroute.traffic.scales import Scale, check_scale, to_quality

RUN = ("run_id", "observation_id", "observationId")
TRACE = ("trace_id", "traceId", "session_id", "sessionId")
NAME, VALUE = ("key", "name"), ("score", "value", "string_value", "stringValue")
AT_ONCE = 500
"""Ids per SQL statement."""


class Score(NamedTuple):
    """A score in an export.

    Attributes:
        ids: Ids of the scored run and of its trace, the most specific first.
        name: Name of the score.
        value: Value as exported, not converted.
    """

    ids: tuple[str, ...]
    name: str
    value: Any


class ImportResult(NamedTuple):
    """The result of an import.

    Attributes:
        graded: Number of decisions graded by the import.
        unknown: Number of scores for runs and traces that the log does not contain.
        unread: Number of scores that are not on the scale.
        names: Name -> number of scores that graded decisions.
    """

    graded: int
    unknown: int
    unread: int
    names: dict[str, int]


def import_feedback(
    log: TrafficLog, path: str | Path, *, score: str | None = None, scale: Scale = "quality"
) -> ImportResult:
    """Import the scores of an export as feedback, with the score's name as the source.

    A score of a trace grades each of the trace's decisions. A later import replaces the grades.

    Args:
        log: The log.
        path: The export.
        score: The name of the scores to read; by default all.
        scale: Scale of the values; see `TrafficLog.feedback`.

    Raises:
        DataError: The file is not such an export, or has no score of this name.
        ValueError: The scale is unknown.
    """
    check_scale(scale)
    found = [one for one in read_scores(as_path(path)) if score in (None, one.name)]
    if not found:
        raise DataError(
            f"{path}: no score{f' {score!r}' if score else ''}. Export runs with their feedback, or the scores."
        )
    known = _decisions_by_id(log, {each for one in found for each in one.ids})
    rows, unread, unknown = {}, 0, 0
    names = dict.fromkeys((one.name for one in found), 0)
    for one in found:
        decisions: Iterable[str] = next((known[each] for each in one.ids if each in known), ())
        unknown += not decisions
        try:
            quality = to_quality(one.value, scale)
        except ValueError:
            unread += 1
            continue
        names[one.name] += bool(decisions)
        for decision_id in decisions:
            row = {
                "decision_id": decision_id,
                "source": one.name[: schema.LONGEST_SOURCE],
                "candidate": "",
                "time": now(),
            }
            rows[decision_id, one.name] = row | {"quality": quality, "probability": None}
    log.add_feedback(list(rows.values()))
    return ImportResult(len({decision_id for decision_id, _ in rows}), unknown, unread, names)


def read_scores(path: Path) -> Iterator[Score]:
    """Yield the scores of an export.

    Raises:
        DataError: The file cannot be read.
    """
    for _, fields in _records(path):
        yield from _scores(fields)


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if suffix(path) != ".json":
        return read_table(path, {name: name for name in (*RUN, *TRACE, *NAME, *VALUE)})
    data = read_json(path)
    return read_records(path, data.get("data", [data]) if isinstance(data, Mapping) else data)


def _scores(fields: Mapping[str, Any]) -> Iterator[Score]:
    """Yield the scores of a record: a score itself, or a run, trace or observation that contains scores."""
    subject = fields.get("subject")
    if isinstance(subject, Mapping):  # a trace, an observation or a session
        fields = {**fields, **subject, f"{subject.get('kind')}_id": subject.get("id")}
    own = _first_value(fields, ("id",))
    held = fields.get("feedback") or fields.get("scores") or fields.get("feedback_stats")
    if isinstance(held, Mapping):
        held = [
            {"key": name, "score": stat.get("avg") if isinstance(stat, Mapping) else stat}
            for name, stat in held.items()
        ]
    if isinstance(held, list):
        ids = _normalize_ids(own, *(_first_value(fields, (name,)) for name in TRACE))
        yield from (
            Score(ids, str(_first_value(one, NAME)), _first_value(one, VALUE))
            for one in held
            if isinstance(one, Mapping)
        )
    elif (name := _first_value(fields, NAME)) is not None and (
        value := _first_value(fields, VALUE)
    ) is not None:
        yield Score(
            _normalize_ids(*(_first_value(fields, (each,)) for each in (*RUN, *TRACE))), str(name), value
        )


def _first_value(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _normalize_ids(*ids: object) -> tuple[str, ...]:
    """Return normalized, unique ids; None is skipped."""
    return tuple(dict.fromkeys(normalize_id(str(each)) for each in ids if each is not None))


def normalize_id(text: str) -> str:
    """Return an id in lower case, and a UUID without dashes, as OpenTelemetry writes it."""
    try:
        return UUID(text).hex
    except ValueError:
        return text.lower()


def _decisions_by_id(log: TrafficLog, wanted: set[str]) -> dict[str, list[str]]:
    """Return the decisions of each id, matched by decision, run or trace."""
    ways = [way for each in wanted for way in _list_spellings(each)]
    columns = (schema.decisions.c.id, schema.decisions.c.run_id, schema.decisions.c.trace_id)
    found: dict[str, list[str]] = defaultdict(list)
    with log.reading() as connection:
        for column in columns:
            for begin in range(0, len(ways), AT_ONCE):
                some = sa.select(column, columns[0]).where(column.in_(ways[begin : begin + AT_ONCE]))
                for each, decision_id in connection.execute(some):
                    found[normalize_id(each)].append(decision_id)
    return found


def _list_spellings(each: str) -> tuple[str, ...]:
    """Return the spellings that an id may have in a log."""
    try:
        return each, str(UUID(each))
    except ValueError:
        return (each,)
