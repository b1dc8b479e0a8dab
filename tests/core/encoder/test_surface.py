"""Counts of a text's surface, beside what defines them."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crossroute.encoder.surface import (
    CHOICE,
    HIGHEST,
    KINDS,
    LOWEST,
    NUMBER,
    count_any,
    count_ascii,
    text_features,
    within_bounds,
)
from crossroute.patterns import letters_of

PARTS = [*"\n\n\n (A1).:\t{}=é²Éß一", "a) ", "\n(B) ", "3. ", "word ", "12,5 "]
TEXTS = st.text() | st.lists(st.sampled_from(PARTS)).map("".join)


@given(TEXTS)
def test_characters_are_counted_by_their_kinds(text):
    words = ["one", "two"]
    digits, *others = (sum(map(kind, text)) for kind in KINDS)
    numbers = len(NUMBER.findall(text)) if digits else 0
    expected = (2, 6, digits, numbers, *others, text.count("?"))
    assert count_any(text, words) == expected
    if text.isascii():
        assert count_ascii(text, [word.encode() for word in words]) == expected


@given(TEXTS)
def test_choices_are_counted_where_they_begin_lines(text):
    assert len(CHOICE.findall(f"\n{text}")) == len(re.findall(r"(?m)^\s*\(?([A-Ja-j]|[1-9])[).:]\s", text))


@given(st.text("aB1 .\n-"))
def test_words_of_ascii_are_runs_of_letters(text):
    assert letters_of(text) == [word.encode() for word in re.findall("[a-z]+", text.lower())]


@given(TEXTS.filter(str.strip))
def test_features_are_within_what_was_learned_from(text):
    features = within_bounds([text_features(text, 1)])
    assert (features >= LOWEST).all()
    assert (features <= HIGHEST).all()
    assert np.isfinite(features).all()
