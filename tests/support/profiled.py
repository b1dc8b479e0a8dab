"""What profiling must stand, whichever framework's client asks: a provider's faults, and a process that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from crossroute import Price, ProfilingSettings, profile_model
from crossroute.profiler.answerers import Answerer
from crossroute.profiler.answers_file import read_rows
from crossroute.profiler.questions import calibration_set
from tests.support.wire import INPUT_TOKENS, OUTPUT_TOKENS, Received, WireServer

MODEL = "gpt-a"
PRICE = Price(input=1, output=10)
QUERIES = calibration_set()[:24]
CHILD = """
import sys
from pathlib import Path
from crossroute import ProfilingSettings, profile_model
from tests.support.profiled import MODEL, PRICE, QUERIES
{lines}
settings = ProfilingSettings(concurrency=4)
profile_model(ask, name=MODEL, price=PRICE, queries=QUERIES, file=Path(sys.argv[1]), settings=settings)
"""


def check_faults(ask: Answerer, server: WireServer, file: Path) -> None:
    """Each query is counted once: asked again where it failed, graded 0 where it was refused or left empty."""
    queries = QUERIES[:6]
    right = [query.example for query in queries]
    server.behave(MODEL, 429, 500, "drop", "ok", "ok", 400)
    for text in (right[0], "", "I cannot help with that.", right[4], right[5]):
        server.say(MODEL, text)
    settings = ProfilingSettings(concurrency=1, longest_wait=0)
    outcomes = profile_model(ask, name=MODEL, price=PRICE, queries=queries, file=file, settings=settings)
    rows = {row["query_id"]: row for row in read_rows(file)}
    assert len(read_rows(file)) == len(rows) == len(outcomes.query_ids) == len(queries)
    assert [rows[query.query_id]["quality"] for query in queries] == [1, 0, 0, 0, 1, 1]
    paid = PRICE.cost(input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS)
    assert [rows[query.query_id]["cost_usd"] for query in queries] == [paid, paid, 0, paid, paid, paid]
    assert "error" in rows[queries[2].query_id]
    assert [asked(request) for request in server.requests] == [
        *[queries[0].text] * 4,
        *[query.text for query in queries[1:]],
    ]


def check_kill(lines: str, ask: Answerer, server: WireServer, file: Path) -> None:
    """A killed process has lost no answer that it had recorded, and the next one asks for none of them.

    Args:
        lines: Of a program, which set `ask` to what profiling can ask.
        ask: The same, for the run that goes on.
        server: Which is asked.
        file: Of graded answers.
    """
    server.behave(MODEL, *["ok"] * 10, *["hang"] * 4)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", CHILD.format(lines=lines), str(file)]
    child = subprocess.Popen(command, env=environment)
    while child.poll() is None and (len(read_rows(file)) < 10 or len(server.requests) < 14):
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    kept, before = read_rows(file), len(server.requests)
    server.behave(MODEL)
    profile_model(ask, name=MODEL, price=PRICE, queries=QUERIES, file=file)
    rows = read_rows(file)
    assert rows[:10] == kept
    recorded = {row["text"] for row in kept}
    again = [asked(request) for request in server.requests[before:]]
    assert sorted(again) == sorted(query.text for query in QUERIES if query.text not in recorded)
    assert sorted(row["query_id"] for row in rows) == sorted(query.query_id for query in QUERIES)


def asked(request: Received) -> str:
    """Return the text of the last message."""
    return str(request.body["messages"][-1]["content"])
