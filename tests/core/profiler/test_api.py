import asyncio
import os
import runpy
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from crossroute import Price, ProfilingSettings, aprofile_model, profile_model
from crossroute.errors import DataError, SpendingLimitError
from crossroute.profiler.answerers import Answer
from crossroute.profiler.answers_file import AnswersFile, read_rows
from crossroute.profiler.questions import calibration_set
from tests.support.disks import full_beyond

FREE = Price(input=0, output=0)
QUERIES = calibration_set()[:40]
CHILD = """
import sys, time
from pathlib import Path
from crossroute import Price, profile_model
from crossroute.profiler.questions import calibration_set
def slow(text):
    time.sleep(0.05)
    return "42"
profile_model(slow, name="m", price=Price(input=0, output=0), queries=calibration_set()[:40], file=Path(sys.argv[1]))
"""


def test_a_killed_run_loses_nothing_and_counts_nothing_twice(tmp_path):
    file = tmp_path / "m.jsonl"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(file)])
    while len(read_rows(file)) < 10:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = read_rows(file)
    with file.open("ab") as torn:
        torn.write(b'{"query_id": "to')
    asked = []
    profile_model(lambda text: asked.append(text) or "42", name="m", price=FREE, queries=QUERIES, file=file)
    rows = read_rows(file)
    assert rows[: len(kept)] == kept
    assert sorted(row["query_id"] for row in rows) == sorted(query.query_id for query in QUERIES)
    assert len(asked) == len(QUERIES) - len(kept)


def test_a_corrected_reference_is_noticed_and_nothing_is_asked_again(tmp_path):
    file = tmp_path / "m.jsonl"
    wrong = [replace(query, reference=0, checker=lambda *_: 0.0) for query in QUERIES[:4]]
    profile_model(lambda _: "42", name="m", price=FREE, queries=wrong, file=file)
    with AnswersFile(file) as kept:  # an answer of a version that did not keep the text
        kept.replace(
            [kept.rows[0], *({k: v for k, v in row.items() if k != "answer"} for row in kept.rows[1:])]
        )
    right = [replace(query, checker=lambda answer, _: float(answer == "42")) for query in QUERIES[:4]]
    outcomes = profile_model(lambda _: 1 / 0, name="m", price=FREE, queries=right, file=file)
    assert outcomes.quality.ravel().tolist() == [1, 0, 0, 0]
    assert [row["quality"] for row in read_rows(file)] == [1, 0, 0, 0]


def test_a_corrected_price_corrects_what_the_answers_cost_but_for_a_cost_that_an_answer_told(tmp_path):
    file = tmp_path / "m.jsonl"
    said = {QUERIES[0].text: Answer(text="42", cost=0.5), QUERIES[1].text: Answer(text="42", input_tokens=3)}
    dear, cheap = Price(input=100, output=200), Price(input=1, output=2)
    profile_model(lambda text: said.get(text, "42"), name="m", price=dear, queries=QUERIES[:3], file=file)
    again = profile_model(lambda _: 1 / 0, name="m", price=cheap, queries=QUERIES[:3], file=file)
    anew = profile_model(lambda text: said.get(text, "42"), name="m", price=cheap, queries=QUERIES[:3])
    costs = [row["cost_usd"] for row in read_rows(file)]
    assert again.cost.ravel().tolist() == costs
    assert sorted(costs) == sorted(anew.cost.ravel())
    assert max(costs) == 0.5


def test_transient_errors_are_tried_again_and_others_end_the_run():
    failures = iter([TimeoutError(), ConnectionError()])

    async def flaky(text):
        for error in failures:
            raise error
        return ""

    settings = ProfilingSettings(longest_wait=0)
    outcomes = profile_model(flaky, name="m", price=FREE, queries=QUERIES, settings=settings)
    assert outcomes.quality.sum() == 0
    with pytest.raises(ZeroDivisionError):
        profile_model(lambda _: str(1 / 0), name="m", price=FREE, queries=QUERIES)


@pytest.mark.parametrize("bug", [KeyError, IndexError, AttributeError, TypeError])
def test_a_mistake_in_the_users_own_code_is_told_at_once_and_a_librarys_is_tried_again(tmp_path, bug):
    asked = []

    def mistaken(text):
        asked.append(text)
        raise bug("content")

    settings = ProfilingSettings(longest_wait=0, concurrency=1)
    with pytest.raises(bug):
        profile_model(mistaken, name="m", price=FREE, queries=QUERIES, settings=settings)
    assert len(asked) == 1
    client = tmp_path / "site-packages" / "client.py"
    client.parent.mkdir()
    client.write_text("def read(error):\n    raise error")
    read = runpy.run_path(str(client))["read"]
    failing = iter([bug("content")])

    def asking(text):
        for error in failing:
            read(error)
        return ""

    profile_model(asking, name="m", price=FREE, queries=QUERIES[:2], settings=settings)


