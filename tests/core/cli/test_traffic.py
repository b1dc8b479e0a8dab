"""crossroute traffic: what it refuses, and names of logs that are not there."""

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from typer.testing import CliRunner

from crossroute import Query, cli
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.spend import Usage
from crossroute.routing.members import Ability
from crossroute.traffic import TrafficLog
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


@pytest.mark.parametrize("name", ["", " ", None, 5])
def test_a_log_without_a_name_is_refused_at_once(name):
    with pytest.raises(ValueError, match=f"got {name!r}"):
        TrafficLog(name)
