# ruff: noqa: RUF001 - names of other scripts
import pytest

from crossroute import Query
from crossroute.reading.conversation import Turn, read_dialogue, read_turns
from tests.support.conversations import CONVERSATIONS

ASKED = "Which gas makes up most of the air?"


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


@pytest.mark.parametrize(
    "frame",
    [
        "[00:01] ann: hello\n[00:04] bob: hi, how are you?\n[00:09] ann: fine, so tell me\n[00:12] ann: {}",
        "ann (10:02): hello\nbob (10:03): hi all\nann (10:04): {}",
        "<ann> hello\n<bob> hi all\n<ann> {}",
        "ann 10:02 AM\nhello\n\nbob 10:03 AM\nhi all\n\nann 10:04 AM\n{}",
        "Ann — Yesterday at 10:02\nhello\nBob — Today at 10:03\nhi all\nAnn — Today at 10:04\n{}",
        "[10:02] Ann Smith\nhello\n[10:03] Bob\nhi all\n[10:04] Ann Smith\n{}",
        "2026-11-30 10:02 Ann Smith: hello\n2026-11-30 10:03 Bob: hi all\n2026-11-30 10:04 Ann Smith: {}",
        "Human: hi\nAssistant: Hello! How can I help?\nHuman: {}\nAssistant:",
        "**User:** hi\n\n**AI:** Hello! How can I help?\n\n**User:** {}",
        "User: hi\nChatGPT: Hello! How can I help?\nUser: {}\nChatGPT:",
        "Q: What colour is the sky?\nA: Blue.\n\nQ: How many legs has a spider?\nA: Eight.\n\nQ: {}\nA:",
        "Question 1: What colour is the sky?\nAnswer 1: Blue.\nQuestion 2: {}\nAnswer 2:",
        "Input: the sky\nOutput: blue\n\nInput: grass\nOutput: green\n\nInput: {}\nOutput:",
        "用户: 你好\n助手: 你好！有什么可以帮你？\n用户: {}\n助手:",
    ],
)
def test_the_last_turn_of_a_conversation_is_the_question(frame):
    assert Query(frame.format(ASKED)).view.instance == Query(ASKED).view.instance


def test_examples_keep_their_instruction():
    text = "Answer in one word, without a full stop.\n\nQ: The sky?\nA: Blue\n\nQ: Which gas is most of the air?\nA:"
    assert read_dialogue(text).lead == "Answer in one word, without a full stop."


def test_what_follows_up_is_read_with_what_it_refers_to():
    text = "User: Prove Fermat's little theorem.\nAI: By induction on a. Shall I go on?\nUser: Go on.\nAI:"
    assert "Prove Fermat's little theorem." in Query(text).view.instance


@pytest.mark.parametrize(
    "text",
    [
        "Summarize the chat.\n\nann: hello\nbob: hi\nann: who was Leonhard Euler?",
        "task: mend the fence\nowner: ann\npriority: high\nbody: the second post is broken",
        "ERROR: no such file\nINFO: retried the call\nERROR: no such file as this",
        "Name: Ann\nAge: 30",
        "Which is true?\n\nA: It is so\nB: It is not so\nC: Nobody knows it",
        "Data variables:\n    x: 1\n    y: 2\nTraceback follows\nData variables:\nx: what it was",
        "User: Who was Euler?\nAssistant: Of Basel.\nUser: Thanks!\nAssistant: Welcome, as ever.",
    ],
)
def test_a_record_and_a_conversation_to_be_read_are_none(text):
    assert read_dialogue(text) is None
