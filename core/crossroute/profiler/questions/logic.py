"""Truth values, orders and people who lie: each puzzle has one solution, found by trying all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from crossroute.profiler.questions.checkers import label, listing
from crossroute.profiler.questions.graded_query import GradedQuery

A_LEVEL = 5
_NAMES = ("Ada", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus")


def logic() -> Iterator[GradedQuery]:
    """Yield formulas, who stands where in a row, and who lies."""
    random = Random("logic")
    for _ in range(A_LEVEL):
        yield _formula(random)
    for level, people in ((2, 3), (3, 5)):
        for _ in range(A_LEVEL):
            yield _row(random, level, people)
    for _ in range(A_LEVEL):
        yield _liars(random)


def _formula(random: Random) -> GradedQuery:
    values = [random.random() < 0.5 for _ in range(4)]
    negated = [random.random() < 0.5 for _ in range(4)]
    joins = [random.choice(("and", "or")) for _ in range(3)]
    terms = [f"(not {name})" if no else name for name, no in zip("ABCD", negated, strict=True)]
    truths = [value != no for value, no in zip(values, negated, strict=True)]
    left = _joined(joins[0], truths[0], truths[1])
    value = _joined(joins[2], _joined(joins[1], left, truths[2]), truths[3])
    given = ", ".join(f"{name} is {value}" for name, value in zip("ABCD", values, strict=True))
    text = (
        f"{given}. What is ((({terms[0]} {joins[0]} {terms[1]}) {joins[1]} {terms[2]}) {joins[2]} {terms[3]})? "
        "Answer with one word: True or False."
    )
    return GradedQuery("logic", 1, text, (str(value), ("True", "False")), label, str(value))


def _joined(join: str, one: bool, other: bool) -> bool:
    return (one and other) if join == "and" else (one or other)


def _row(random: Random, level: int, people: int) -> GradedQuery:
    order = random.sample(_NAMES, people)
    clues = [f"{order[i]} stands directly in front of {order[i + 1]}" for i in range(0, people - 1, 2)]
    clues += [f"{order[i]} stands somewhere in front of {order[i + 1]}" for i in range(1, people - 1, 2)]
    if people % 2:
        clues[-1] = f"{order[-1]} is last"
        clues += [f"{order[i]} stands somewhere in front of {order[i + 1]}" for i in range(1, people - 2, 2)]
    random.shuffle(clues)
    text = (
        f"{people} people stand in a row, one behind the other: {', '.join(sorted(order))}. "
        f"{'. '.join(dict.fromkeys(clues))}. Name all of them from the first to the last, separated by commas, "
        "after 'Answer: '."
    )
    return GradedQuery("logic", level, text, tuple(order), listing, f"Answer: {', '.join(order)}")


def _liars(random: Random) -> GradedQuery:
    """A puzzle of three people each of whom always lies or never does, with exactly one solution."""
    people = random.sample(_NAMES, 3)
    while True:
        claims = [_claim(random, speaker) for speaker in range(3)]
        worlds = [w for w in product((True, False), repeat=3) if _consistent(w, claims)]
        if len(worlds) == 1 and any(worlds[0]):
            break
    said = [
        f'{people[i]} says: "{people[about]} is a {"truth-teller" if truthful else "liar"}{tail}."'
        for i, (about, truthful, tail, _) in enumerate(claims)
    ]
    honest = [name for name, true in zip(people, worlds[0], strict=True) if true]
    text = (
        f"Each of {', '.join(people)} either always tells the truth or always lies. {' '.join(said)} "
        "Who tells the truth? Think, then end with 'Answer: ' and the names in alphabetical order, "
        "separated by commas."
    )
    answer = tuple(sorted(honest))
    return GradedQuery("logic", 4, text, answer, listing, f"Answer: {', '.join(answer)}")


Claim = tuple[int, bool, str, int | None]


def _claim(random: Random, speaker: int) -> Claim:
    """Draw (about whom, truthful or not, further words, another who is alike)."""
    one, other = random.sample([person for person in range(3) if person != speaker], 2)
    truthful = random.random() < 0.5
    if random.random() < 0.5:
        return one, truthful, "", None
    return one, truthful, " and so is the other one", other


def _consistent(world: tuple[bool, ...], claims: list[Claim]) -> bool:
    for speaker, (about, truthful, _, other) in enumerate(claims):
        true = world[about] == truthful and (other is None or world[other] == truthful)
        if true != world[speaker]:
            return False
    return True
