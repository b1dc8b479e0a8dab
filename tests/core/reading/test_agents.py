import json

import pytest

from crossroute.reading.agents import current_task, is_result, read_step, read_summary
from crossroute.reading.conversation import Turn

TASKS = [("Read the notes", "completed"), ("Write the proof", "in_progress"), ("Tell them", "pending")]


@pytest.mark.parametrize(
    "text",
    [
        f"Updated todo list to {[{'content': task, 'status': status} for task, status in TASKS]}",
        json.dumps({"plan": [{"status": status, "step": task} for task, status in TASKS]}),
        "Here it is:\n- [x] Read the notes\n- [~] Write the proof\n- [ ] Tell them",
        "1. [X] Read the notes\n2. [ ] Write the proof\n3. [ ] Tell them",
    ],
)
def test_the_task_in_progress_is_found(text):
    assert current_task(text) == "Write the proof"


@pytest.mark.parametrize(
    "text", ["- [ ] one\n- [ ] two", "a[0] = {}", "{'in_progress': True}", "", "[x] alone"]
)
def test_no_list_in_progress_is_no_task(text):
    assert not current_task(text)


@pytest.mark.parametrize(
    "text",
    ["Observation: 3", "Tool result:\nok", "[bash] Result:\nok", "Execution logs:\nok", "Output of ls: a"],
)
def test_a_result_is_told_by_its_beginning(text):
    assert is_result(text)


@pytest.mark.parametrize(
    "text", ["Results matter to me.", "I observe that it rains.", "[1] Who was Euler?", "outputs?"]
)
def test_a_question_is_no_result(text):
    assert not is_result(text)


@pytest.mark.parametrize(
    ("line", "is_error"),
    [
        ("ModuleNotFoundError: No module named 'x'", True),
        ("3 failed, 4 passed", True),
        ("bash: foo: command not found", True),
        ("permission denied", True),
        ("Claims are paid in exceptional cases.", False),
        (
            "On holidays, guests who come without a badge are let in by the porter, and nobody is refused.",
            False,
        ),
        ("All of the records were read. " * 9 + "No error came up.", False),
    ],
)
def test_prose_that_speaks_of_errors_is_none(line, is_error):
    step = read_step([Turn("answer", ""), Turn("tool", f"start\n{line}\nend")])
    assert bool(step) is is_error


def test_errors_in_what_a_harness_put_in_are_none():
    told = "ok\n<system-reminder>\nFailed checks are denied.\n</system-reminder>"
    assert not read_step([Turn("answer", ""), Turn("tool", told)])


def test_a_summary_without_sections_is_read_whole():
    assert read_summary("Here is a summary of the conversation: it rains.").endswith("it rains.")
