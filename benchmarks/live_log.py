"""Measure the overhead of a traffic log per call, and test that concurrent processes lose and duplicate no rows."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import numpy as np
import sqlalchemy as sa

from crossroute import Decision, Query, Router
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.spend import Usage
from crossroute.routing.members import Ability
from crossroute.traffic import TrafficLog, schema
from crossroute.traffic.recorder import Recorder

PROCESSES, DECISIONS, FEEDBACKS = 32, 100_000, 10_000
ROUNDS, CALLS = 20, 100
QUERY = Query("What is 17 * 23?")


def print_log(router: Router, postgresql: str) -> None:
    """Print the overhead per call, and the rows written by 32 processes."""
    with tempfile.TemporaryDirectory() as folder:
        bare, kept = measure_overhead(router, f"{folder}/overhead.db")
        print("| a call's own path, without the model | microseconds |")
        print("|---|---|")
        rows = ("without a log", bare), ("with a log", kept), ("the log's part", kept - bare)
        print("\n".join(f"| {name} | {seconds * 1e6:.0f} |" for name, seconds in rows), end="\n\n")
        print(
            "| 32 processes | decisions | calls | feedbacks | ids that are double | seconds | bytes a decision |"
        )
        print("|---|---|---|---|---|---|---|")
        for name, url in (("SQLite", f"sqlite:///{folder}/many.db"), ("PostgreSQL", postgresql)):
            if url:
                print(f"| {name} | {write_concurrently(router, url)} |", flush=True)


def measure_overhead(router: Router, path: str) -> tuple[float, float]:
    """Return the median seconds of a call without and with a log, measured alternately.

    The time is the CPU time of the calling thread, without the writer's thread and other processes.
    """
    log = TrafficLog(path)
    recorder = Recorder(log)
    members = {name: Ability() for name in router.pool.names}
    ways = [Dispatcher(router, members), Dispatcher(router, members, observers=[recorder])]
    took: list[list[float]] = [[], []]
    for turn in range(2 * ROUNDS):
        way = turn % 2
        began = time.thread_time()
        for _ in range(CALLS):
            make_call(ways[way])
        took[way].append((time.thread_time() - began) / CALLS)
        log.flush()
    log.close()
    return float(np.median(took[0])), float(np.median(took[1]))


def make_call(dispatcher: Dispatcher) -> Decision:
    """Decide a call and count it, as an integration does."""
    decision = dispatcher.attempts(dispatcher.decide(QUERY)).decision
    with dispatcher.ledger.entry(decision) as entry:
        entry.usage = Usage(input_tokens=20, output_tokens=100)
    return entry.decision


def write_concurrently(router: Router, url: str) -> str:
    """Let many processes write to a log, and return a description of its content."""
    decision = router.route(QUERY)
    context, began = multiprocessing.get_context("fork"), time.perf_counter()
    writers = [
        context.Process(target=write, args=(url, router, decision, number)) for number in range(PROCESSES)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    seconds, log, counts = time.perf_counter() - began, TrafficLog(url), []
    with log.reading() as connection:
        for table in (schema.decisions, schema.calls, schema.feedback):
            counts.append(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        distinct = connection.execute(sa.select(sa.func.count(schema.decisions.c.id.distinct()))).scalar_one()
    log.close()
    place = Path(url.removeprefix("sqlite:///"))
    size = f"{place.stat().st_size / counts[0]:,.0f}" if place.is_file() else "–"
    told = " | ".join(f"{count:,}" for count in counts)
    return f"{told} | {counts[0] - distinct} | {seconds:.0f} | {size}"


def write(url: str, router: Router, decision: Decision, number: int) -> None:
    """Write a process's share of the decisions, each with a call and every tenth with feedback."""
    log = TrafficLog(url)
    recorder = Recorder(log)
    dispatcher = Dispatcher(router, {name: Ability() for name in router.pool.names}, observers=[recorder])
    for turn in range(DECISIONS // PROCESSES):
        own = decision.model_copy(update={"id": str(uuid4())})
        recorder.asked(own, QUERY, router)
        recorder.decided(own)
        with dispatcher.ledger.entry(own) as entry:
            entry.usage = Usage(input_tokens=20, output_tokens=100)
        if number + turn * PROCESSES < FEEDBACKS:
            log.feedback(own.id, 1.0)
    log.flush(timeout=300)
    log.close()
