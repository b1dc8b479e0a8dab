"""Load-test the server, and litellm's proxy with the same upstream: requests per second, latency, streams.

    python benchmarks/serve.py                                # about two minutes, without litellm
    python benchmarks/serve.py --litellm VENV/bin/python      # VENV/bin/pip install 'litellm[proxy]'
    python benchmarks/serve.py --streams 1000 --stream-seconds 60

All processes share this machine: the upstream (which answers immediately), the server and the client. Latency is the
difference from direct calls to the upstream.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import aiohttp
from echo_server import WORDS
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


async def read_first_piece(session: aiohttp.ClientSession, url: str, asked: dict[str, Any]) -> str:
    async with session.post(f"{url}/v1/chat/completions", json=asked) as response:
        return (await response.content.readany()).decode()


async def measure_latencies(
    ask: Callable[[aiohttp.ClientSession, str, dict[str, Any]], Any],
    url: str,
    model: str,
    calls: int,
    **more: Any,
) -> list[float]:
    """Return the seconds of sequential calls."""
    taken = []
    async with aiohttp.ClientSession() as session:
        for number in range(calls + 1):
            begun = time.perf_counter()
            await ask(session, url, make_body(f"What is {number} + 1?", model, **more))
            taken.append(time.perf_counter() - begun)
    return taken[1:]


async def count_answered(url: str, model: str, seconds: float, at_once: int) -> int:
    """Return the number of answered calls of concurrent clients."""
    done, until = 0, time.perf_counter() + seconds

    async def client(session: aiohttp.ClientSession, number: int) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await read_answer(session, url, make_body(f"What is {number} + {done}?", model))
            done += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(client(session, number) for number in range(at_once)))
    return done


async def run_streams(url: str, model: str, at_once: int, seconds: float) -> Counter[str]:
    """Run concurrent streams, each with its own text word by word, and count their results."""
    told: Counter[str] = Counter()
    until = time.perf_counter() + seconds

    async def client(session: aiohttp.ClientSession, number: int) -> None:
        while time.perf_counter() < until:
            asked = make_body(f"stream{number}", model, stream=True, seed=1000)
            try:
                async with session.post(f"{url}/v1/chat/completions", json=asked) as response:
                    text = (await response.read()).decode()
            except (aiohttp.ClientError, TimeoutError) as error:
                told[f"lost: {type(error).__name__}"] += 1
                continue
            words = re.findall(r"(stream\d+)#(\d+) ", text)
            if [int(at) for _, at in words] != list(range(WORDS)) or "[DONE]" not in text:
                told["cut"] += 1
            told["mixed" if {name for name, _ in words} - {f"stream{number}"} else "whole"] += 1

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(900)) as session:
        await asyncio.gather(*(client(session, number) for number in range(at_once)))
    return told


def measure_memory(process: subprocess.Popen[bytes]) -> float:
    """Return the resident memory of a process and its children."""
    total = 0
    for pid in (process.pid, *list_children(process.pid)):
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        total += int(re.findall(r"VmRSS:\s+(\d+)", status)[0])
    return total / 1024


def compute_percentiles(seconds: list[float]) -> tuple[float, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1e3, cuts[98] * 1e3


def write_litellm(python: str, folder: Path, upstream: str, port: int) -> list[str]:
    """Write a file for litellm's proxy, and return the command that starts it."""
    entry = {"model": "openai/gpt-5-mini", "api_base": f"{upstream}/v1", "api_key": "none"}
    config = {
        "model_list": [{"model_name": "gpt-5-mini", "litellm_params": entry}],
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},  # required to start
    }
    (folder / "litellm.json").write_text(json.dumps(config), "utf-8")  # JSON is YAML
    start = "import sys; sys.argv = ['litellm', *sys.argv[1:]]; from litellm import run_server; run_server()"
    return [python, "-c", start, "--config", f"{folder}/litellm.json", "--port", str(port)]


