"""What a letter takes, by how a text is spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.query import count_plain_tokens
from crossroute.spelling import measure_spelling, rate_letters

BASQUE = "Gizon-emakume guztiak aske jaiotzen dira, duintasun eta eskubide berberak dituztela"
BASQUE_TEXTS = [BASQUE, BASQUE.upper(), f"{BASQUE} (https://example.com/a?b=1)", f"{BASQUE}\n\n{BASQUE}"]


@pytest.mark.parametrize("text", BASQUE_TEXTS)
def test_words_that_tokenizers_have_seen_little_of_are_counted_by_letters(text):
    newer, older = rate_letters(text)
    assert 0.25 < newer < older < 0.6


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France and why?",
        "def area(radius):\n    return 3.14 * radius ** 2\n\nprint(area(2))",
        '{"id": 4711, "email": "user@example.com"}',
        "请帮我写一封邮件",
        "",
        "  \n",
        "42",
    ],
)
def test_others_are_counted_by_pieces(text):
    assert rate_letters(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "people school company week night",
        "compare country government money history",
        "write story about city",
    ],
)
def test_english_is_told_without_words_of_grammar(text):
    assert rate_letters(text) is None
    assert count_plain_tokens(text)


def test_a_word_is_told_by_its_letters():
    assert measure_spelling("egunean,")[:3] == (8, 7, 1)
    assert measure_spelling("x1")[1:] == (0, 0, 0.0, 0.0)
    assert measure_spelling("contrarrevolucionario")[1:3] == (21, 3)
    assert measure_spelling("žmonės")[3] > measure_spelling("zmones")[3]


@given(st.text())
def test_any_text_has_rates_above_0_or_none(text):
    rates = rate_letters(text)
    assert rates is None or min(rates) > 0
