"""The log: nothing is lost or double, feedback is durable, a database in trouble disturbs no call."""

from __future__ import annotations

import copy
import logging
import multiprocessing
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from uuid import UUID, uuid4

import pytest

sa = pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute import Query  # noqa: E402
from crossroute.calls.dispatch import Dispatcher  # noqa: E402
from crossroute.calls.settings import CallSettings  # noqa: E402
from crossroute.calls.spend import Usage  # noqa: E402
from crossroute.encoder.features import SCORES  # noqa: E402
from crossroute.errors import TrafficError  # noqa: E402
from crossroute.routing.members import Ability  # noqa: E402
from crossroute.traffic import TrafficLog, labelled, schema  # noqa: E402
from crossroute.traffic.recorder import Recorder  # noqa: E402
from crossroute.traffic.registry import adopt, go_back, read_adopted  # noqa: E402
from tests.support.routers import CODE, STORY, make_router  # noqa: E402

D = str(uuid4())


@pytest.fixture(scope="module")
def router():
    return make_router()


@pytest.fixture
def log(tmp_path):
    log = TrafficLog(tmp_path / "traffic.db")
    yield log
    log.close()


def dispatcher_to(log, router, **settings):
    recorder = Recorder(log)
    dispatcher = Dispatcher(
        router, {"small": Ability(), "large": Ability()}, observers=[recorder], **settings
    )
    recorder.follow(dispatcher)
    return dispatcher, recorder


def answer(dispatcher, text=STORY, usage=None):
    decision = dispatcher.attempts(dispatcher.decide(Query(text))).decision
    with dispatcher.ledger.entry(decision) as entry:
        entry.usage = usage or Usage(input_tokens=20, output_tokens=100)
    return entry.decision


def rows(log, table):
    with log.reading() as connection:
        return connection.execute(sa.select(table)).all()


def test_a_decision_its_call_and_its_feedback_are_rows(log, router):
    dispatcher, _ = dispatcher_to(log, router)
    with labelled(["support"], conversation_id="c-1", run_id="r-1", trace_id="t-1"):
        decision = answer(dispatcher)
    log.feedback(decision.id, 4, scale="stars")
    [decided], [called], [graded] = (rows(log, t) for t in (schema.decisions, schema.calls, schema.feedback))
    assert (decided.id, decided.candidate, decided.propensity) == (decision.id, decision.candidate, 1)
    assert (decided.tags, decided.conversation_id, decided.run_id) == ('["support"]', "c-1", "r-1")
    assert decided.text is None
    assert len(decided.query) == 2 * (router.predictor.network.config.width + SCORES)
    assert (called.decision_id, called.input_tokens, called.output_tokens) == (decision.id, 20, 100)
    assert called.cost == pytest.approx(decision.actual_cost)
    assert (graded.quality, graded.source) == (0.75, "user")


def test_a_query_that_was_only_routed_is_no_row(log, router):
    dispatcher, _ = dispatcher_to(log, router)
    dispatcher.decide(Query(STORY))
    assert rows(log, schema.decisions) == []


def test_text_is_kept_on_request_alone(tmp_path, router):
    log = TrafficLog(tmp_path / "traffic.db", keep_text=True)
    dispatcher, _ = dispatcher_to(log, router)
    answer(dispatcher, "nul \0 and half \ud83d a character")
    assert rows(log, schema.decisions)[0].text == "nul  and half ? a character"


def test_of_one_source_the_last_grade_stands(log):
    for grade, source in ((0.2, "user"), (0.9, "user"), (0.5, "judge")):
        log.feedback(D, grade, source=source)
    assert {(row.source, row.quality) for row in rows(log, schema.feedback)} == {
        ("user", 0.9),
        ("judge", 0.5),
    }


def test_feedback_that_is_no_grade_is_refused(log):
    with pytest.raises(ValueError, match=r"7 is not on the scale 'stars'; expected a number from 1 to 5"):
        log.feedback(D, 7, scale="stars")
    with pytest.raises(ValueError, match="Unknown scale 'points'"):
        log.feedback(D, 7, scale="points")


