import pytest

from crossroute import Query
from crossroute.reading.conversation import Turn, read_turns
from tests.support.conversations import CONVERSATIONS


@pytest.mark.parametrize("case", CONVERSATIONS, ids=lambda case: case.name)
def test_a_conversation_is_read_by_its_next_call(case):
    query = Query.of_turns(case.turns)
    for words in case.read:
        assert words in query.instance_view
    for words in case.unread:
        assert words not in query.instance_view


def test_nothing_asked_in_words_is_no_query():
    assert Query.of_turns([]) is None
    assert Query.of_turns([Turn("human", " "), Turn("answer", "What is it?"), Turn("human", "")]) is None


def test_what_is_said_twice_counts_once():
    assert read_turns([Turn("human", "Again."), Turn("human", "Again.")]).text == "Again."


def test_a_step_is_bounded_and_keeps_its_errors():
    log = "\n".join(f"line {number}" for number in range(2_000))
    results = [Turn("tool", f"{log}\nValueError: bad lock\n{log}"), Turn("tool", log)]
    step = read_turns([Turn("human", "Fix it."), Turn("answer", "x" * 9_000), *results]).step
    assert len(step) < 700
    assert "ValueError: bad lock" in step


def test_a_step_reaches_both_views_and_is_paid_for():
    task = "Find the bug in the billing module and fix it."
    alone, step = Query(task), Query(task, step="FAILED test_race: deadlock detected")
    assert step.task_view.startswith(task)
    assert step.instance_view.endswith("FAILED test_race: deadlock detected")
    assert step.text_tokens + step.context_tokens > alone.text_tokens
