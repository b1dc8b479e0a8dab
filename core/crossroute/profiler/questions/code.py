"""Python to read (what does it print?) and to write (an expression, checked by its worth)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from crossroute.profiler.questions.checkers import phrase
from crossroute.profiler.questions.expression import solved, worth
from crossroute.profiler.questions.graded_query import GradedQuery

A_LEVEL = 5


def code_reading() -> Iterator[GradedQuery]:
    """Yield programs whose output is asked for; each is computed here beside its text."""
    random = Random("code reading")
    draws: tuple[Callable[[Random], tuple[str, int | str]], ...] = (_total, _filtered, _nested, _recursive)
    for level, draw in enumerate(draws, start=1):
        programs: dict[str, int | str] = {}
        while len(programs) < A_LEVEL:
            program, printed = draw(random)
            programs[program] = printed
        for program, printed in programs.items():
            text = f"What does this Python program print? Give the output only.\n\n{program}"
            yield GradedQuery("code-reading", level, text, (str(printed),), phrase, str(printed))


def _total(random: Random) -> tuple[str, int]:
    xs = [random.randrange(1, 10) for _ in range(4)]
    k = random.randrange(2, 5)
    program = f"total = 0\nfor x in {xs}:\n    total = total + x * {k}\nprint(total)"
    return program, sum(xs) * k


def _filtered(random: Random) -> tuple[str, int]:
    xs = [random.randrange(1, 30) for _ in range(7)]
    k, least = random.choice((2, 3)), random.randrange(5, 12)
    program = (
        f"xs = {xs}\ncount = 0\nfor x in xs[1:]:\n    if x % {k} == 0 or x < {least}:\n        count += x\n"
        "    else:\n        count -= 1\nprint(count)"
    )
    return program, sum(x if x % k == 0 or x < least else -1 for x in xs[1:])


def _nested(random: Random) -> tuple[str, int]:
    n, step, left = random.randrange(4, 7), random.randrange(2, 4), random.randrange(3)
    program = (
        f"n = 0\nfor i in range({n}):\n    for j in range(i, {n}, {step}):\n        if (i + j) % 3 == {left}:\n"
        "            continue\n        n += i * j + 1\nprint(n)"
    )
    pairs = [(i, j) for i in range(n) for j in range(i, n, step)]
    return program, sum(i * j + 1 for i, j in pairs if (i + j) % 3 != left)


def _recursive(random: Random) -> tuple[str, str]:
    word = "".join(random.sample("abcdefgh", 5))
    turn, n = random.randrange(1, 4), random.randrange(3, 5)
    program = (
        f"def f(s, n):\n    if n == 0:\n        return s\n    s = s[{turn}:] + s[:{turn}]\n"
        "    if n % 2:\n        s = s[::-1]\n    return f(s.replace('a', 'x'), n - 1)[:4]\n\n"
        f"print(f('{word}', {n}))"
    )
    for left in range(n, 0, -1):
        word = word[turn:] + word[:turn]
        word = (word[::-1] if left % 2 else word).replace("a", "x")
    return program, word[:4]


_WRITING: tuple[tuple[int, str, str, tuple[dict[str, Any], ...]], ...] = (
    (1, "the sum of the numbers in the list xs", "sum(xs)", ({"xs": [1, 2, 3]}, {"xs": []}, {"xs": [-5]})),
    (1, "the largest number in the list xs", "max(xs)", ({"xs": [1, 7, 3]}, {"xs": [-5, -9]})),
    (1, "the list xs in reverse order", "xs[::-1]", ({"xs": [1, 2, 3]}, {"xs": []}, {"xs": [4, 4, 1]})),
    (1, "the number of characters in the string s", "len(s)", ({"s": "abc"}, {"s": ""}, {"s": "a b, c"})),
    (1, "the last element of the list xs", "xs[-1]", ({"xs": [1, 2, 3]}, {"xs": [8]})),
    (
        2,
        "a list of the squares of the numbers in the list xs",
        "[x * x for x in xs]",
        ({"xs": [1, 2, 3]}, {"xs": []}, {"xs": [-4, 0]}),
    ),
    (
        2,
        "a list of the even numbers in the list xs, in the same order",
        "[x for x in xs if x % 2 == 0]",
        ({"xs": [1, 2, 3, 4]}, {"xs": [7]}, {"xs": [6, 2, 9, -2]}),
    ),
    (
        2,
        "the number of times that the letter 'a' occurs in the string s, in lower case or capital",
        "s.lower().count('a')",
        ({"s": "Anna"}, {"s": "xyz"}, {"s": "aAaB"}),
    ),
    (
        2,
        "True if the string s reads the same backwards, and False otherwise",
        "s == s[::-1]",
        ({"s": "level"}, {"s": "ab"}, {"s": ""}),
    ),
    (
        2,
        "the average of the numbers in the list xs, which is not empty",
        "sum(xs) / len(xs)",
        ({"xs": [1, 2, 6]}, {"xs": [4]}, {"xs": [1, 2]}),
    ),
    (
        3,
        "a list of the words of the string s that are longer than 3 characters, in capitals, in the same order",
        "[w.upper() for w in s.split() if len(w) > 3]",
        ({"s": "the quick brown fox"}, {"s": "a bc"}, {"s": "more than three"}),
    ),
    (
        3,
        "a dictionary from each word in the list ws to its length",
        "{w: len(w) for w in ws}",
        ({"ws": ["ab", "cde"]}, {"ws": []}, {"ws": ["x", "x", "yy"]}),
    ),
    (
        3,
        "the sum of all numbers below n (an int) that are divisible by 3 or by 5, from 0 up",
        "sum(i for i in range(n) if i % 3 == 0 or i % 5 == 0)",
        ({"n": 10}, {"n": 1}, {"n": 100}, {"n": 16}),
    ),
    (
        3,
        "the list xs without repeats, in ascending order",
        "sorted(set(xs))",
        ({"xs": [3, 1, 3, 2]}, {"xs": []}, {"xs": [5, 5]}),
    ),
    (
        3,
        "the index of the largest number in the list xs (of the first one, where it occurs twice)",
        "xs.index(max(xs))",
        ({"xs": [1, 9, 3]}, {"xs": [4, 4]}, {"xs": [-3, -1, -2]}),
    ),
    (
        4,
        "the sum of the elements on both diagonals of the square matrix m, a list of lists, "
        "with the middle one of an odd size counted once",
        "sum(m[i][j] for i in range(len(m)) for j in range(len(m)) if i == j or i + j == len(m) - 1)",
        (
            {"m": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]},
            {"m": [[1, 2], [3, 4]]},
            {"m": [[7]]},
        ),
    ),
    (
        4,
        "the list of words ws sorted by length, longest first, and alphabetically among words of equal length",
        "sorted(ws, key=lambda w: (-len(w), w))",
        ({"ws": ["bb", "a", "aa", "ccc"]}, {"ws": []}, {"ws": ["z", "y"]}),
    ),
    (
        4,
        "a list of the prime numbers below n (an int), in ascending order",
        "[p for p in range(2, n) if all(p % d for d in range(2, p))]",
        ({"n": 20}, {"n": 2}, {"n": 3}, {"n": 30}),
    ),
    (
        4,
        "the transpose of the matrix m, a list of equally long lists, as a list of lists",
        "[[row[j] for row in m] for j in range(len(m[0]))]",
        ({"m": [[1, 2, 3], [4, 5, 6]]}, {"m": [[1], [2]]}, {"m": [[5]]}),
    ),
    (
        4,
        "the number of pairs of positions i < j in the list xs at which xs[i] is greater than xs[j]",
        "sum(xs[i] > xs[j] for i in range(len(xs)) for j in range(i + 1, len(xs)))",
        ({"xs": [3, 1, 2]}, {"xs": []}, {"xs": [5, 4, 3, 2]}, {"xs": [1, 1]}),
    ),
)
"""Level, what is asked for, a solution, and the values on which it is tried."""


def code_writing() -> Iterator[GradedQuery]:
    """Yield descriptions of an expression; what it must be worth follows from the solution's own worth."""
    for level, wanted, solution, cases in _WRITING:
        text = f"Write one Python expression for {wanted}. Use no imports. Give the expression only."
        yield GradedQuery("code-writing", level, text, solved(solution, cases), worth, solution)