def test_an_answer_that_cannot_be_kept_ends_the_run_and_is_not_asked_again(tmp_path):
    asked = []

    def answer(text):
        asked.append(text)
        return "42"

    settings = ProfilingSettings(concurrency=1)
    with full_beyond(100), pytest.raises(OSError, match="large"):
        profile_model(
            answer, name="m", price=FREE, queries=QUERIES, file=tmp_path / "m.jsonl", settings=settings
        )
    assert len(asked) == 1


def test_the_spending_limit_stops_the_run_and_keeps_what_was_answered(tmp_path):
    file, settings = tmp_path / "m.jsonl", ProfilingSettings(max_cost=1.0, concurrency=2)
    with pytest.raises(SpendingLimitError):
        profile_model(
            lambda _: Answer(text="42", cost=0.1),
            name="m",
            price=FREE,
            queries=QUERIES,
            file=file,
            settings=settings,
        )
    assert 0.7 <= sum(row["cost_usd"] for row in read_rows(file)) <= 1.0


class RefusedError(Exception):
    """What a provider's client raises for a query that it will not answer."""

    status_code = 400


def test_refused_queries_are_graded_0_where_others_are_answered(tmp_path):
    refused = {query.text for query in QUERIES[3:20:4]} | {QUERIES[-1].text}

    def picky(text):
        if text in refused:
            raise RefusedError
        return ""

    file, settings = tmp_path / "m.jsonl", ProfilingSettings(concurrency=2)
    profile_model(picky, name="m", price=FREE, queries=QUERIES, file=file, settings=settings)
    rows = read_rows(file)
    assert sorted(row["query_id"] for row in rows) == sorted(query.query_id for query in QUERIES)
    assert {row["text"] for row in rows if row.get("error") == "RefusedError"} == refused


def test_refusals_in_a_row_end_the_run_and_are_not_counted(tmp_path):
    file, settings = tmp_path / "m.jsonl", ProfilingSettings(concurrency=1)
    asked = []

    def out_of_credit(text):
        asked.append(text)
        if len(asked) > 10:
            raise RefusedError("your credit balance is too low")
        return ""

    with pytest.raises(RefusedError, match="credit"):
        profile_model(out_of_credit, name="m", price=FREE, queries=QUERIES, file=file, settings=settings)
    assert [row["text"] for row in read_rows(file)] == asked[:10]
    assert len(asked) == 16
    asked += asked  # it stays so: nothing was ever answered in this run
    with pytest.raises(RefusedError):
        profile_model(out_of_credit, name="m", price=FREE, queries=QUERIES)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows raises no signal for another thread")
def test_an_interrupt_within_a_running_event_loop_asks_no_further_query():
    handler, asked = signal.signal(signal.SIGINT, signal.default_int_handler), []

    def interrupting(text):
        asked.append(text)
        if len(asked) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.02)
        return "42"

    settings = ProfilingSettings(concurrency=2)

    async def notebook():
        with pytest.raises(KeyboardInterrupt):
            profile_model(interrupting, name="m", price=FREE, queries=QUERIES, settings=settings)

    loop = asyncio.new_event_loop()  # as of a notebook; asyncio.run would take the signal itself
    try:
        loop.run_until_complete(notebook())
    finally:
        loop.close()
        signal.signal(signal.SIGINT, handler)
    assert 4 <= len(asked) < len(QUERIES) / 2


def test_within_a_running_event_loop_both_ways_work():
    async def notebook():
        inner = profile_model(lambda _: "", name="m", price=FREE, queries=QUERIES[:3])
        outer = await aprofile_model(lambda _: "", name="m", price=FREE, queries=QUERIES[:3])
        return inner, outer

    for outcomes in asyncio.run(notebook()):
        assert outcomes.quality.tolist() == [[0]] * 3


def test_another_candidates_or_other_queries_answers_are_refused(tmp_path):
    file = tmp_path / "m.jsonl"
    profile_model(lambda _: "", name="m", price=FREE, queries=QUERIES[:3], file=file)
    with pytest.raises(DataError, match="holds answers of 'm', not of 'n'"):
        profile_model(lambda _: "", name="n", price=FREE, queries=QUERIES[:3], file=file)
    with pytest.raises(DataError, match="not one of these 2 queries"):
        profile_model(lambda _: "", name="m", price=FREE, queries=QUERIES[:2], file=file)
    grown = profile_model(lambda _: "42", name="m", price=FREE, queries=QUERIES[:5], file=file)
    assert len(grown.texts) == 5


def test_progress_and_costs_are_told_after_each_answer():
    told = []
    price = Price(input=1, output=1)
    profile_model(
        lambda _: Answer(text="", input_tokens=10, output_tokens=0),
        name="m",
        price=price,
        queries=QUERIES[:4],
        on_answer=told.append,
    )
    assert sorted(progress.answered for progress in told) == [1, 2, 3, 4]
    assert max(progress.cost for progress in told) == pytest.approx(4 * 10 / 1e6)
    assert {progress.wanted for progress in told} == {4}


def test_calls_are_no_more_than_the_rate_allows():
    settings, begun = ProfilingSettings(requests_per_minute=1200), time.monotonic()
    profile_model(lambda _: "", name="m", price=FREE, queries=QUERIES[:5], settings=settings)
    assert time.monotonic() - begun >= 4 * 60 / 1200
