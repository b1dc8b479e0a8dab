"""crossroute traffic: what it refuses, and names of logs that are not there."""

import math

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from typer.testing import CliRunner

from crossroute import Query, cli
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.spend import Usage
from crossroute.cli.logs import format_cost, format_quality
from crossroute.errors import CrossRouteError
from crossroute.routing.members import Ability
from crossroute.traffic import TrafficLog, schema
from crossroute.traffic.estimates import Estimate
from crossroute.traffic.recorder import Recorder
from tests.support.routers import STORY, make_router


@pytest.fixture
def log(tmp_path):
    """Return the path of a log with one decision between `small` and `large`."""
    router = make_router()
    log = TrafficLog(tmp_path / "traffic.db")
    recorder = Recorder(log)
    dispatcher = Dispatcher(router, {"small": Ability(), "large": Ability()}, observers=[recorder])
    decision = dispatcher.attempts(dispatcher.decide(Query(STORY))).decision
    with dispatcher.ledger.entry(decision) as entry:
        entry.usage = Usage(input_tokens=20, output_tokens=100)
    log.close()
    return tmp_path / "traffic.db"


def say(*words):
    done = CliRunner().invoke(cli.app, [*map(str, words)])
    return done.exit_code, " ".join(done.output.split()), done.exception


def test_a_router_that_knows_none_of_a_logs_candidates_is_not_adopted(log):
    _, _, error = say("traffic", "adopt", log, "routerbench")
    assert "knows none of the log's candidates" in str(error)
    _, _, error = say("traffic", "back", log)
    assert "nothing to undo" in str(error)


def test_adopting_names_the_candidates_that_a_router_does_not_know(log, tmp_path):
    make_router().without("large").save_pretrained(tmp_path / "router")
    code, told, _ = say("traffic", "adopt", log, tmp_path / "router")
    assert (code, "Adopted router" in told, "does not know large" in told) == (0, True, True)


def test_a_log_without_answers_takes_any_router(tmp_path):
    log = TrafficLog(tmp_path / "new.db")
    log.counts()
    log.close()
    code, told, _ = say("traffic", "adopt", tmp_path / "new.db", "routerbench")
    assert (code, "Adopted router" in told) == (0, True)


@pytest.mark.parametrize("command", [["evaluate", "universal"], ["train"]])
@pytest.mark.parametrize("name", ["none.db", "none.sqlite", "notes.db"])
def test_what_only_can_be_a_log_is_refused_as_one(command, name, tmp_path):
    (tmp_path / "notes.db").write_text("no log " * 30)
    _, _, error = say(*command, tmp_path / name)
    assert "traffic log" in str(error)
    assert "`traffic=`" in str(error)


def test_a_log_without_grades_says_that_it_has_none(log):
    told = "No decision of this log is graded. Grade answers with log.feedback(decision_id, quality)."
    make_router().save_pretrained(log.parent / "router")
    for command in (
        ["evaluate", log.parent / "router", log],
        ["train", log, "--from", log.parent / "router"],
    ):
        assert str(say(*command)[2]) == told
    code, shown, _ = say("traffic", "report", log)
    assert (code, "No decision of this log is graded" in shown, "propensity" in shown) == (0, True, False)


def test_estimates_stay_within_what_quality_and_cost_can_be():
    assert format_quality(Estimate(0.999, 0.997, 1.002)) == "0.999 (0.997 to 1.000)"
    assert format_cost(Estimate(1.6e-5, -6e-6, 3.9e-5)) == "$0.000016 ($0 to $0.000039)"
    assert format_cost(Estimate(math.nan, math.nan, math.nan)) == "–"


def refuse(_):
    raise PermissionError("Incorrect API key provided")


def test_a_judge_that_fails_is_an_error_in_one_line(tmp_path, monkeypatch):
    log = TrafficLog(tmp_path / "traffic.db", keep_text=True)
    fixed = {"time": 0.0, "candidate": "a"}
    with log.writing() as connection:
        decided = {
            "router": "r",
            "propensity": 1.0,
            "willingness_to_pay": 1.0,
            "candidates": "[]",
            "tags": "[]",
        }
        connection.execute(
            schema.decisions.insert(), [fixed | decided | {"id": "d", "text": "What is 1 + 1?"}]
        )
        called = {"answered": True, "final": True, "answer": "2"}
        connection.execute(schema.calls.insert(), [fixed | called | {"id": "c", "decision_id": "d"}])
    log.close()
    (tmp_path / "own.py").write_text("from tests.core.cli.test_traffic import refuse\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    command = ["traffic", "judge", log._url.database, "--judge", "j=own:refuse", "--price", "j=1/2"]
    _, _, error = say(*command, "--share", 1)
    assert isinstance(error, CrossRouteError)
    assert str(error).startswith(
        "j: PermissionError: Incorrect API key provided. The answers so far are stored"
    )
    assert "--share must be above 0" in str(say(*command, "--share", 0)[2])


@pytest.mark.parametrize("name", ["", " ", None, 5])
def test_a_log_without_a_name_is_refused_at_once(name):
    with pytest.raises(ValueError, match=f"got {name!r}"):
        TrafficLog(name)
