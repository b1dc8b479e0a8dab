import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute import Query
from crossroute.query import VIEW_CHARACTERS, estimate_tokens

TEXTS = st.text(st.characters(exclude_categories=())).filter(str.strip)  # lone surrogates as well


def test_a_short_text_has_one_view():
    query = Query("What is 2 + 2?")
    assert query.task_view == query.instance_view == "What is 2 + 2?"


def test_a_long_text_is_seen_from_both_ends():
    query = Query("a" * 600 + "b" * 600)
    assert query.task_view == "a" * 600 + "b" * 400
    assert query.instance_view == "a" * 400 + "b" * 600


def test_the_frame_comes_first_in_the_task_view_and_leaves_the_instance_view_alone():
    query = Query("Question?", system="Be terse.")
    assert query.task_view == "Be terse.\n\nQuestion?"
    assert query.instance_view == "Question?"
    long = Query("Question?", system="s" * 5_000)
    assert long.task_view == "s" * VIEW_CHARACTERS


@given(TEXTS, TEXTS)
def test_views_are_bounded_and_can_be_encoded(text, system):
    query = Query(text, system=system)
    for view in (query.task_view, query.instance_view):
        assert len(view) <= VIEW_CHARACTERS
        view.encode("utf-8")


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\u2003"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(ValueError, match="The query is empty"):
        Query(text)


@pytest.mark.parametrize("value", [["a", "b"], b"bytes", None, 7, ("a",), np.array(["a"])])
def test_what_is_no_str_is_refused_by_its_type(value):
    with pytest.raises(TypeError, match=rf"A query's text must be a str, got {type(value).__name__}\."):
        Query(value)
    with pytest.raises(TypeError, match=r"A query's system must be a str"):
        Query("text", system=value)


@pytest.mark.parametrize("count", [-1, 1.5, math.nan, "12"])
def test_input_tokens_are_a_whole_number_from_0(count):
    with pytest.raises(ValueError, match="input_tokens must be a whole number from 0, got"):
        Query("text", input_tokens=count)
    assert Query("text", input_tokens=np.int64(12)).context_tokens == 11


def test_lone_surrogates_and_null_bytes_are_text():
    assert Query("a\ud800b\x00c").instance_view == "a?b\x00c"


def test_a_megabyte_is_a_query():
    query = Query("x y " * 262_144)
    assert query.text_tokens == 262_144
    assert len(query.task_view) == len(query.instance_view) == VIEW_CHARACTERS


def test_tokens_are_estimated_at_four_characters_each():
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde")] == [1, 1, 1, 2]
    assert Query("a" * 40).text_tokens == 10
    assert Query("a" * 40, system="b" * 20).text_tokens == 15


def test_context_tokens_are_those_counted_beyond_the_estimate_or_short_of_it():
    assert Query("a" * 40).context_tokens == 0
    assert Query("a" * 40, input_tokens=1_000).context_tokens == 990
    assert Query("a" * 40, input_tokens=3).context_tokens == -7


def test_a_query_is_a_value():
    query = Query("text", system="frame")
    assert Query.of(query) is query
    assert Query.of("text") == Query("text")
    assert len({query, Query("text", system="frame")}) == 1
    assert pickle.loads(pickle.dumps(query)) == query  # noqa: S301 - our own bytes
    with pytest.raises(AttributeError):
        query.text = "other"
