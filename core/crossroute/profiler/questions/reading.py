"""Passages that hold the answer among much that resembles it: short ones, and long ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from crossroute.profiler.questions.checkers import label, number
from crossroute.profiler.questions.graded_query import GradedQuery

A_LEVEL = 5
A_LONG_LEVEL = 4

_PEOPLE = (
    "Agnes",
    "Boris",
    "Carla",
    "Dmitri",
    "Elsa",
    "Farid",
    "Greta",
    "Hugo",
    "Irma",
    "Jonas",
    "Kaya",
    "Leo",
)
_TRADES = (
    "baker",
    "tailor",
    "pilot",
    "painter",
    "surgeon",
    "gardener",
    "plumber",
    "teacher",
    "miner",
    "clerk",
)
_TOWNS = (
    "Arden",
    "Brill",
    "Corve",
    "Dunmoor",
    "Elsby",
    "Farrow",
    "Gorst",
    "Hale",
    "Ivel",
    "Keld",
    "Lorne",
    "Marl",
)


def reading() -> Iterator[GradedQuery]:
    """Yield passages in which people, trades and towns change, and a question that one sentence decides."""
    random = Random("reading")
    for level, people in enumerate((3, 4, 6, 8), start=1):
        for _ in range(A_LEVEL):
            yield _passage(random, level, people)


def _passage(random: Random, level: int, people: int) -> GradedQuery:
    names, trades, towns = (random.sample(pool, people) for pool in (_PEOPLE, _TRADES, _TOWNS))
    town = dict(zip(names, towns, strict=True))
    sentences = [
        f"{name}, {'an' if trade[0] in 'aeiou' else 'a'} {trade}, lived in {town[name]}."
        for name, trade in zip(names, trades, strict=True)
    ]
    random.shuffle(sentences)
    for _ in range(level - 1):
        sentences.append(_move(random, town))
    who = random.randrange(people)
    subject = names[who] if level < 3 else f"the {trades[who]}"
    text = (
        f"{' '.join(sentences)}\n\nAccording to this text, in which town did {subject} live in the end? "
        "Answer with the name of the town only."
    )
    right = town[names[who]]
    return GradedQuery("reading", level, text, (right, _TOWNS), label, right)


def _move(random: Random, town: dict[str, str]) -> str:
    """Let someone move, in one of three wordings, and return the sentence."""
    mover, other = random.sample(sorted(town), 2)
    kind = random.randrange(3)
    if kind == 0:
        town[mover] = random.choice(_TOWNS)
        return f"Later {mover} moved to {town[mover]}, although {other} had advised against it."
    if kind == 1:
        town[mover] = town[other]
        return f"Then {mover} moved to the town where {other} lived."
    town[mover], town[other] = town[other], town[mover]
    return f"A year after that, {mover} and {other} exchanged their houses, each moving to the other's town."


def long_context() -> Iterator[GradedQuery]:
    """Yield ledgers of 20 to 120 entries, and a question about one entry, or about all of someone's."""
    random = Random("long context")
    for level, entries in enumerate((20, 45, 80, 120), start=1):
        for turn in range(A_LONG_LEVEL):
            yield _ledger(random, level, entries, whole=turn >= 2)


def _ledger(random: Random, level: int, entries: int, *, whole: bool) -> GradedQuery:
    rows = [
        (100 + i, random.choice(_PEOPLE), random.choice(_TOWNS), random.randrange(2, 98))
        for i in range(entries)
    ]
    listed = "\n".join(
        f"Entry {i}: {name} delivered {crates} crates to the warehouse in {town}."
        for i, name, town, crates in rows
    )
    at, name, town, crates = random.choice(rows)
    if whole:
        question = f"How many crates did {name} deliver to {town} in all entries together?"
        crates = sum(row[3] for row in rows if row[1:3] == (name, town))
    else:
        question = f"How many crates were delivered in entry {at}?"
    text = f"{listed}\n\n{question} Give the number only."
    return GradedQuery("long-context", level, text, float(crates), number, str(crates))
