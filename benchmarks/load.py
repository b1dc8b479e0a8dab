"""Many calls at once while a share of all requests fails: how many are lost, mixed up or miscounted.

    python benchmarks/load.py                  # 300 calls a row, some minutes
    python benchmarks/load.py --calls 10000

Each row is a process that calls a pool of real clients over HTTP on this machine. CPU of our own is what a call takes
beyond the requests that it makes, each of which is charged as the bare client's own requests are, faults included.
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
from pathlib import Path
from typing import Any, NamedTuple

from fault_server import INPUT_TOKENS, KINDS, OUTPUT_TOKENS

NAMES = ("gpt-4o-mini", "gpt-4o-2024-08-06", "gpt-5")
WAYS = ("ainvoke", "astream", "threads", "achat", "astream_chat")
"""How calls are made: LangChain's three, LlamaIndex's two."""

WARM = 20
SERVER = Path(__file__).with_name("fault_server.py")
Calls = Callable[[str], Coroutine[Any, Any, str]]


class Row(NamedTuple):
    """What a row of calls came to."""

    lost: int
    mixed: int
    exact: bool
    seconds: float
    cpu_ms: float
    requests: float
    errors: Counter[str]


def clients(url: str, names: tuple[str, ...], way: str, timeout: float) -> dict[str, Any]:
    """Return a client a name, its connection pool as wide as the calls are many."""
    import httpx

    many = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    connections: dict[str, Any] = {"limits": many, "timeout": timeout}
    common: dict[str, Any] = {"api_key": "none", "max_retries": 0, "timeout": timeout}
    sync, awaited = httpx.Client(**connections), httpx.AsyncClient(**connections)
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


def asking(model: Any, way: str) -> Calls:
    """Return what asks a model, or a pool, one question."""
    if way.endswith("chat"):
        from llama_index.core.llms import ChatMessage

        async def achat(text: str) -> str:
            return str((await model.achat([ChatMessage(content=text)])).message.content)

        async def astream_chat(text: str) -> str:
            said = ""
            chunks = await model.astream_chat(
                [ChatMessage(content=text)], stream_options={"include_usage": True}
            )
            async for chunk in chunks:
                said = chunk.message.content or said
            return said

        return achat if way == "achat" else astream_chat

    async def ainvoke(text: str) -> str:
        return str((await model.ainvoke(text)).text)

    async def astream(text: str) -> str:
        return "".join([str(chunk.text) async for chunk in model.astream(text)])

    async def invoke(text: str) -> str:
        return str(model.invoke(text).text)

    return {"ainvoke": ainvoke, "astream": astream, "threads": invoke}[way]


def at_once(ask: Calls, calls: int, *, threads: int = 0) -> tuple[list[str | Exception], float]:
    """Ask so many questions at once, in one event loop or in so many threads; return seconds of CPU, too.

    Some questions warm the clients up before.
    """

    async def one(place: int) -> str | Exception:
        try:
            return await ask(f"QID-{place}: what is {place} times {place + 1}?")
        except Exception as error:
            return error

    async def all_of_them() -> tuple[list[str | Exception], float]:
        await asyncio.gather(*map(one, range(WARM)))
        began = time.process_time()
        answers = list(await asyncio.gather(*map(one, range(calls))))
        return answers, time.process_time() - began

    if not threads:
        return asyncio.run(all_of_them())
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda place: asyncio.run(one(place)), range(WARM)))
        began = time.process_time()
        answers = list(pool.map(lambda place: asyncio.run(one(place)), range(calls)))
    return answers, time.process_time() - began


def bare_cpu(url: str, way: str, calls: int, timeout: float) -> float:
    """Return seconds of CPU that a request of the bare client takes, answered or failed."""
    (client,) = clients(url, NAMES[:1], way, timeout).values()
    ask, threads = asking(client, way), 64 if way == "threads" else 0
    return at_once(ask, calls, threads=threads)[1] / calls


def row(url: str, way: str, members: int, calls: int, timeout: float) -> Row:
    """Make the calls of a row, and count."""
    bare = bare_cpu(url, way, min(calls, 500), timeout)
    models = clients(url, NAMES[:members], way, timeout)
    if way.endswith("chat"):
        from crossroute.routing.router import WIDEST_ROUTER
        from llamaindex_crossroute import CrossRouteLLM

        pool: Any = CrossRouteLLM(llms=models, router=WIDEST_ROUTER)
        pool.metadata  # noqa: B018
    else:
        from langchain_crossroute import ChatCrossRoute

        pool = ChatCrossRoute(models=models)
        pool.route("warm up")
    requests = _counted(pool)
    began = time.monotonic()
    answers, cpu = at_once(asking(pool, way), calls, threads=64 if way == "threads" else 0)
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
    asked = requests[0] * calls / counted  # without the share of the warm-up
    own = (cpu - asked * bare) / calls * 1e3
    errors = Counter(type(error).__name__ for error in lost)
    return Row(len(lost), answered - sum(map(bool, told)), exact, seconds, own, asked, errors)


def _counted(pool: Any) -> list[int]:
    """Return a count of the requests that a pool will make: its attempts, told by the ledger of its calls."""
    from crossroute.calls.ledger import Called

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
    found = row(url, way, members, calls, timeout)
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
