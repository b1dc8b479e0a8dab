"""Rules of form: the share of them that an answer keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Rule = Callable[[str], bool]


def obeys(answer: str, rules: tuple[Rule, ...]) -> float:
    """Return the share of the rules that an answer keeps; 0 where it is empty or breaks the first.

    The first says what is to be written at all: silence, or a refusal, keeps many of the others.

    >>> obeys("one Two three", (words(3), lowercase())), obeys("one two", (words(3), lowercase()))
    (0.5, 0.0)
    """
    said = answer.strip()
    return sum(rule(said) for rule in rules) / len(rules) if said and rules[0](said) else 0.0


def words(count: int) -> Rule:
    """Exactly so many words."""
    return lambda said: len(said.split()) == count


def lines(count: int) -> Rule:
    """Exactly so many lines that are not empty."""
    return lambda said: len([line for line in said.splitlines() if line.strip()]) == count


def lowercase() -> Rule:
    """No capital letter, and some letter."""
    return str.islower


def uppercase() -> Rule:
    """No small letter, and some letter."""
    return str.isupper


def begins(start: str) -> Rule:
    """Begin with exactly this."""
    return lambda said: said.startswith(start)


def ends(end: str) -> Rule:
    """End with exactly this."""
    return lambda said: said.endswith(end)


def holds(part: str, times: int = 1) -> Rule:
    """Hold a word exactly so many times, whatever its case."""
    return lambda said: len(re.findall(rf"\b{re.escape(part)}\b", said, re.IGNORECASE)) == times


def lacks(part: str) -> Rule:
    """Nowhere hold this, whatever its case."""
    return lambda said: part.lower() not in said.lower()


def matches(pattern: str) -> Rule:
    """Be wholly of a pattern, line by line."""
    compiled = re.compile(pattern)
    return lambda said: all(compiled.fullmatch(line.strip()) for line in said.splitlines() if line.strip())


def sorted_lines() -> Rule:
    """Have its lines in alphabetical order."""
    return lambda said: said.lower().splitlines() == sorted(said.lower().splitlines())


def words_by_line(*counts: int) -> Rule:
    """So many words in each of the lines that are not empty, in their order."""
    return lambda said: [len(line.split()) for line in said.splitlines() if line.strip()] == [*counts]


def word_lengths(*lengths: int) -> Rule:
    """Words of exactly these lengths, in their order."""
    return lambda said: [len(word) for word in said.split()] == [*lengths]


def initials(letter: str) -> Rule:
    """Every word begins with this letter, whatever its case."""
    return lambda said: all(word.lower().startswith(letter) for word in said.split())


def letters() -> Rule:
    """Nothing but letters and spaces."""
    return lambda said: all(character.isalpha() or character.isspace() for character in said)


def first_sentence(count: int) -> Rule:
    """Exactly so many words before the first full stop."""
    return lambda said: len(said.partition(".")[0].split()) == count


def headings(*names: str) -> Rule:
    """The first line is that of a Markdown table with these headings, whatever their case."""
    return lambda said: [cell.strip() for cell in said.splitlines()[0].lower().split("|")[1:-1]] == [*names]


def rows(pattern: str) -> Rule:
    """The rows of a Markdown table are wholly of a pattern, and there is one."""
    compiled = re.compile(pattern)
    return lambda said: all(compiled.fullmatch(row.strip()) for row in said.splitlines()[2:] or ("",))


_RULES: dict[str, Callable[..., Rule]] = {
    rule.__name__: rule
    for rule in (
        *(begins, ends, first_sentence, headings, holds, initials, lacks, letters, lines, lowercase, matches),
        *(rows, sorted_lines, uppercase, word_lengths, words, words_by_line),
    )
}


def read_rules(listed: Iterable[Sequence[Any]]) -> tuple[Rule, ...]:
    """Return the rules that a file lists, each as its name and its arguments: ["words", 3]."""
    return tuple(_RULES[name](*arguments) for name, *arguments in listed)
