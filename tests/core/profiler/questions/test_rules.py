from crossroute.profiler.questions import calibration_set
from crossroute.profiler.questions.rules import (
    begins,
    ends,
    holds,
    lacks,
    lines,
    matches,
    obeys,
    sorted_lines,
    words,
)

INSTRUCTIONS = [query for query in calibration_set() if query.skill == "instructions"]


def test_the_share_of_the_rules_that_are_kept():
    rules = (holds("mountain"), lacks("e"), words(3), lines(1))
    assert obeys("A mountain is", rules) == 1
    assert obeys("The mountain is high", rules) == 0.5


def test_what_breaks_the_first_rule_is_worth_nothing():
    assert obeys("No.", (holds("mountain"), lacks("e"), lines(1))) == 0
    assert obeys("", (lacks("e"),)) == 0


def test_a_refusal_is_worth_nothing_to_any_instruction():
    refusals = ("I'm sorry, but I can't help with that.", "I do not know.", "No.")
    assert {query.grade(refusal) for query in INSTRUCTIONS for refusal in refusals} == {0.0}


def test_no_text_makes_a_rule_fail():
    odd = ("|", "| a |\n|\nx\ny\nz", "\x00", "{}", "1.\n\n\n2.", "|||||\n" * 5)
    assert all(0 <= query.grade(text) <= 1 for query in INSTRUCTIONS for text in odd)


def test_a_table_needs_its_rows():
    table = next(query for query in INSTRUCTIONS if "table" in query.text)
    assert table.grade("| name | legs |\n|---|---|\n| dog | 4 |\n| ant | 6 |\n| hen | 2 |") == 1
    assert table.grade("| name | legs |\n|---|---|\n| dog | four |\n| ant | 6 |\n| hen | 2 |") == 0.75
    assert table.grade("| name | legs |") == 0.5


def test_the_single_rules():
    assert begins("Every")("Every one")
    assert ends("?")("Why?")
    assert matches(r"\w+")("a\nb")
    assert not matches(r"\w+")("a b")
    assert sorted_lines()("Austria\nbelgium")
    assert not sorted_lines()("b\na")
