"""What ChatCrossRoute adds to a call of its member, beyond the decision itself.

    python benchmarks/langchain_overhead.py

Prints medians of calls to a chat model that answers at once: the member called directly, the decision alone
(of a text that is new each time), and the member called through the router.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel, FakeListChatModel

from langchain_crossroute import ChatCrossRoute

WARM_UP, CALLS = 50, 500


def main() -> None:
    member: BaseChatModel = FakeListChatModel(responses=["yes"])
    model = ChatCrossRoute(models={"gpt-5": member, "gpt-4o-mini": member}, router="universal")
    ways: dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]] = {
        "invoke": (member.invoke, model.invoke),
        "stream": (lambda text: list(member.stream(text)), lambda text: list(model.stream(text))),
        "ainvoke": (awaited(member.ainvoke), awaited(model.ainvoke)),
    }
    texts = (f"What is {number} plus {number}?" for number in range(10**9))
    for way, (direct, routed) in ways.items():
        alone, decision, through = milliseconds((direct, model.route, routed), texts)
        beyond = through - alone - decision
        print(
            f"{way:8} member {alone:.3f} ms, decision {decision:.3f} ms, routed {through:.3f} ms: "
            f"beyond the decision {beyond:+.3f} ms"
        )


def awaited(call: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a coroutine function as a plain one, on a loop that is there already."""
    loop = asyncio.new_event_loop()
    return lambda text: loop.run_until_complete(call(text))


def milliseconds(calls: Sequence[Callable[[str], Any]], texts: Iterator[str]) -> list[float]:
    """Return each call's median time; they take turns, each with a text that is new."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(WARM_UP + CALLS):
        for call, times in zip(calls, taken, strict=True):
            text = next(texts)
            began = time.perf_counter()
            call(text)
            times.append((time.perf_counter() - began) * 1e3)
    return [statistics.median(times[WARM_UP:]) for times in taken]


if __name__ == "__main__":
    main()
