"""A judge grades a random share of the answers, goes on where it stopped, and its grades carry their probability."""

from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute import Price
from crossroute.collection import asked_model
from crossroute.errors import TrafficError
from crossroute.profiler.answerers import Answer
from crossroute.traffic import TrafficLog, schema
from crossroute.traffic.judging import draw_position, judge_traffic

ANSWERS = 200
CENT = Answer(text="8", input_tokens=1, output_tokens=1, cost=0.01)


@pytest.fixture
def log(tmp_path):
    log = TrafficLog(tmp_path / "traffic.db", keep_text=True)
    fixed = {"time": 0.0, "router": "r", "candidate": "a", "propensity": 1.0, "willingness_to_pay": 1.0}
    fixed |= {"candidates": "[]", "tags": "[]"}
    called = {"time": 0.0, "candidate": "a", "answered": True, "final": True}
    with log.writing() as connection:
        rows = [fixed | {"id": f"d{number}", "text": f"What is {number} + 1?"} for number in range(ANSWERS)]
        connection.execute(schema.decisions.insert(), rows)
        calls = [
            called | {"id": f"c{number}", "decision_id": f"d{number}", "answer": str(number + 1)}
            for number in range(ANSWERS)
        ]
        connection.execute(schema.calls.insert(), calls)
    yield log
    log.close()


def judge(said=lambda _: CENT):
    return asked_model("judge", model=said, price=Price(input=10, output=10))


def grades(log):
    with log.reading() as connection:
        return {row.decision_id: row for row in connection.execute(schema.feedback.select())}


def test_a_share_is_judged_and_its_probability_kept(log):
    told = judge_traffic(log, judge(), share=0.3)
    drawn = {f"d{number}" for number in range(ANSWERS) if draw_position(f"d{number}") < 0.3}
    found = grades(log)
    assert set(found) == drawn
    assert {(row.source, row.quality, row.probability) for row in found.values()} == {("judge", 0.8, 0.3)}
    assert (told.graded, told.share, told.stopped) == (len(drawn), 0.3, False)
    assert told.usd == pytest.approx(0.01 * len(drawn))
    assert 30 < len(drawn) < 90  # 60 but for chance


def test_asked_again_it_pays_for_nothing_twice_and_a_larger_share_adds(log):
    first = judge_traffic(log, judge(), share=0.1)
    assert judge_traffic(log, judge(), share=0.1).usd == 0
    more = judge_traffic(log, judge(), share=0.2)
    assert more.usd == pytest.approx(0.01 * (more.graded - first.graded))
    assert {row.probability for row in grades(log).values()} == {0.2}


def test_what_was_graded_before_the_judge_failed_is_kept(log):
    said = iter([CENT] * 7)

    def fails(_):
        for one in said:
            return one
        raise PermissionError("the key is no longer valid")

    with pytest.raises(PermissionError):
        judge_traffic(log, judge(fails), share=0.2)
    assert len(grades(log)) == 7
    ranks = sorted(draw_position(f"d{number}") for number in range(ANSWERS))
    assert {row.probability for row in grades(log).values()} == {ranks[7]}  # the share that was reached
    told = judge_traffic(log, judge(), share=0.2)
    assert told.graded == told.new + 7 == len(grades(log))


def test_where_money_ends_the_share_that_was_reached_is_the_probability(log):
    told = judge_traffic(log, judge(), share=1.0, limit=0.255)
    found = grades(log)
    assert told.stopped
    assert told.usd <= 0.255
    assert told.graded == len(found) > 10
    assert {row.probability for row in found.values()} == {told.share}
    ranks = sorted(draw_position(f"d{number}") for number in range(ANSWERS))
    assert told.share == ranks[len(found)]  # the least places, and no other


def test_what_cannot_be_read_is_told_and_no_grade(log):
    told = judge_traffic(
        log, judge(lambda _: Answer(text="Fine.", input_tokens=1, output_tokens=1, cost=0)), share=0.1
    )
    assert (told.graded, grades(log)) == (0, {})
    assert told.unread > 0


def test_it_is_shown_the_question_and_the_answer(log):
    seen = []
    judge_traffic(log, judge(lambda text: seen.append(text) or CENT), share=0.05)
    numbers = [number for number in range(ANSWERS) if draw_position(f"d{number}") < 0.05]
    assert len(seen) == len(numbers)
    assert all(
        any(f"What is {n} + 1?" in text and f"Answer:\n{n + 1}\n" in text for text in seen) for n in numbers
    )


def test_a_log_without_texts_is_refused(tmp_path):
    with pytest.raises(TrafficError, match="no answered decisions yet"):
        judge_traffic(TrafficLog(tmp_path / "none.db"), judge())


def test_a_log_that_keeps_no_texts_is_refused(log):
    with log.writing() as connection:
        connection.execute(schema.decisions.update().values(text=None))
    with pytest.raises(TrafficError, match=r"Keep texts: TrafficLog\(url, keep_text=True\)"):
        judge_traffic(log, judge())


@pytest.mark.parametrize("limit", [0, -1.0, float("nan")])
def test_a_limit_is_above_0(log, limit):
    with pytest.raises(ValueError, match="limit must be above 0"):
        judge_traffic(log, judge(), limit=limit)


def test_a_smaller_share_later_leaves_the_probability_of_what_was_drawn(log):
    judge_traffic(log, judge(), share=0.3)
    told = judge_traffic(log, judge(), share=0.1)
    assert (told.new, told.share) == (0, 0.1)
    assert {row.probability for row in grades(log).values()} == {0.3}


def test_a_limit_at_what_was_not_read_before_leaves_the_probability_of_the_others(log):
    said = iter([Answer(text="Fine.", input_tokens=1, output_tokens=1, cost=0.01)])
    first = judge_traffic(log, judge(lambda _: next(said, CENT)), share=0.3)
    assert first.unread == 1
    told = judge_traffic(log, judge(), share=0.3, limit=0.001)
    assert (told.new, told.stopped) == (0, True)
    assert {row.probability for row in grades(log).values()} == {0.3}
