"""Count the files of this project that a call passes, and print them as a Markdown table.

    python benchmarks/call_path.py          # the table
    python benchmarks/call_path.py --files  # and the files of each call

A file counts once if one of its functions is entered during the call; imports are not counted.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from langchain_core.language_models import FakeListChatModel
from llama_index.core.llms import MockLLM

from crossroute import Candidate, Outcomes, Pool, Price, Router, TrainingConfig, fit, load_encoder
from crossroute.routing.router import WIDEST_ROUTER
from langchain_crossroute import ChatCrossRoute
from llamaindex_crossroute import CrossRouteLLM

PACKAGES = ("crossroute", "langchain_crossroute", "llamaindex_crossroute")
ROOTS = tuple(str(Path(sys.modules[name].__file__ or "").parent) for name in PACKAGES)
PRICES = {"gpt-4o-mini": Price(input=0.15, output=0.6), "gpt-4o": Price(input=2.5, output=10)}
QUERY = "What is 17 * 23, and is it prime?"
TRAINING = TrainingConfig(epochs=2, clusters=4, members=1)


def list_files(call: Callable[[], object]) -> list[str]:
    """Return the sorted files of this project that a call enters, relative to the directory of their package."""
    entered: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            entered.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    within = {(file, root) for file in entered for root in ROOTS if file.startswith(f"{root}/")}
    return sorted(Path(file).relative_to(Path(root).parent).as_posix() for file, root in within)


def make_outcomes(first: int = 0, queries: int = 240) -> Outcomes:
    """Return synthetic outcomes of two models, one of which fails on a third of the queries."""
    numbers = range(first, first + queries)
    texts = [f"Add {number} to {'the double of ' * (number % 3)}{number + 1}." for number in numbers]
    fails = np.arange(queries) % 3 == 2
    shape = (queries, 2)
    unknown = np.full(shape, np.nan)
    return Outcomes(
        query_ids=tuple(map(str, range(queries))),
        texts=tuple(texts),
        tasks=("sums",) * queries,
        splits=tuple("validation" if number % 4 == 3 else "train" for number in range(queries)),
        pool=Pool(Candidate(name=name, price=price) for name, price in PRICES.items()),
        quality=np.stack([np.where(fails, 0.0, 1.0), np.ones(queries)], axis=1),
        cost=np.tile([1e-5, 1e-3], (queries, 1)),
        input_tokens=np.full(shape, 12.0),
        output_tokens=np.full(shape, 40.0),
        latency=unknown,
        answer_logprob=unknown,
    )


def make_calls() -> dict[str, Callable[[], object]]:
    """Return the calls by name, after making each once, so that one-time loading is not counted."""
    router = Router.from_pretrained(WIDEST_ROUTER)
    chat = ChatCrossRoute(
        models={name: FakeListChatModel(responses=["391"]) for name in PRICES}, router=router
    )
    llm = CrossRouteLLM(llms={name: MockLLM() for name in PRICES}, router=router)
    for text in (QUERY, f"{QUERY} And its half?"):
        chat.invoke(text)
        llm.complete(text)
        router.route(text)
    encoder = load_encoder("static")
    fit(make_outcomes(1000), encoder=encoder, config=TRAINING)
    known = make_outcomes()
    return {
        "`ChatCrossRoute.invoke`": lambda: chat.invoke(f"{QUERY} And its digits?"),
        "`CrossRouteLLM.complete`": lambda: llm.complete(f"{QUERY} And its divisors?"),
        "`Router.route`": lambda: router.route(f"{QUERY} And its root?"),
        "`fit`": lambda: fit(known, encoder=encoder, config=TRAINING),
    }


def main() -> None:
    """Print the table."""
    print("| call | files |\n|---|---|")
    found = {name: list_files(call) for name, call in make_calls().items()}
    for name, files in found.items():
        print(f"| {name} | {len(files)} |")
    if "--files" in sys.argv:
        for name, files in found.items():
            print(f"\n{name}\n\n" + "\n".join(f"- {file}" for file in files))


if __name__ == "__main__":
    main()
