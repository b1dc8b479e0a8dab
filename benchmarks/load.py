"""Make many concurrent calls with random faults, and count lost, mixed-up and miscounted calls.

    python benchmarks/load.py                  # 300 calls a row, some minutes
    python benchmarks/load.py --calls 10000 --timeout 100 --ways ainvoke

Each row is a process that calls a pool of real clients over local HTTP. "Own CPU" is the CPU time of a call outside of
the clients' requests, minus that of a call of the bare client, both including faults.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from fault_server import INPUT_TOKENS, KINDS, OUTPUT_TOKENS
from metering import Meter, MeteredThreads, meter_clients

NAMES = ("gpt-4o-mini", "gpt-4o-2024-08-06", "gpt-5")
WAYS = ("ainvoke", "astream", "invoke", "stream", "achat", "astream_chat", "chat", "stream_chat")
"""Methods of LangChain and LlamaIndex; synchronous ones run in threads."""

WARM, THREADS = 20, 64
CONNECTION_POOLS = 64
"""Number of connection pools of a client, since httpcore is slow with thousands of connections in a pool."""

SERVER = Path(__file__).with_name("fault_server.py")
Calls = Callable[[str], Coroutine[Any, Any, str]]
CLIENTS = Meter()
"""CPU time of the clients of this process."""


class Row(NamedTuple):
    """The results of a row."""

    lost: int
    mixed: int
    exact: bool
    seconds: float
    cpu_ms: float
    requests: float
    errors: Counter[str]


class Spread(httpx.BaseTransport):
    """Distribute requests over several connection pools in turn."""

    def __init__(self) -> None:
        many = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._pools = cycle([httpx.HTTPTransport(limits=many) for _ in range(CONNECTION_POOLS)])

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by the next pool."""
        return next(self._pools).handle_request(request)