class Contender(NamedTuple):
    """A server with the requested model and its measurements so far."""

    label: str
    server: Server
    model: str
    done: list[tuple[float, float, float]]  # a round: requests, seconds, CPU seconds
    took: list[float]
    begun: list[float]

    async def measure(self, calls: int, seconds: float) -> None:
        """Add a round."""
        before, begun = measure_cpu(self.server.process), time.perf_counter()
        count = await count_answered(self.server.url, self.model, seconds, 32)
        self.done.append((count, time.perf_counter() - begun, measure_cpu(self.server.process) - before))
        self.took.extend(await measure_latencies(read_answer, self.server.url, self.model, calls))
        self.begun.extend(
            await measure_latencies(read_first_piece, self.server.url, self.model, calls, stream=True)
        )

    def row(self, base: Contender) -> str:
        """Format the measurements, with latency relative to the upstream."""
        requests, seconds, cpu = (sum(column) for column in zip(*self.done, strict=True))
        (middle, late), (first, _) = compute_percentiles(self.took), compute_percentiles(self.begun)
        rate = f"{requests / seconds:.0f} | {cpu / requests * 1e3:.2f}"
        if self is base:
            return f"| {self.label} | {rate} | ({middle:.2f} in all) | ({late:.2f}) | ({first:.2f}) |"
        (middle_0, late_0), (first_0, _) = compute_percentiles(base.took), compute_percentiles(base.begun)
        added = f"{middle - middle_0:.2f} | {late - late_0:.2f} | {first - first_0:.2f}"
        return f"| {self.label} | {rate} | {added} |"


def measure_cpu(process: subprocess.Popen[bytes]) -> float:
    """Return the CPU time of a process and its children, seconds."""
    ticks = 0
    for pid in (process.pid, *list_children(process.pid)):
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def compare_servers(folder: Path, upstream: Server, options: argparse.Namespace) -> None:
    """Measure all servers alternately, so that other load affects each of them."""
    async with AsyncExitStack() as stack:

        async def entered(label: str, command: list[str], port: int, path: str, **told: str) -> Contender:
            server = await stack.enter_async_context(start(command, port, path, **told))
            return Contender(label, server, "gpt-5-mini", [], [], [])

        port = find_free_port()
        own = await entered(
            "crossroute, a model by its name", write_config(folder, upstream.url, port), port, "/health/ready"
        )
        routed = Contender("crossroute, routed", own.server, "crossroute", [], [], [])
        contenders = [Contender("none: the upstream itself", upstream, "gpt-5-mini", [], [], []), own, routed]
        if options.litellm:
            port = find_free_port()
            told = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONPATH": ""}
            command = write_litellm(options.litellm, folder, upstream.url, port)
            contenders.append(await entered("litellm's proxy", command, port, "/health/liveliness", **told))
        for one in contenders:
            await count_answered(one.server.url, one.model, 2, 8)  # warm up
        for _ in range(options.rounds):
            for one in contenders:
                await one.measure(options.calls, options.seconds)
    print(
        "| server | requests a second | its CPU a request, ms | adds ms at p50 | at p99 | to the first token, p50 |"
    )
    print("|---|---|---|---|---|---|")
    for one in contenders:
        print(one.row(contenders[0]), flush=True)


async def run_many_streams(folder: Path, upstream: str, options: argparse.Namespace) -> None:
    port = find_free_port()
    async with start(write_config(folder, upstream, port), port, "/health/ready") as server:
        await run_streams(server.url, "crossroute", options.streams, 1)
        before = measure_memory(server.process)
        told = await run_streams(server.url, "crossroute", options.streams, options.stream_seconds)
        after = measure_memory(server.process)
    print(
        f"\n{options.streams:,} streams at once for {options.stream_seconds:g} s, a word a second each: ",
        end="",
    )
    print(f"{dict(told)}; memory {before:.0f} MB before, {after:.0f} MB after", flush=True)


async def main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with start_echo() as upstream:
            if "speed" in options.parts:
                await compare_servers(Path(folder), upstream, options)
            if "streams" in options.parts:
                await run_many_streams(Path(folder), upstream.url, options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--litellm", help="Python of an environment that has 'litellm[proxy]'.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=60, help="Calls per latency and round.")
    parser.add_argument("--seconds", type=float, default=2, help="Seconds per rate and round.")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--stream-seconds", type=float, default=60)
    parser.add_argument("--parts", nargs="*", default=["speed", "streams"])
    asyncio.run(main(parser.parse_args()))
