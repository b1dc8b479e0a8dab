import json

import pytest

from crossroute.data.readers import read_outcomes
from crossroute.errors import DataError
from crossroute.profiler.answers_file import AnswersFile, read_rows
from tests.support.disks import full_beyond

ROW = {"query_id": "q1", "text": "What is 2 + 2?", "candidate": "m", "quality": 1.0, "cost_usd": 0.1}


def test_what_is_appended_is_there_for_the_next_run_and_for_other_commands(tmp_path):
    path = tmp_path / "folder" / "m.jsonl"
    with AnswersFile(path) as kept:
        kept.append(ROW)
        assert read_rows(path) == [ROW]
    with AnswersFile(path) as kept:
        assert kept.rows == [ROW]
        kept.append({**ROW, "query_id": "q2", "text": "What is 3 + 3?", "quality": 0.0})
    outcomes = read_outcomes(path)
    assert outcomes.pool.names == ("m",)
    assert outcomes.quality.ravel().tolist() == [1, 0]


def test_a_torn_last_line_is_cut_off_and_nothing_else(tmp_path):
    path = tmp_path / "m.jsonl"
    with AnswersFile(path) as kept:
        kept.append(ROW)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-5])
    assert read_rows(path) == [ROW]
    assert path.read_bytes() == whole + whole[:-5]
    with AnswersFile(path) as kept:
        assert kept.rows == [ROW]
    assert path.read_bytes() == whole


def test_a_row_that_finds_the_disk_full_leaves_no_part_of_it(tmp_path):
    path = tmp_path / "m.jsonl"
    with AnswersFile(path) as kept:
        kept.append(ROW)
        with full_beyond(path.stat().st_size + 10), pytest.raises(OSError, match="large"):
            kept.append(ROW | {"query_id": "q2"})
        assert kept.rows == [ROW]
        kept.append(ROW | {"query_id": "q3"})
    assert [row["query_id"] for row in read_rows(path)] == ["q1", "q3"]


def test_a_line_that_is_no_graded_answer_is_named(tmp_path):
    path = tmp_path / "m.jsonl"
    with AnswersFile(path) as kept:
        kept.append(ROW)
    for line in (b"{}\n", b"[1]\n", b"not json\n"):
        broken = tmp_path / "broken.jsonl"
        broken.write_bytes(path.read_bytes() + line)
        with pytest.raises(DataError, match=r"broken\.jsonl, line 2: not a graded answer"):
            read_rows(broken)
        with pytest.raises(DataError, match="line 2"), AnswersFile(broken):
            pass
        broken.write_bytes(path.read_bytes())
        with AnswersFile(broken) as kept:  # the lock was given back
            assert kept.rows == [ROW]


def test_one_process_at_a_time_writes(tmp_path):
    path = tmp_path / "m.jsonl"
    with AnswersFile(path), pytest.raises(DataError, match="Another process is writing"), AnswersFile(path):
        pass
    with AnswersFile(path) as kept:
        kept.append(ROW)


def test_any_text_survives(tmp_path):
    path = tmp_path / "m.jsonl"
    for answer in ("a\nb\u2028c", "Grüße 🎈", "half a pair \ud83c", "\x00\x85"):
        with AnswersFile(path) as kept:
            kept.append({**ROW, "answer": answer})
        assert read_rows(path)[-1]["answer"] == answer


def test_all_rows_are_replaced_and_what_is_appended_comes_after_them(tmp_path):
    path = tmp_path / "m.jsonl"
    with AnswersFile(path) as kept:
        kept.append(ROW)
        kept.replace([{**ROW, "quality": 0.0}])
        kept.append({**ROW, "query_id": "q2"})
        assert [row["quality"] for row in kept.rows] == [0.0, 1.0]
    assert read_rows(path) == kept.rows


def test_without_a_path_answers_stay_in_memory():
    with AnswersFile(None) as kept:
        kept.append(ROW)
        assert kept.rows == [ROW]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"quality": "good"}, "quality is 'good'"),
        ({"quality": 2}, "out of range"),
        ({"cost_usd": "0.1"}, "cost_usd is '0.1'"),
        ({"cost_usd": float("inf")}, "out of range"),
        ({"output_tokens": True}, "output_tokens is True"),
        ({"query_id": 7}, "query_id is 7"),
        ({"text": ["a"]}, "Expected a text"),
        ({"candidate": None}, "Expected a text"),
    ],
)
def test_a_line_that_says_what_cannot_be_is_refused_by_its_number(tmp_path, changed, says):
    row = {"query_id": "q", "text": "Why?", "candidate": "small", "quality": 1.0, "cost_usd": 0.1}
    path = tmp_path / "small.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, **changed}) + "\n")
    with pytest.raises(DataError, match="line 2") as raised:
        read_rows(path)
    assert says in str(raised.value)