def test_an_id_is_known_in_any_spelling_of_it(log, router):
    dispatcher, _ = dispatcher_to(log, router)
    decision = answer(dispatcher)
    for spelled, grade in ((decision.id.upper(), 0.1), (f" {decision.id}\n", 0.2), (UUID(decision.id), 0.3)):
        log.feedback(spelled, grade)
    [graded] = rows(log, schema.feedback)
    assert (graded.decision_id, graded.quality) == (decision.id, 0.3)


@pytest.mark.parametrize("told", [None, "", "run--7", "chatcmpl-123", 5])
def test_what_is_no_decisions_id_is_refused(log, told):
    with pytest.raises(
        ValueError, match=r"is not the id of a decision. An answer carries it as response_metadata"
    ):
        log.feedback(told, 1.0)


@pytest.mark.parametrize(
    "label", [{"source": ""}, {"source": None}, {"source": "x" * 65}, {"candidate": "x" * 201}]
)
def test_a_label_that_the_tables_cannot_hold_is_refused(log, label):
    with pytest.raises(ValueError, match=f"A {next(iter(label))} is a text of 1 to "):
        log.feedback(D, 1.0, **label)


@pytest.mark.parametrize("open_log", [TrafficLog, TrafficLog.of, TrafficLog.existing])
@pytest.mark.parametrize("scheme", ["", "sqlite:///"])
def test_a_file_of_another_kind_is_refused_and_left_alone(open_log, scheme, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TrafficError, match="not a SQLite file"):
        open_log(f"{scheme}{tmp_path / 'notes.txt'}")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_its_usual_spellings(scheme):
    url = schema.to_url(f"{scheme}://user:sesame@host/name")
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg://user:sesame@host/name"


def test_another_database_is_refused_with_what_is_taken():
    with pytest.raises(ValueError, match=r"got 'mysql'. Expected sqlite:///traffic.db"):
        TrafficLog("mysql://user@host/name")


def test_an_error_leaves_its_type_alone(log, router):
    dispatcher, _ = dispatcher_to(log, router)
    decision = dispatcher.attempts(dispatcher.decide(Query(STORY))).decision
    with pytest.raises(TimeoutError), dispatcher.ledger.entry(decision):
        raise TimeoutError("the secret")
    [called] = rows(log, schema.calls)
    assert (called.error, called.answered, called.cost) == ("TimeoutError", False, None)
    assert "the secret" not in str(called)


def test_errors_of_the_database_do_not_show_texts_of_queries(tmp_path, router, caplog):
    log = TrafficLog(tmp_path / "traffic.db", keep_text=True)
    dispatcher, _ = dispatcher_to(log, router)
    with log.writing() as connection:
        refusal = "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        connection.execute(sa.text(f"CREATE TRIGGER refuse BEFORE INSERT ON crossroute_decisions {refusal}"))
    with pytest.raises(sa.exc.IntegrityError) as caught, log.writing() as connection:
        connection.execute(sa.insert(schema.adoptions).values(reason="the secret"))
    assert "the secret" not in str(caught.value)
    dispatcher.attempts(dispatcher.decide(Query("the secret")))
    log.flush()
    assert log.lost == 1
    assert "the secret" not in caplog.text


def check_that_it_is_told_once(log, dispatcher, caplog, calls):
    with caplog.at_level(logging.WARNING, "crossroute.traffic"):
        for _ in range(calls):
            answer(dispatcher)
            assert not log.flush(timeout=5)
    assert sum("cannot be written" in record.message for record in caplog.records) == 1


def test_a_database_that_is_down_is_told_once_and_calls_go_on(tmp_path, router, caplog):
    log = TrafficLog(tmp_path / "missing" / "traffic.db")
    dispatcher, _ = dispatcher_to(log, router)
    check_that_it_is_told_once(log, dispatcher, caplog, calls=3)
    (tmp_path / "missing").mkdir()
    assert len(rows(log, schema.decisions)) == 3  # nothing was lost meanwhile


