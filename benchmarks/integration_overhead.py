"""Measure the overhead of a call through an integration: python benchmarks/integration_overhead.py [TURNS].

The bare client and the integration both call a local server over HTTP with OpenAI's client. The figures are CPU times
of this process, without the server; each turn makes a few calls of both. "Beyond the decision" is the time of a call
through an integration minus those of the bare client and of `route`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any

import numpy as np
from load import SERVER, WARM, make_clients

TURNS, CALLS = 60, 5
NAMES = ("gpt-4o-mini", "gpt-4o-2024-08-06")
NUMBERS = count()
"""Numbers of the questions; each is asked once, since all calls share a router, which caches queries."""

Asked = Callable[[str], Any]


def main() -> None:
    """Print the table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    command = [sys.executable, str(SERVER), "0", "0", "500", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().strip() if server.stdout else ""
        print("| call | of the bare client | quartiles | beyond the decision, ms |\n|---|---|---|---|")
        for name, bare, routed, route in list_ways(f"http://127.0.0.1:{port}"):
            times = measure((bare, routed, route), turns)
            ratio = np.median(times[1]) / np.median(times[0])
            quartiles = np.quantile(times[1] / times[0], [0.25, 0.75])
            beyond = float(np.median(times[1]) - np.median(times[0]) - np.median(times[2]))
            print(
                f"| {name} | {ratio:.2f} | {quartiles[0]:.2f} to {quartiles[1]:.2f} | {beyond:.2f} |",
                flush=True,
            )
        server.terminate()


def list_ways(url: str) -> Iterator[tuple[str, Asked, Asked, Asked]]:
    """Yield name, call of the bare client, call through the integration, and the decision alone."""
    from llama_index.core.llms import ChatMessage

    from crossroute.routing.router import WIDEST_ROUTER
    from langchain_crossroute import ChatCrossRoute
    from llamaindex_crossroute import CrossRouteLLM

    loop = asyncio.new_event_loop()

    def awaited(call: Callable[[str], Coroutine[Any, Any, Any]]) -> Asked:
        return lambda text: loop.run_until_complete(call(text))

    async def read(chunks: Any) -> list[Any]:
        return [chunk async for chunk in chunks]

    def said(text: str) -> list[ChatMessage]:
        return [ChatMessage(content=text)]

    def streamed(model: Any) -> Asked:
        return lambda text: list(model.stream(text))

    def astreamed(model: Any) -> Asked:
        return awaited(lambda text: read(model.astream(text)))

    def chatted(model: Any) -> Asked:
        return lambda text: model.chat(said(text))

    def achatted(model: Any) -> Asked:
        return awaited(lambda text: model.achat(said(text)))

    models = make_clients(url, NAMES, "ainvoke", 60)
    client, chat = models[NAMES[0]], ChatCrossRoute(models=models, router=WIDEST_ROUTER)
    llms = make_clients(url, NAMES, "achat", 60)
    bare, llm = llms[NAMES[0]], CrossRouteLLM(llms=llms, router=WIDEST_ROUTER)
    router = llm._routing.dispatcher.router
    yield "LangChain, invoke", client.invoke, chat.invoke, router.route
    yield "LangChain, ainvoke", awaited(client.ainvoke), awaited(chat.ainvoke), router.route
    yield "LangChain, stream", streamed(client), streamed(chat), router.route
    yield "LangChain, astream", astreamed(client), astreamed(chat), router.route
    yield "LlamaIndex, chat", chatted(bare), chatted(llm), router.route
    yield "LlamaIndex, achat", achatted(bare), achatted(llm), router.route


def measure(calls: tuple[Asked, ...], turns: int) -> list[np.ndarray[Any, np.dtype[np.floating]]]:
    """Return each call's CPU milliseconds per turn; every call has a new text."""
    texts = (f"QID-{number}: what is {number} plus {number}?" for number in NUMBERS)
    for call in calls:
        for _ in range(WARM):
            call(next(texts))
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(turns):
        for call, times in zip(calls, taken, strict=True):
            began = time.process_time()
            for _ in range(CALLS):
                call(next(texts))
            times.append((time.process_time() - began) * 1e3 / CALLS)
    return [np.array(times) for times in taken]


if __name__ == "__main__":
    main()
