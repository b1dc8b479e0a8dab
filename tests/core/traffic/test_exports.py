"""Exports of LangSmith and Langfuse as feedback: in each form, by run, by trace and by a decision's own id."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute.errors import DataError
from crossroute.traffic import TrafficLog, schema
from crossroute.traffic.exports import import_feedback, normalize_id

RUN = "018f0c3e-0000-7000-8000-00000000000a"
TRACE = "018f0c3e-0000-7000-8000-00000000000b"
OWN = "018f0c3e-0000-7000-8000-00000000000c"
OTHER = "018f0c3e-0000-7000-8000-00000000000d"


@pytest.fixture
def log(tmp_path):
    log = TrafficLog(tmp_path / "traffic.db")
    fixed = {"time": 0.0, "router": "r", "candidate": "a", "propensity": 1.0, "willingness_to_pay": 1.0}
    fixed |= {"candidates": "[]", "tags": "[]"}
    named = [
        ("by-run", RUN, None),
        ("one", None, normalize_id(TRACE)),
        ("two", None, TRACE),
        (OWN, None, None),
    ]
    rows = [fixed | {"id": name, "run_id": run, "trace_id": trace} for name, run, trace in named]
    with log.writing() as connection:
        connection.execute(schema.decisions.insert(), rows)
    yield log
    log.close()


def grades(log):
    with log.reading() as connection:
        found = connection.execute(schema.feedback.select()).all()
    return {(row.decision_id, row.source): row.quality for row in found}


def write(path, rows):
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".json":
        path.write_text(json.dumps({"data": rows, "meta": {"page": 1}}))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


LANGSMITH_RUN = {"id": RUN, "trace_id": TRACE, "inputs": {}, "run_type": "llm"}


@pytest.mark.parametrize(
    "row",
    [
        LANGSMITH_RUN | {"feedback": [{"key": "correctness", "score": 0.75}]},
        LANGSMITH_RUN | {"feedback_stats": {"correctness": {"n": 1, "avg": 0.75}}},
        {"id": OTHER, "run_id": RUN, "trace_id": TRACE, "key": "correctness", "score": 0.75, "value": None},
        {
            "id": RUN,
            "traceId": TRACE,
            "input": "",
            "output": "",
            "scores": [{"name": "correctness", "value": 0.75}],
        },
        {"id": OTHER, "traceId": TRACE, "observationId": RUN, "name": "correctness", "value": 0.75},
        {
            "dataType": "NUMERIC",
            "value": 0.75,
            "id": OTHER,
            "name": "correctness",
            "subject": {"kind": "observation", "id": RUN, "traceId": TRACE.replace("-", "")},
        },
    ],
    ids=["runs", "stats", "feedback", "observations", "scores", "subjects"],
)
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_a_score_of_a_run_grades_its_decision(log, tmp_path, row, ending):
    told = import_feedback(log, write(tmp_path / f"export.{ending}", [row]))
    assert grades(log) == {("by-run", "correctness"): 0.75}
    assert (told.graded, told.unknown, told.unread) == (1, 0, 0)


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_what_langsmith_s_own_models_write_is_read(log, tmp_path, ending):
    schemas = pytest.importorskip("langsmith.schemas")
    at = datetime(2036, 5, 4, tzinfo=timezone.utc)
    told = {"run_id": RUN, "trace_id": TRACE, "key": "correctness", "score": 0.75}
    feedback = schemas.Feedback(id=OTHER, created_at=at, modified_at=at, **told)
    path = write(tmp_path / f"feedback.{ending}", [json.loads(feedback.model_dump_json())])
    assert import_feedback(log, path).graded == 1
    run = schemas.Run(
        id=OWN,
        name="model",
        start_time=at,
        run_type="llm",
        inputs={},
        feedback_stats={"up": {"n": 1, "avg": 1.0}},
    )
    (tmp_path / "runs.jsonl").write_text(run.model_dump_json() + "\n")
    import_feedback(log, tmp_path / "runs.jsonl")
    assert grades(log) == {("by-run", "correctness"): 0.75, (OWN, "up"): 1.0}


def test_a_score_of_a_trace_grades_each_of_its_decisions(log, tmp_path):
    row = {
        "id": OTHER,
        "trace_id": TRACE,
        "observation_id": "",
        "name": "helpful",
        "value": "4",
        "string_value": "",
    }
    told = import_feedback(log, write(tmp_path / "scores.csv", [row]), scale="stars")
    assert grades(log) == {("one", "helpful"): 0.75, ("two", "helpful"): 0.75}
    assert told.graded == 2


def test_a_run_may_bear_the_decision_s_own_id(log, tmp_path):
    row = {"id": OTHER, "run_id": OWN, "key": "up", "score": True}
    import_feedback(log, write(tmp_path / "feedback.jsonl", [row]), scale="thumbs")
    assert grades(log) == {(OWN, "up"): 1.0}


def test_what_is_not_known_or_no_grade_is_told(log, tmp_path):
    rows = [{"run_id": OTHER, "key": "a", "score": 1.0}, {"run_id": RUN, "key": "a", "score": "fine"}]
    told = import_feedback(log, write(tmp_path / "feedback.jsonl", rows))
    assert (told.graded, told.unknown, told.unread, grades(log)) == (0, 1, 1, {})


def test_a_file_without_such_a_score_is_refused(log, tmp_path):
    path = write(tmp_path / "feedback.jsonl", [{"run_id": RUN, "key": "a", "score": 1.0}])
    with pytest.raises(DataError, match=r"no score 'b'. Export runs with their feedback"):
        import_feedback(log, path, score="b")


def test_a_score_that_grades_nothing_is_not_counted_by_name(log, tmp_path):
    rows = [{"run_id": RUN, "key": "user", "score": value} for value in (7, 0.5)]
    rows.append({"run_id": OTHER, "key": "user", "score": 1})
    told = import_feedback(log, write(tmp_path / "feedback.jsonl", rows))
    assert (told.graded, told.unread, told.unknown, told.names) == (1, 1, 1, {"user": 1})
