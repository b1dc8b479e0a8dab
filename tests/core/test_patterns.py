"""Regular expressions that are compiled at their first use, and moments as programs spell them."""

import re
import string
from datetime import timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.patterns import AnyCase, lazy, parse_moment
from crossroute.reading import appeals, blocks, ends, question, sections, wrapping

FREE_OF_CASE = {
    f"{room.__name__}.{name}": pattern
    for room in (appeals, blocks, ends, question, sections, wrapping)
    for name, pattern in vars(room).items()
    if isinstance(pattern, AnyCase)
}
WORDS = [
    "question",
    "the",
    "context",
    "answer",
    "what is",
    "best regards",
    "input",
    "below",
    "user",
    "from",
    "on",
]
SIGNS = [
    *" \n:.#*?<>-@/0a",
    "\n\n",
    "<p>",
    "</p>",
    "https://a.b",
    "wrote:",
    "this",
    "problem",
    "K",
    "\xe9",
    "Ich",
]


def test_a_pattern_is_compiled_when_it_is_first_used(monkeypatch):
    compiled = []

    def compile_(*arguments):
        compiled.append(arguments)
        return real(*arguments)

    real = re.compile
    monkeypatch.setattr(re, "compile", compile_)
    pattern = lazy(r"a+", re.IGNORECASE)
    assert compiled == []
    assert pattern.findall("aA b") == ["aA"]
    assert pattern.findall("aA b") == ["aA"]
    assert compiled == [(r"a+", re.IGNORECASE)]
    assert pattern.sub("x", "aab") == "xb"


@given(
    st.lists(st.sampled_from([*WORDS, *map(str.upper, WORDS), *map(str.title, WORDS), *SIGNS])).map("".join)
)
@pytest.mark.parametrize("pattern", FREE_OF_CASE.values(), ids=[*FREE_OF_CASE])
def test_a_pattern_free_of_case_finds_in_small_letters_what_it_finds_in_any(pattern, text):
    any_case = pattern._any
    for ways in ("match", "fullmatch", "search"):
        found, expected = getattr(pattern, ways)(text), getattr(any_case, ways)(text)
        assert (found and found.regs) == (expected and expected.regs)


@pytest.mark.parametrize("pattern", FREE_OF_CASE.values(), ids=[*FREE_OF_CASE])
def test_a_pattern_free_of_case_is_in_small_letters_and_has_none_that_equals_one_of_ascii(pattern):
    letters = [*filter(str.isalpha, re.sub(r"\\.|\?P<\w+>|\?P=\w+", "", pattern._any.pattern))]
    assert not any(character.isupper() for character in letters)
    beyond = {character for character in letters if not character.isascii()}
    assert not any(re.search(f"(?i){character}", string.ascii_letters) for character in beyond)


def test_a_pattern_that_is_none_is_refused_at_its_first_use():
    broken = lazy("(")
    with pytest.raises(re.error):
        broken.search("a")


@pytest.mark.parametrize(
    ("told", "micros"),
    [
        ("2026-11-01T10:00:02Z", 0),
        ("2026-11-01T10:00:02.5Z", 500_000),
        ("2026-11-01T10:00:02.123456789+00:00", 123_456),
        ("2026-11-01T12:00:02.000001+02:00", 1),
    ],
)
def test_a_moment_is_read_to_the_microsecond(told, micros):
    found = parse_moment(told).astimezone(timezone.utc)
    assert (found.hour, found.second, found.microsecond) == (10, 2, micros)


@pytest.mark.parametrize("told", ["", "yesterday", "2026-13-01T00:00:00Z", "12.5"])
def test_what_is_no_moment_is_refused(told):
    with pytest.raises(ValueError):  # noqa: PT011 - datetime's own
        parse_moment(told)
