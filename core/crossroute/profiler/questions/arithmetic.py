"""Sums, from two small numbers to several large ones, and what they come to in a story."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from crossroute.profiler.questions.checkers import number
from crossroute.profiler.questions.graded_query import GradedQuery

A_LEVEL = 5

_NAMES = ("Ana", "Ben", "Chen", "Dora", "Emil", "Fatima", "Goran", "Hana", "Ivo", "Jun")
_THINGS = ("apples", "pencils", "stickers", "tickets", "marbles", "cookies", "stamps", "buttons")


def arithmetic() -> Iterator[GradedQuery]:
    """Yield expressions whose value is asked for."""
    random = Random("arithmetic")
    for level, draw in enumerate((_sum, _product, _mixed, _long), start=1):
        for _ in range(A_LEVEL):
            expression, value = draw(random)
            text = f"What is {expression}? Give the number only."
            yield GradedQuery("arithmetic", level, text, float(value), number, f"{value}")


def _sum(random: Random) -> tuple[str, int]:
    a, b = random.randrange(12, 90), random.randrange(12, 90)
    return (f"{a} + {b}", a + b) if random.random() < 0.5 else (f"{a + b} - {b}", a)


def _product(random: Random) -> tuple[str, int]:
    a, b, c = random.randrange(12, 99), random.randrange(3, 10), random.randrange(10, 99)
    return (f"{a} * {b}", a * b) if random.random() < 0.5 else (f"{a} * {b} + {c}", a * b + c)


def _mixed(random: Random) -> tuple[str, int]:
    a, b, c = random.randrange(23, 99), random.randrange(12, 50), random.randrange(6, 13)
    d = random.randrange(3, 20)
    return f"({a} + {b}) * {c} - {d * c} / {c}", (a + b) * c - d


def _long(random: Random) -> tuple[str, int]:
    a, b, c = random.randrange(1203, 9999), random.randrange(213, 999), random.randrange(17, 97)
    return (f"{a} * {b}", a * b) if random.random() < 0.5 else (f"{a} * {c} + {b} * {b}", a * c + b * b)


def reasoning() -> Iterator[GradedQuery]:
    """Yield stories of two to seven steps."""
    random = Random("reasoning")
    for level, steps in enumerate((2, 3, 5, 7), start=1):
        for _ in range(A_LEVEL):
            story, value = _story(random, steps)
            text = f"{story} Think step by step, then end with 'Answer: ' and the number."
            yield GradedQuery("reasoning", level, text, float(value), number, f"Answer: {value}")


def _story(random: Random, steps: int) -> tuple[str, int]:
    """Return a story whose sentences each change how many things someone holds, and how many remain."""
    name, *friends = random.sample(_NAMES, len(_NAMES))
    thing = random.choice(_THINGS)
    held = random.randrange(12, 40)
    sentences = [f"{name} has {held} {thing}."]
    for friend in friends[:steps]:
        sentence, held = _step(random, friend, thing, held)
        sentences.append(sentence.replace("NAME", name))
    return f"{' '.join(sentences)} How many {thing} does {name} have now?", held


def _step(random: Random, friend: str, thing: str, held: int) -> tuple[str, int]:
    a, b = random.randrange(3, 9), random.randrange(4, 12)
    percent = random.choice((10, 20, 25, 50))
    halves = next(share for share in (2, 3, 5, 1) if held % share == 0)
    word = {2: "half", 3: "a third", 5: "a fifth"}.get(halves)
    steps = [
        (f"NAME buys {a} packs of {b} {thing} each.", held + a * b),
        (f"NAME finds {a + b} more {thing}, {a} of which are broken and thrown away.", held + b),
        (
            f"{friend}, who has {percent * 4} {thing}, gives {percent}% of them to NAME.",
            held + percent**2 // 25,
        ),
    ]
    if word:
        steps.append((f"NAME gives {word} of these {thing} to {friend}.", held - held // halves))
    if held > a * 4:
        steps.append((f"NAME gives {a} {thing} to each of 3 friends.", held - 3 * a))
    if held < 60:
        steps.append((f"NAME then wins as many {thing} as NAME already has.", held * 2))
    return random.choice(steps)
