"""Objects of JSON, of which what is not changed keeps its bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("starlette", reason="the extra `serve` is not installed")

from crossroute.serve.raw_json import RawObject

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, max_size=5)


@given(objects, objects, st.sampled_from([None, 1, 2]), st.booleans())
def test_it_reads_and_writes_as_the_standard_library_does(said, changes, indent, ascii_only):
    text = json.dumps(said, indent=indent, ensure_ascii=ascii_only)
    body = RawObject(text)
    assert dict(body) == said
    assert len(body) == len(said)
    assert body.replaced({}) == text
    assert json.loads(body.replaced(changes)) == {**said, **changes}
    without = frozenset(list(said)[:1])
    assert json.loads(body.replaced({}, without)) == {k: v for k, v in said.items() if k not in without}


def test_what_is_not_changed_keeps_its_bytes():
    body = RawObject('{ "a" : 1.00,\n"b":1E2, "c": "\\u00e9" }')
    assert body.replaced({"b": None}) == '{ "a" : 1.00,\n"b":null, "c": "\\u00e9" }'
    assert body.replaced({"d": 1}) == '{ "a" : 1.00,\n"b":1E2, "c": "\\u00e9", "d": 1 }'
    assert RawObject("{ }").replaced({"a": 1}) == '{ "a": 1 }'


def test_a_name_that_comes_twice_has_its_last_value_and_is_written_once():
    body = RawObject('{"a": 1, "b": 2, "\\u0061": 3}')
    assert dict(body) == {"b": 2, "a": 3}
    assert json.loads(body.replaced({"a": 4})) == {"b": 2, "a": 4}


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", '"a"', "{", '{"a"}', '{"a": }', '{"a": 1', '{"a": 1,}', "{'a': 1}", '{"a" 1}'),
        *('{"a": 1} x', '{"a": 1 "b": 2}', "{a: 1}", "[" * 10_000, '{"a": ' + "[" * 100_000),
    ],
)
def test_what_is_no_object_is_refused_without_its_text(text):
    with pytest.raises(json.JSONDecodeError) as error:
        RawObject(text)
    assert "a" * 3 not in str(error.value)


def test_bytes_may_begin_with_a_mark():
    assert dict(RawObject.of_bytes('\ufeff{"é": 1}'.encode())) == {"é": 1}
