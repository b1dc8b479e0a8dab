"""120 short questions, and a router trained on how the two models of local_models.py answer them.

The examples of escalation ask twelve more.
"""

from __future__ import annotations

from typing import Any

from crossroute import Outcomes, Router, TrainingConfig, fit, priced
from crossroute.decision import Call

import local_models

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
"""120 questions with their answers, from which the router learns which model knows what, and what doubt looks like."""

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


def urls() -> dict[str, str]:
    """Start both models; return the base URL of each one's API.

    Ends the example, with the way to install them, where the packages are missing.
    """
    local_models.require()
    names = [candidate.name for candidate in local_models.CANDIDATES]
    return {name: f"{local_models.server(name, TEMPLATE).listening_address}/v1" for name in names}


def router() -> Router:
    """Ask both models every question of `LEARN`, and train a router on how they did."""
    splits = ("train", "train", "validation")
    queries = [
        {"query_id": text, "text": text, "task": " ".join(text.split()[:4]), "split": splits[place % 3]}
        for place, (text, _) in enumerate(LEARN)
    ]
    rows = [outcome(candidate.name, *question) for candidate in local_models.CANDIDATES for question in LEARN]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    outcomes = priced(Outcomes.from_rows(queries, columns, local_models.CANDIDATES))
    return fit(outcomes, TrainingConfig(clusters=3))


def outcome(name: str, question: str, answer: str) -> dict[str, Any]:
    """Ask a model one question, and return what it made of it."""
    request = {"messages": [{"role": "user", "content": question}], "logprobs": True, **SETTINGS}
    found = local_models.server(name, TEMPLATE).handle_chat_completions(request)
    choice, usage = found["choices"][0], found["usage"]
    logprobs = [token["logprob"] for token in (choice["logprobs"] or {}).get("content", ())]
    return {
        "query_id": question,
        "candidate": name,
        "quality": float(is_right(choice["message"]["content"], answer)),
        "input_tokens": float(usage["prompt_tokens"]),
        "output_tokens": float(usage["completion_tokens"]),
        "answer_logprob": sum(logprobs) / len(logprobs) if logprobs else float("nan"),
    }


def is_right(text: str, answer: str) -> bool:
    """Say whether an answer holds the expected word or number."""
    return answer.lower() in "".join(c if c.isalnum() else " " for c in text.lower()).split()


def line(call: Call) -> str:
    """Say what one call's answer showed, and what became of the chance that it is right."""
    named = {"mean log-probability": call.evidence.mean_logprob, "agreement": call.evidence.agreement}
    seen = [f"{name} {value:.2f}" for name, value in named.items() if value is not None]
    shown = ", ".join([*seen, *sorted(call.evidence.flaws)])
    return f"    {call.candidate:8}{call.prior:.2f} -> {call.posterior:.2f}  {shown}"
