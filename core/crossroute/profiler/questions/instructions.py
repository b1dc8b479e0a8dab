"""Instructions about form, each of which a program can check; several at once at the higher levels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossroute.profiler.questions.graded_query import GradedQuery
from crossroute.profiler.questions.rules import (
    Rule,
    begins,
    ends,
    holds,
    lacks,
    lines,
    lowercase,
    matches,
    obeys,
    sorted_lines,
    uppercase,
    words,
)

_INSTRUCTIONS: tuple[tuple[int, str, tuple[Rule, ...], str], ...] = (
    (1, "Repeat this word and write nothing else: lantern", (matches("lantern"), lines(1)), "lantern"),
    (1, "Say hello in capital letters only.", (holds("hello"), uppercase()), "HELLO"),
    (
        1,
        "Write the word plum three times on one line, in lower case.",
        (holds("plum", 3), words(3)),
        "plum plum plum",
    ),
    (1, "Answer with the single word yes, in lower case, without a full stop.", (matches("yes"),), "yes"),
    (1, "Write a sentence about rain that ends with an exclamation mark.", (ends("!"),), "It is raining!"),
    (
        2,
        "Name three colours, one a line, and nothing else.",
        (lines(3), matches(r"(?:[-*•] |\d[.)] )?\w+")),
        "red\nblue\ngreen",
    ),
    (
        2,
        "Write a sentence of exactly five words about the sea.",
        (words(5), lines(1)),
        "The sea is very deep.",
    ),
    (
        2,
        "Write one sentence about bread that begins with 'Every' and ends with a question mark.",
        (begins("Every"), ends("?"), lines(1)),
        "Every baker knows this, right?",
    ),
    (
        2,
        "List four animals on one line, separated by semicolons and nothing else.",
        (matches(r"\w+(?: \w+)?(?:; ?\w+(?: \w+)?){3}"), lines(1)),
        "dog; cat; owl; fox",
    ),
    (
        2,
        "Write the numbers from 1 to 6 on one line with a dash between them and no spaces.",
        (matches("1-2-3-4-5-6"),),
        "1-2-3-4-5-6",
    ),
    (
        3,
        "Write one sentence with the word 'mountain', without using the letter 'e' anywhere.",
        (holds("mountain"), lacks("e"), lines(1)),
        "A mountain is high and rocky.",
    ),
    (
        3,
        "Name five European countries, one a line, in alphabetical order, without numbers or bullets.",
        (lines(5), sorted_lines(), matches(r"[A-Z][A-Za-z ]+")),
        "Austria\nBelgium\nItaly\nNorway\nSpain",
    ),
    (
        3,
        "Write exactly two lines about winter. Each must begin with 'Snow' and have exactly four words.",
        (lines(2), matches(r"Snow\S*(?: \S+){3}")),
        "Snow covers the hills\nSnow hides the road",
    ),
    (
        3,
        "Write one sentence in lower case only, with the word 'garden' exactly twice and no comma.",
        (holds("garden", 2), lowercase(), lacks(","), lines(1)),
        "my garden is not your garden.",
    ),
    (
        3,
        "Give a title of exactly three words for a book on whales, in double quotation marks, in capital letters.",
        (begins('"'), ends('"'), words(3), uppercase()),
        '"SONGS OF WHALES"',
    ),
    (
        4,
        "Write three lines. The first has one word, the second two, the third three. All in lower case, no "
        "punctuation, and none may use the letter 'a'.",
        (
            lines(3),
            lowercase(),
            lacks("a"),
            lambda said: [len(line.split()) for line in said.splitlines() if line.strip()] == [1, 2, 3],
            lambda said: all(c.isalpha() or c.isspace() for c in said),
        ),
        "snow\nwhite snow\ncold white snow",
    ),
    (
        4,
        "Write a sentence of exactly eight words in which every word begins with the letter 's', in lower case, "
        "without punctuation.",
        (
            lambda said: all(w.lower().startswith("s") for w in said.split()),
            words(8),
            lowercase(),
            lacks("."),
        ),
        "seven silent sailors sang slowly since sunset started",
    ),
    (
        4,
        "Write exactly four words, each one letter longer than the word before, the first of three letters, "
        "separated by single spaces.",
        (lambda said: [len(w) for w in said.split()] == [3, 4, 5, 6], lines(1)),
        "cat bird horse rabbit",
    ),
    (
        4,
        "Reply with a Markdown table of two columns, 'name' and 'legs', and exactly three rows of animals below "
        "the heading and its line; nothing before or after it.",
        (
            matches(r"\|.*\|.*\|"),
            lines(5),
            lambda said: (
                [c.strip() for c in said.splitlines()[0].lower().split("|")[1:-1]] == ["name", "legs"]
            ),
            lambda said: all(
                re.fullmatch(r"\|[^|]*\|\s*\d+\s*\|", row.strip()) for row in said.splitlines()[2:] or ("",)
            ),
        ),
        "| name | legs |\n|---|---|\n| dog | 4 |\n| ant | 6 |\n| hen | 2 |",
    ),
    (
        4,
        "Write two sentences on one line. The first has exactly six words and ends with a full stop, the second "
        "has exactly three and ends with a question mark. Use the word 'clock' once in each.",
        (
            holds("clock", 2),
            lines(1),
            words(9),
            ends("?"),
            lambda said: len(said.partition(".")[0].split()) == 6,
        ),
        "The old clock stopped at noon. Which clock works?",
    ),
)
"""Level, instruction, what is checked, and an answer that keeps to it."""


def instructions() -> Iterator[GradedQuery]:
    """Yield the instructions; the share of its rules that an answer keeps is its quality."""
    for level, text, rules, example in _INSTRUCTIONS:
        yield GradedQuery("instructions", level, text, rules, obeys, example)