def test_a_damaged_database_is_told_once_with_the_reason_and_left_as_it_is(tmp_path, router, caplog):
    content = b"SQLite format 3\0" + b"x" * 5_000
    (tmp_path / "notes.db").write_bytes(content)
    log = TrafficLog(tmp_path / "notes.db")
    dispatcher, _ = dispatcher_to(log, router)
    check_that_it_is_told_once(log, dispatcher, caplog, calls=2)
    assert "notes.db cannot be used (file is not a database)" in caplog.text
    assert log.lost == 0
    with pytest.raises(TrafficError, match=r"notes\.db cannot be used \("):
        TrafficLog.existing(tmp_path / "notes.db").counts()
    assert (tmp_path / "notes.db").read_bytes() == content


def test_what_is_old_is_pruned(log, router):
    dispatcher, _ = dispatcher_to(log, router)
    log.feedback(answer(dispatcher).id, 1.0)
    log.flush()
    assert log.prune(days=1) == 0
    with log.writing() as connection:
        connection.execute(sa.update(schema.decisions).values(time=time.time() - 3 * 86_400))
    assert log.prune(days=1) == 1
    assert [rows(log, t) for t in (schema.decisions, schema.calls, schema.feedback)] == [[], [], []]


def test_a_log_of_another_version_is_refused(log, tmp_path):
    log.feedback(D, 1.0)
    with log.writing() as connection:
        connection.execute(sa.update(schema.meta).values(value="99"))
    with pytest.raises(TrafficError, match="is a traffic log of version 99; this crossroute reads version 2"):
        TrafficLog(tmp_path / "traffic.db").feedback(D, 1.0)


