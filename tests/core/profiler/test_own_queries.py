import json

import pytest

from crossroute.errors import DataError
from crossroute.profiler.own_queries import load_object, read_queries


def written(tmp_path, *lines):
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


@pytest.mark.parametrize(
    ("reference", "right", "wrong"),
    [
        (391, "17 * 23 = 391", "It is 390."),
        (2**60 + 1, f"{2**60 + 1}", f"{2**60}"),
        (0.25, "It is 0.2500000001.", "0.26"),
        ("B", "The answer is B.", "C"),
        ("Lisbon", "It is Lisbon.", "It is Porto."),
        (["billing", "payments"], "The payments team.", "The sales team."),
        ({"city": "Rome", "days": 3}, '{"days": 3, "city": "Rome"}', '{"town": "Oslo"}'),
    ],
)
def test_answers_are_compared_with_the_reference(tmp_path, reference, right, wrong):
    (query,) = read_queries(written(tmp_path, {"text": "a question", "reference": reference}))
    assert query.grade(right) == 1
    assert query.grade(query.example) == 1
    assert query.grade(wrong) == query.grade("") == 0


def test_a_grader_sees_the_answer_and_the_lines_fields(tmp_path):
    path = written(tmp_path, {"text": "Write a haiku.", "lines": 3})
    (query,) = read_queries(path, lambda answer, fields: len(answer.splitlines()) / fields["lines"])
    assert query.grade("one\ntwo") == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"quality of 1\.33"):
        query.grade("1\n2\n3\n4")


def test_tasks_are_kept_blank_lines_skipped_and_repeats_asked_once(tmp_path):
    first = {"text": "Which team owns 4711?", "reference": "billing", "task": "tickets"}
    queries = read_queries(written(tmp_path, first, "", first, {"text": "2 + 2?", "reference": 4}))
    assert [query.skill for query in queries] == ["tickets", "own"]
    assert len({query.query_id for query in queries}) == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: no text"),
        ('{"text": " "}', "line 1: no text"),
        ('{"text": "why?"}', "line 1: no reference"),
        ('{"text": "a \\ud83d", "reference": 1}', r"line 1: the text holds the lone surrogate '\\ud83d'"),
        (
            json.dumps({"text": "7**500?", "reference": 7**500}),
            "line 1: the reference is not a finite number",
        ),
        ('{"text": "0 / 0?", "reference": NaN}', "line 1: the reference is not a finite number"),
        ("", "holds no queries"),
    ],
)
def test_a_line_that_cannot_be_asked_is_named(tmp_path, line, told):
    with pytest.raises(DataError, match=told):
        read_queries(written(tmp_path, line))


def test_a_text_may_hold_line_breaks_that_end_no_line(tmp_path):
    text = "one\u2028two\x85three"
    row = json.dumps({"text": text, "reference": 3}, ensure_ascii=False)
    path = tmp_path / "own.jsonl"
    path.write_bytes(f"{row}\r\n\r\n".encode())
    assert [query.text for query in read_queries(path)] == [text]


def test_a_file_of_another_encoding_is_named(tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_bytes('{"text": "caf\xe9?", "reference": 1}'.encode("latin-1"))
    with pytest.raises(DataError, match=r"own.jsonl is not UTF-8 text: it holds the byte 0xe9"):
        read_queries(path)


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl does not exist"):
        read_queries(tmp_path / "none.jsonl")


def test_objects_are_found_by_their_place():
    assert load_object("json:loads") is json.loads
    with pytest.raises(ValueError, match="Expected module:name"):
        load_object("json")
    with pytest.raises(ValueError, match="no module 'no_such_module'"):
        load_object("no_such_module:name")
    with pytest.raises(ValueError, match="'json' has no 'nothing'"):
        load_object("json:nothing")
