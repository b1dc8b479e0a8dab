"""Measure the errors that clients of the server see during failures of a worker, a provider or Redis.

    python benchmarks/serve_faults.py

For eight seconds, eight clients request whole answers, and eight request streams of twenty words in half a second, each
on its own connection and without retries; the failure occurs after three seconds. Redis needs Debian's `redis-server`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
from served import (
    Server,
    find_free_port,
    list_children,
    make_body,
    read_answer,
    start,
    start_echo,
    write_config,
)

CLIENTS = 8
SECONDS = 8.0
BEFORE_S = 3.0
PAUSE_MS = 25
WAIT = "answer_timeout_s = 1"


class BrokenOffError(RuntimeError):
    """A stream without its end."""


async def read_stream(session: aiohttp.ClientSession, url: str, model: str) -> None:
    """Read a stream to its end.

    Raises:
        RuntimeError: It is rejected, or its last event is an error.
        BrokenOffError: It ends without a last event.
    """
    asked = make_body("What is 1 + 1?", model, stream=True, seed=PAUSE_MS)
    async with session.post(f"{url}/v1/chat/completions", json=asked) as response:
        if response.status != 200:
            raise RuntimeError(f"status {response.status}")
        events = (await response.text()).split("\n\n")
    *_, last = [event.removeprefix("data: ") for event in events if event]
    if last == "[DONE]":
        return
    error = json.loads(last).get("error")
    raise RuntimeError(f"last event: error {error['code']}") if error else BrokenOffError("no last event")


async def count_outcomes(url: str, model: str = "crossroute:1") -> str:
    """Return the results of calls during some seconds, and the longest duration of a whole answer."""
    told: dict[str, Counter[str]] = {"whole": Counter(), "streams": Counter()}
    longest, until = 0.0, time.perf_counter() + SECONDS

    async def client(kind: str) -> None:
        nonlocal longest
        while time.perf_counter() < until:
            begun = time.perf_counter()
            try:
                async with aiohttp.ClientSession() as session:
                    if kind == "streams":
                        await read_stream(session, url, model)
                    else:
                        await read_answer(session, url, make_body("What is 1 + 1?", model))
                told[kind]["answered"] += 1
            except (aiohttp.ClientError, RuntimeError) as error:
                told[kind][describe_error(error)] += 1
            if kind == "whole":
                longest = max(longest, time.perf_counter() - begun)

    await asyncio.gather(*(client(kind) for kind in told for _ in range(CLIENTS)))
    cells = (
        ", ".join(f"{count:,} {what}" for what, count in counts.most_common()) for counts in told.values()
    )
    return f"{' | '.join(cells)} | {longest * 1000:,.0f}"


def describe_error(error: Exception) -> str:
    """Describe the error that a client saw."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connection refused"
    return "connection broken" if isinstance(error, aiohttp.ClientError) else str(error)


async def print_row(fault: str, server: Server, strike: Callable[[], None] | None = None) -> None:
    """Print what clients see during a failure that starts after some seconds, or that lasts all the time."""
    seen = asyncio.create_task(count_outcomes(server.url))
    if strike is not None:
        await asyncio.sleep(BEFORE_S)
        strike()
    print(f"| {fault} | {await seen} |", flush=True)


@asynccontextmanager
async def serve(folder: Path, upstream: str, **how: object) -> AsyncIterator[Server]:
    port = find_free_port()
    command = write_config(folder, upstream, port, **how)  # type: ignore[arg-type]
    async with start(command, port, "/health/ready") as server:
        yield server


async def main() -> None:
    print("| fault | whole answers | streams | longest whole, ms |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        async with start_echo() as upstream:
            async with serve(folder, upstream.url) as server:
                await print_row("none", server)
            async with serve(folder, upstream.url, workers=2) as server:

                def kill() -> None:
                    os.kill(max(list_children(server.process.pid)), signal.SIGKILL)

                await print_row("kill -9 of one of two workers", server, kill)
            for path, fault in (
                ("hangs", "a model's provider says nothing, 1 s allowed"),
                ("falls-silent", "a model's provider falls silent within streams, 1 s allowed"),
                ("all-hang", "no model's provider says anything, 1 s allowed"),
            ):
                async with serve(folder, upstream.url, server=WAIT, path=f"{path}/v1") as server:
                    await print_row(fault, server)
            await break_redis(folder, upstream.url)


async def break_redis(folder: Path, upstream: str) -> None:
    """Print what clients see if Redis, with budgets and rates, hangs or is stopped."""
    program = shutil.which("redis-server")
    for fault, sign in (("Redis hangs", signal.SIGSTOP), ("Redis is gone", signal.SIGKILL)):
        if program is None:
            print(f"| {fault} | not run: redis-server is not installed | | |")
            continue
        port = find_free_port()
        command = [program, "--port", str(port), "--save", "", "--dir", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as redis:
            settings = f'redis = "redis://127.0.0.1:{port}/0"\n[[server.budgets]]\nusd = 100.0'
            async with serve(folder, upstream, server=settings) as server:
                await print_row(fault, server, partial(redis.send_signal, sign))
            redis.kill()


if __name__ == "__main__":
    asyncio.run(main())