def test_a_log_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(TrafficError, match="There is no traffic log"):
        TrafficLog.existing(tmp_path / "none.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(TrafficError, match="has no traffic log"):
        TrafficLog.existing(tmp_path / "other.db").feedback(D, 1.0)


def test_a_password_is_shown_nowhere():
    log = TrafficLog("postgresql+psycopg://user:sesame@host/name")
    assert "sesame" not in repr(log)
    assert repr(pickle.loads(pickle.dumps(log))) == repr(log)  # noqa: S301
    assert copy.deepcopy(log) is log


def test_an_integration_takes_the_adopted_router_over_and_goes_back(log, router):
    dispatcher, recorder = dispatcher_to(log, router)
    own = dispatcher.router
    mark = adopt(log, router.without("coder", "free"))
    recorder._looked = 0.0
    recorder.look()
    assert (read_adopted(log), len(dispatcher.router.pool)) == (mark, 2)
    assert dispatcher.router is not own
    assert go_back(log) is None
    recorder._looked = 0.0
    recorder.look()
    assert len(dispatcher.router.pool) == len(own.pool)
    with pytest.raises(TrafficError, match="nothing to undo"):
        go_back(log)


def test_a_router_that_does_not_know_the_members_is_not_taken_over(log, router, caplog):
    dispatcher, recorder = dispatcher_to(log, router)
    adopt(log, router.without("large"))
    recorder._looked = 0.0
    with caplog.at_level(logging.WARNING, "crossroute.traffic"):
        recorder.look()
    assert "cannot be used" in caplog.text
    assert "large" in dispatcher.router.pool


def test_exploration_is_logged_with_its_propensities(log, router):
    dispatcher, _ = dispatcher_to(log, router, exploration=0.5)
    for number in range(30):
        answer(dispatcher, f"{CODE} {number}")
    told = rows(log, schema.decisions)
    assert {row.propensity for row in told} <= {1.0, 0.5}


def test_shadow_mode_logs_what_would_have_been_chosen(log, router):
    dispatcher, _ = dispatcher_to(log, router, shadow="large")
    would = Dispatcher(router, {"small": Ability(), "large": Ability()}).decide(Query(STORY)).candidate
    assert would == "small"
    answer(dispatcher)
    [row] = rows(log, schema.decisions)
    assert (row.candidate, row.would, row.propensity) == ("large", "small", 1.0)


DIES = """
import os, signal, sys, time
from crossroute import Query
from crossroute.calls.dispatch import Dispatcher
from crossroute.routing.members import Ability
from crossroute.traffic import TrafficLog
from crossroute.traffic.recorder import Recorder

dispatcher = Dispatcher(
    sys.argv[2], {"small": Ability(), "large": Ability()}, observers=[Recorder(TrafficLog(sys.argv[1]))]
)
for number in range(20):
    dispatcher.attempts(dispatcher.decide(Query(f"What is {number}?")))
time.sleep(1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_loses_at_most_the_last_second(tmp_path, router):
    router.save_pretrained(tmp_path / "router")
    ended = subprocess.run(
        [sys.executable, "-c", DIES, tmp_path / "traffic.db", tmp_path / "router"], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(rows(TrafficLog(tmp_path / "traffic.db"), schema.decisions)) == 20


def _write_after_fork(log, dispatcher, count):
    for _ in range(count):
        answer(dispatcher)
    log.close()


def test_processes_that_were_forked_write_what_is_theirs(log, router):
    dispatcher, _ = dispatcher_to(log, router)
    answer(dispatcher)
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_write_after_fork, args=(log, dispatcher, 10)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert len(rows(log, schema.decisions)) == len(rows(log, schema.calls)) == 31


def grade(log, router, candidate, quality, times=60):
    """Have one candidate answer some calls, and grade them."""
    dispatcher, recorder = dispatcher_to(log, router)
    for number in range(times):
        settings = CallSettings(candidate=candidate)
        decision = dispatcher.attempts(dispatcher.decide(Query(f"{STORY} {number}"), settings)).decision
        with dispatcher.ledger.entry(decision) as entry:
            entry.usage = Usage(input_tokens=20, output_tokens=100)
        log.feedback(decision.id, quality)
    log.flush()
    return dispatcher, recorder


def studied(recorder):
    recorder._looked = recorder._study_at = 0.0
    recorder.look()


def test_drift_is_told_once_in_the_log(log, router, caplog):
    _, recorder = grade(log, router, "large", 0.05)
    with caplog.at_level(logging.WARNING, "crossroute.traffic"):
        studied(recorder)
        log.feedback(str(uuid4()), 1.0)
        studied(recorder)
    told = [record.message for record in caplog.records if "quality of large has drifted" in record.message]
    assert len(told) == 1


@pytest.mark.parametrize("learn", [True, False])
def test_a_log_that_learns_moves_the_router_as_grades_come(tmp_path, router, learn):
    log = TrafficLog(tmp_path / "traffic.db", learn=learn)
    dispatcher, recorder = grade(log, router, "large", 0.05)
    before = dispatcher.router.predict([STORY]).quality
    studied(recorder)
    after = dispatcher.router.predict([STORY]).quality
    large = dispatcher.router.pool.names.index("large")
    assert bool(after[0, large] < before[0, large] - 0.2) is learn
    log.close()


def test_learning_twice_keeps_what_the_router_was_shown_before(tmp_path, router):
    shown = router.calibrated([f"{CODE} {number}" for number in range(60)])
    log = TrafficLog(tmp_path / "traffic.db", learn=True)
    dispatcher, recorder = grade(log, shown, "large", 1.0, times=3)
    read = shown.predictor.doubt.tensors["usual_read"]
    for grades in range(2):
        studied(recorder)
        assert (dispatcher.router.predictor.doubt.tensors["usual_read"] == read).all(), grades
        assert dispatcher.router.predictor.lessons is not None
        log.feedback(str(uuid4()), 1.0)
    log.close()


@pytest.mark.parametrize("days", [-1, float("nan"), float("inf")])
def test_what_is_no_number_of_days_prunes_nothing(log, router, days):
    dispatcher, _ = dispatcher_to(log, router)
    answer(dispatcher)
    log.flush()
    with pytest.raises(ValueError, match="days must be a number, at least 0"):
        log.prune(days)
    assert len(rows(log, schema.decisions)) == 1
