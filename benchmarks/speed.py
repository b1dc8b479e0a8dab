"""Measure speed as ratios within one run: python benchmarks/speed.py.

The figures are median CPU times on one thread, alternating between actions every twenty calls, relative to MiniLM in
torch encoding the same 120 words. "Between encodings" is a decision directly after a call of MiniLM, which replaces the
content of the processor's caches. A cold start is the CPU time of a new interpreter.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from langchain_core.language_models import FakeListChatModel
from llama_index.core.llms import MockLLM

from crossroute import Query, Router, load_encoder
from crossroute.routing.router import WIDEST_ROUTER
from langchain_crossroute import ChatCrossRoute
from llamaindex_crossroute import CrossRouteLLM

TURNS, CALLS = 10, 20
MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-mini", "claude-opus-4-5")
"""Models of an integration."""

WORDS = """time year people way day man thing woman life child world school state family student group country
problem hand part place case week company system program question work government number night point home water room
mother area money story fact month lot right study book eye job word business issue side kind head house service
friend father power hour game line end member law car city community name""".split()  # noqa: SIM905 - prose


def main() -> None:
    torch.set_num_threads(1)
    router = Router.from_pretrained("routerbench")
    minilm, int8 = load_encoder("minilm"), load_encoder("onnx-int8:minilm")
    encoded = router.predictor.query_encoder.read([Query(make_text(0))])
    fresh = iter([make_text(seed) for seed in range(1, 6 * TURNS * CALLS)])
    known = next(fresh)

    def after_minilm() -> None:
        minilm.encode([known])
        start = time.thread_time()
        router.route(next(fresh))
        between.append((time.thread_time() - start) * 1e3)

    between: list[float] = []
    timed = measure(
        {
            "MiniLM in torch, one encoding": lambda: minilm.encode([next(fresh)]),
            "MiniLM in int8 on onnxruntime, one encoding": lambda: int8.encode([next(fresh)]),
            "static tier, one decision end to end": lambda: router.route(next(fresh)),
            "static tier, encoding alone": lambda: router.predictor.query_encoder.encode(
                [Query(next(fresh))]
            ),
            "the network alone": lambda: router.predictor.predict_encoded(encoded),
            "a repeated query, end to end": lambda: router.route(known),
        }
    )
    for _ in range(TURNS * CALLS // 4):
        after_minilm()
    timed["a decision between encodings of MiniLM"] = float(np.median(between))
    yardstick = timed["MiniLM in torch, one encoding"]
    print("| 120 words, one thread | median ms | of MiniLM in torch |\n|---|---|---|")
    for name, milliseconds in timed.items():
        print(f"| {name} | {milliseconds:.3f} | {milliseconds / yardstick:.4f} |")
    print()
    print("| an integration is made | ms |\n|---|---|")
    for name, milliseconds in time_integrations().items():
        print(f"| {name} | {milliseconds:.1f} |")
    print()
    print("| from a file | 1,000 queries | 10,000 queries |\n|---|---|---|")
    print("| peak memory, MB |", " | ".join(f"{measure_peak_memory(n):.0f}" for n in (1_000, 10_000)), "|")
    print()
    print("| cold start | CPU seconds | peak memory, MB |\n|---|---|---|")
    for name, code in {
        "import numpy, pydantic": "import numpy, pydantic",
        "from crossroute import Router": "from crossroute import Router",
        "crossroute route": "from crossroute.cli import app; app(['route', 'Hello?'], standalone_mode=False)",
        "import torch": "import torch",
    }.items():
        print(f"| {name} | {time_cold_start(code):.2f} | {measure_peak(code):.0f} |")


def make_text(seed: int) -> str:
    """Return 120 random words."""
    return " ".join(np.random.default_rng(seed).choice(WORDS, 120))


def measure(actions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return each action's median time in milliseconds; the actions take turns."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(TURNS):
        for name, action in actions.items():
            for _ in range(CALLS):
                start = time.thread_time()
                action()
                times[name].append((time.thread_time() - start) * 1e3)
    return {name: float(np.median(values)) for name, values in times.items()}


def time_integrations() -> dict[str, float]:
    """Return the milliseconds to create an integration, with cached dials.

    Medians, except for the first of a process.
    """
    chats = {name: FakeListChatModel(responses=["Yes."]) for name in MODELS}
    llms = {name: MockLLM() for name in MODELS}
    ways: dict[str, Callable[[tuple[str, ...]], object]] = {
        "LangChain": lambda names: ChatCrossRoute(models={name: chats[name] for name in names}),
        "LlamaIndex": lambda names: CrossRouteLLM(
            llms={name: llms[name] for name in names}, router=WIDEST_ROUTER
        ),
    }

    def timed(integration: str, names: tuple[str, ...]) -> float:
        start = time.thread_time()
        ways[integration](names)
        return (time.thread_time() - start) * 1e3

    pairs: list[tuple[str, ...]] = [*combinations(MODELS, 2)]
    triples: list[tuple[str, ...]] = [*combinations(MODELS, 3)]
    taken = {"the first of a process, LangChain": timed("LangChain", pairs[0])}
    for integration, pools in (("LangChain", pairs[1:]), ("LlamaIndex", triples)):
        for told in ("over other models", "over models as before"):
            taken[f"{told}, {integration}"] = float(np.median([timed(integration, names) for names in pools]))
    return taken


def measure_peak_memory(queries: int) -> float:
    """Return the peak memory in MB (on Linux) of a process that routes queries from standard input."""
    code = (
        "import sys; from crossroute import Router; router = Router.from_pretrained()\n"
        "for _ in router.route_many(sys.stdin): pass"
    )
    return measure_peak(code, "\n".join(map(make_text, range(queries))))


def measure_peak(code: str, given: str = "") -> float:
    """Return the peak memory in MB (on Linux) of a process that runs code."""
    # not getrusage, whose peak a child inherits from its parent
    told = (
        "\nimport pathlib, re\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    command = [sys.executable, "-c", code + told]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]) / 1024


def time_cold_start(code: str) -> float:
    """Return the median CPU time in seconds of a new interpreter that runs code."""
    times = []
    for _ in range(5):
        start = read_children_time()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(read_children_time() - start)
    return float(np.median(times))


def read_children_time() -> float:
    """Return the CPU time in seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
