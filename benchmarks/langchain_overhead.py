"""What ChatCrossRoute adds to a call of its member, beyond the decision itself.

    python benchmarks/langchain_overhead.py

Prints medians of calls to a chat model that answers at once: the member called directly, the decision alone
(of a text that is new each time), and the member called through the router.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_crossroute import ChatCrossRoute

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import offline  # noqa: E402

CALLS = 300


def main() -> None:
    member: BaseChatModel = FakeListChatModel(responses=["yes"])
    model = ChatCrossRoute(models={"small": member, "large": member}, router=offline.router())
    ways: dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]] = {
        "invoke": (member.invoke, model.invoke),
        "stream": (lambda text: list(member.stream(text)), lambda text: list(model.stream(text))),
        "ainvoke": (awaited(member.ainvoke), awaited(model.ainvoke)),
    }
    texts = (f"What is {number} plus {number}?" for number in range(10**9))
    milliseconds(model.invoke, texts)  # warms up
    decision = milliseconds(model.route, texts)
    print(f"decision alone: {decision:.3f} ms (median of {CALLS})")
    for way, (direct, routed) in ways.items():
        alone, through = milliseconds(direct, texts), milliseconds(routed, texts)
        beyond = through - alone - decision
        print(f"{way:8} member {alone:.3f} ms, routed {through:.3f} ms, beyond the decision {beyond:+.3f} ms")


def awaited(call: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a coroutine function as a plain one, on a loop that is there already."""
    loop = asyncio.new_event_loop()
    return lambda text: loop.run_until_complete(call(text))


def milliseconds(call: Callable[[str], Any], texts: Iterator[str]) -> float:
    """Return the median time of a call, each with a text that is new."""
    taken = []
    for _ in range(CALLS):
        text = next(texts)
        began = time.perf_counter()
        call(text)
        taken.append((time.perf_counter() - began) * 1e3)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
