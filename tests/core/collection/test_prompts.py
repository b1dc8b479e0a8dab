"""A user's prompts, from tables of any form and from lines."""

import gzip
import json

import pytest

from crossroute import DataError
from crossroute.collection.prompts import TEXT_COLUMNS, Prompt, read_prompts


def written(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_prompts_are_found_by_what_tables_call_them(tmp_path, column):
    path = written(tmp_path / "p.jsonl", {column: "2 + 2?", "reference": "4", "task": "sums", "more": 1})
    (prompt,) = read_prompts(path)
    assert (prompt.text, prompt.reference, prompt.task) == ("2 + 2?", "4", "sums")
    assert prompt.fields["more"] == 1


def test_columns_may_be_named(tmp_path):
    path = written(tmp_path / "p.jsonl", {"text": "no", "mine": "yes", "answer": "4", "reference": "5"})
    (prompt,) = read_prompts(path, text="mine", reference="answer")
    assert (prompt.text, prompt.reference) == ("yes", "4")
    for named in ({"text": "other"}, {"reference": "other"}):
        with pytest.raises(DataError, match=r"p\.jsonl.*: no column 'other' among text, mine.*Name"):
            read_prompts(path, **named)


def test_a_line_of_json_may_lack_the_reference_that_others_have(tmp_path):
    path = written(tmp_path / "p.jsonl", {"text": "a"}, {"text": "b", "answer": "4"})
    assert [prompt.reference for prompt in read_prompts(path, reference="answer")] == [None, "4"]


def test_lines_are_prompts_gzip_or_not_and_blank_ones_none(tmp_path):
    text = "first\n\n  second  \r\n"
    (tmp_path / "p.txt").write_text(text, "utf-8")
    (tmp_path / "p.txt.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("p.txt", "p.txt.gz"):
        assert [prompt.text for prompt in read_prompts(tmp_path / name)] == ["first", "second"]


def test_what_stands_twice_counts_once_unless_it_is_said_otherwise(tmp_path):
    path = written(tmp_path / "p.jsonl", {"text": "a", "reference": 1}, {"text": "a", "reference": 1})
    assert read_prompts(path) == (Prompt("a", reference=1, fields={"text": "a", "reference": 1}),)
    path = written(path, {"text": "a", "reference": 1}, {"text": "a", "reference": 2})
    with pytest.raises(DataError, match="line 2: the reference of 'a' is 2, and was 1 before"):
        read_prompts(path)


@pytest.mark.parametrize("said", ["", "  ", None, 7])
def test_what_is_no_text_is_told_with_its_line(tmp_path, said):
    path = written(tmp_path / "p.jsonl", {"text": "a"}, {"text": said})
    with pytest.raises(DataError, match=r"line 2: text is .*Expected a text that is not empty"):
        read_prompts(path)


def test_no_prompts_and_no_file_are_told(tmp_path):
    (tmp_path / "p.txt").write_text("\n", "utf-8")
    with pytest.raises(DataError, match="contains no prompts"):
        read_prompts(tmp_path / "p.txt")
    with pytest.raises(DataError, match="Expected a table of prompts"):
        read_prompts(tmp_path / "none.csv")
