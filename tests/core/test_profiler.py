import signal
import subprocess
import sys
import time

import pytest

from crossroute import Price, profile_model
from crossroute.answer import Answer
from crossroute.answers_file import read_rows
from crossroute.calibration import calibration_set
from crossroute.errors import SpendingLimitError
from crossroute.profiler import ProfilingSettings

FREE = Price(input=0, output=0)
QUERIES = calibration_set()[:40]
CHILD = """
import sys, time
from pathlib import Path
from crossroute import Price, profile_model
from crossroute.calibration import calibration_set
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
