"""Rules on the form of an answer, and the share of them that it satisfies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Rule = Callable[[str], bool]


def obeys(answer: str, rules: tuple[Rule, ...]) -> float:
    """Return the share of the rules that an answer satisfies; 0 if it is empty or breaks the first.

    The first rule requires the content; an empty answer or a refusal would satisfy many of the others.

    >>> obeys("one Two three", (words(3), lowercase())), obeys("one two", (words(3), lowercase()))
    (0.5, 0.0)
    """
    said = answer.strip()
    return sum(rule(said) for rule in rules) / len(rules) if said and rules[0](said) else 0.0


def words(count: int) -> Rule:
    """Require exactly so many words."""
    return lambda said: len(said.split()) == count


def lines(count: int) -> Rule:
    """Require exactly so many non-empty lines."""
    return lambda said: len([line for line in said.splitlines() if line.strip()]) == count


def lowercase() -> Rule:
    """Require letters, none of them capital."""
    return str.islower


def uppercase() -> Rule:
    """Require letters, all of them capital."""
    return str.isupper


def begins(start: str) -> Rule:
    """Require this beginning."""
    return lambda said: said.startswith(start)


def ends(end: str) -> Rule:
    """Require this end."""
    return lambda said: said.endswith(end)


def holds(part: str, times: int = 1) -> Rule:
    """Require a word exactly so many times, ignoring case."""
    return lambda said: len(re.findall(rf"\b{re.escape(part)}\b", said, re.IGNORECASE)) == times


def lacks(part: str) -> Rule:
    """Forbid this text, ignoring case."""
    return lambda said: part.lower() not in said.lower()


def matches(pattern: str) -> Rule:
    """Require each line to match a pattern."""
    compiled = re.compile(pattern)
    return lambda said: all(compiled.fullmatch(line.strip()) for line in said.splitlines() if line.strip())


def sorted_lines() -> Rule:
    """Require lines in alphabetical order."""
    return lambda said: said.lower().splitlines() == sorted(said.lower().splitlines())


def words_by_line(*counts: int) -> Rule:
    """Require so many words in each non-empty line, in order."""
    return lambda said: [len(line.split()) for line in said.splitlines() if line.strip()] == [*counts]


def word_lengths(*lengths: int) -> Rule:
    """Require words of exactly these lengths, in order."""
    return lambda said: [len(word) for word in said.split()] == [*lengths]


def initials(letter: str) -> Rule:
    """Require every word to begin with this letter, ignoring case."""
    return lambda said: all(word.lower().startswith(letter) for word in said.split())


def letters() -> Rule:
    """Allow only letters and spaces."""
    return lambda said: all(character.isalpha() or character.isspace() for character in said)


def first_sentence(count: int) -> Rule:
    """Require exactly so many words before the first full stop."""
    return lambda said: len(said.partition(".")[0].split()) == count


def headings(*names: str) -> Rule:
    """Require a Markdown table with these headings, ignoring case, in the first line."""
    return lambda said: [cell.strip() for cell in said.splitlines()[0].lower().split("|")[1:-1]] == [*names]


def rows(pattern: str) -> Rule:
    """Require rows of a Markdown table, at least one, each matching a pattern."""
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
    """Build rules from lists of a name and arguments: ["words", 3]."""
    return tuple(_RULES[name](*arguments) for name, *arguments in listed)