class AsyncSpread(httpx.AsyncBaseTransport):
    """Distribute requests over several connection pools in turn, asynchronously."""

    def __init__(self) -> None:
        many = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._pools = cycle([httpx.AsyncHTTPTransport(limits=many) for _ in range(CONNECTION_POOLS)])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by the next pool."""
        return await next(self._pools).handle_async_request(request)


def make_clients(
    url: str, names: tuple[str, ...], way: str, timeout: float, *, at_once: bool = False
) -> dict[str, Any]:
    """Return a client for each name; for concurrent calls, with sufficient connection pools."""
    common: dict[str, Any] = {"api_key": "none", "max_retries": 0, "timeout": timeout}
    sync = httpx.Client(timeout=timeout, transport=Spread() if at_once else None)
    awaited = httpx.AsyncClient(timeout=timeout, transport=AsyncSpread() if at_once else None)
    if way.endswith("chat"):
        from llama_index.llms.openai import OpenAI

        return {
            name: OpenAI(
                model=name, api_base=f"{url}/{name}/v1", http_client=sync, async_http_client=awaited, **common
            )
            for name in names
        }
    from langchain_openai import ChatOpenAI

    return {
        name: ChatOpenAI(
            model=name,
            base_url=f"{url}/{name}/v1",
            stream_usage=True,
            http_client=sync,
            http_async_client=awaited,
            **common,
        )
        for name in names
    }


def make_asker(model: Any, way: str) -> Calls:
    """Return the function that asks a model or a pool a question."""

    def said(text: str) -> list[Any]:
        from llama_index.core.llms import ChatMessage

        return [ChatMessage(content=text)]

    usage = {"stream_options": {"include_usage": True}}

    async def ainvoke(text: str) -> str:
        return str((await model.ainvoke(text)).text)

    async def astream(text: str) -> str:
        return "".join([str(chunk.text) async for chunk in model.astream(text)])

    async def invoke(text: str) -> str:
        return str(model.invoke(text).text)

    async def stream(text: str) -> str:
        return "".join([str(chunk.text) for chunk in model.stream(text)])

    async def achat(text: str) -> str:
        return str((await model.achat(said(text))).message.content)

    async def astream_chat(text: str) -> str:
        chunks = [chunk async for chunk in await model.astream_chat(said(text), **usage)]
        return str(next(filter(None, (chunk.message.content for chunk in reversed(chunks))), ""))

    async def chat(text: str) -> str:
        return str(model.chat(said(text)).message.content)

    async def stream_chat(text: str) -> str:
        chunks = list(model.stream_chat(said(text), **usage))
        return str(next(filter(None, (chunk.message.content for chunk in reversed(chunks))), ""))

    ways = (ainvoke, astream, invoke, stream, achat, astream_chat, chat, stream_chat)
    return {ask.__name__: ask for ask in ways}[way]


def ask_all(ask: Calls, calls: int, *, threads: int) -> tuple[list[str | Exception], float]:
    """Ask questions concurrently, in one event loop or in threads, after a warm-up.

    Returns:
        The answers, and the CPU seconds of the calls outside of their clients' requests.
    """
    whole, within = Meter(), CLIENTS

    async def one(place: int) -> str | Exception:
        try:
            return str(await whole.awaited(ask(f"QID-{place}: what is {place} times {place + 1}?")))
        except Exception as error:
            return error

    def around() -> float:
        return whole.seconds - within.seconds

    async def all_of_them() -> tuple[list[str | Exception], float]:
        asyncio.get_running_loop().set_default_executor(MeteredThreads(whole))
        await asyncio.gather(*map(one, range(WARM)))
        before = around()
        answers = list(await asyncio.gather(*map(one, range(calls))))
        return answers, around() - before

    if not threads:
        return asyncio.run(all_of_them())
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda place: asyncio.run(one(place)), range(WARM)))
        before = around()
        answers = list(pool.map(lambda place: asyncio.run(one(place)), range(calls)))
    return answers, around() - before


def run_row(url: str, way: str, members: int, calls: int, timeout: float) -> Row:
    """Make the calls of a row, and count the results."""
    threads = 0 if way.startswith("a") else THREADS
    meter_clients(CLIENTS)
    (client,) = make_clients(url, NAMES[:1], way, timeout, at_once=True).values()
    few = min(calls, 500)
    bare = ask_all(make_asker(client, way), few, threads=threads)[1] / few
    models = make_clients(url, NAMES[:members], way, timeout, at_once=True)
    if way.endswith("chat"):
        from crossroute.routing.router import WIDEST_ROUTER
        from llamaindex_crossroute import CrossRouteLLM

        pool: Any = CrossRouteLLM(llms=models, router=WIDEST_ROUTER)
        pool.metadata  # noqa: B018
    else:
        from langchain_crossroute import ChatCrossRoute

        pool = ChatCrossRoute(models=models)
        pool.route("warm up")
    requests = _count_requests(pool)
    began = time.monotonic()
    answers, cpu = ask_all(make_asker(pool, way), calls, threads=threads)
    seconds = time.monotonic() - began
    lost = [answer for answer in answers if isinstance(answer, Exception)]
    answered = calls - len(lost)
    told = [re.fullmatch(rf"answer to QID-{place} by \S+", str(said)) for place, said in enumerate(answers)]
    total, counted = pool.spend.total, answered + WARM
    exact = (total.calls, total.usage.input_tokens, total.usage.output_tokens) == (
        counted,
        counted * INPUT_TOKENS,
        counted * OUTPUT_TOKENS,
    )
    asked = requests[0] * calls / counted  # without the warm-up
    own = (cpu - asked * bare) / calls * 1e3
    errors = Counter(type(error).__name__ for error in lost)
    return Row(len(lost), answered - sum(map(bool, told)), exact, seconds, own, asked, errors)


def _count_requests(pool: Any) -> list[int]:
    """Return a list with the number of requests of a pool, counted by an observer from now on."""
    from crossroute.calls.hooks import Called

    count = [0]

    class Counting:
        def decided(self, decision: Any) -> None:
            pass

        def called(self, call: Called) -> None:
            count[0] += 1

    ledger = pool._routing.dispatcher.ledger
    ledger.observers = (*ledger.observers, Counting())
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=300, help="a row")
    parser.add_argument("--share", type=float, default=0.3, help="of requests that fail, in [0, 1]")
    parser.add_argument("--kinds", default=",".join(KINDS), help='ways to fail; "late" breaks streams off')
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--members", default="3,2")
    parser.add_argument(
        "--timeout", type=float, default=6.0, help="seconds that clients wait; more on a slow machine"
    )
    parser.add_argument("--row", nargs=3, metavar=("URL", "WAY", "MEMBERS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.row:
        return print_row(given.row[0], given.row[1], int(given.row[2]), given.calls, given.timeout)
    allow_many_files()
    command = [sys.executable, str(SERVER), "0", str(given.share), given.kinds, str(given.timeout + 2)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().strip() if server.stdout else ""
        print(f"{given.calls:,} calls at once, {given.share:.0%} of requests fail: {given.kinds}")
        print(f"{'way':13} members   lost  mixed  spend  requests  seconds  own CPU ms a call", flush=True)
        failed = 0
        for way in given.ways.split(","):
            for members in given.members.split(","):
                asked = ["--row", f"http://127.0.0.1:{port}", way, members, "--calls", str(given.calls)]
                asked += ["--timeout", str(given.timeout)]
                failed += subprocess.run([sys.executable, __file__, *asked], check=False).returncode != 0
        server.terminate()
    sys.exit(failed)


def print_row(url: str, way: str, members: int, calls: int, timeout: float) -> None:
    allow_many_files()
    logging.getLogger("crossroute").setLevel(logging.ERROR)
    found = run_row(url, way, members, calls, timeout)
    told = "exact" if found.exact else "WRONG"
    print(
        f"{way:13} {members:7} {found.lost:6} {found.mixed:6}  {told}  {found.requests:8,.0f} {found.seconds:8.1f}"
        f" {found.cpu_ms:18.2f}",
        *(f"{name} {count}" for name, count in found.errors.most_common(4)),
        flush=True,
    )
    sys.exit(bool(found.lost or found.mixed or not found.exact))


def allow_many_files() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
