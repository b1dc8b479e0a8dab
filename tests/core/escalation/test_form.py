"""What an answer's form tells against it."""

import pytest

from crossroute.escalation.form import find_options, find_signs

CAPITAL = "What is the capital of Norway?\nA. Rome\nB. Oslo\nC. Lima\nD. Paris\nAnswer with the letter."


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        (CAPITAL, {"a": "rome", "b": "oslo", "c": "lima", "d": "paris"}),
        ("Which is a fruit? (A) Iron (B) Apple", {"a": "iron", "b": "apple"}),
        ("Choose:\na) 12\nb) 1,000\nc) none", {"a": "12", "b": "1000", "c": "none"}),
        ("I have a dog. B. is my friend.", {}),
        ("Name a fruit.", {}),
        ("A. Only one", {}),
    ],
)
def test_options_are_read_as_they_are_listed(query, listed):
    assert find_options(query) == listed


@pytest.mark.parametrize("kind", ["choice", None])
@pytest.mark.parametrize(
    ("answer", "is_none"),
    [
        ("B", False),
        ("The answer is (B).", False),
        ("Oslo", False),
        ("It is Oslo, of course.", False),
        ("E", True),
        ("The correct answer is F.", True),
        ("Stockholm", True),
    ],
)
def test_an_answer_that_is_none_of_the_options_is_told(kind, answer, is_none):
    assert ("no option" in find_signs(CAPITAL, answer, kind)) == is_none


def test_a_long_answer_without_a_letter_is_no_option_only_where_a_choice_was_expected():
    long = "Norway lies in the north of Europe, and its largest city is a port in the south of the country."
    assert find_signs(CAPITAL, long, "choice") == {"no option"}
    assert find_signs(CAPITAL, long, None) == find_signs(CAPITAL, long, "text") == frozenset()


@pytest.mark.parametrize(
    ("query", "answer", "kind", "echoed"),
    [
        ("What is 7 plus 5?", "7", "number", True),
        ("What is 1,000 plus 5?", "It is 1000.0", "number", True),
        ("What is 7 plus 5?", "7 plus 5 is 12", "number", False),
        ("What is 7 plus 5?", "twelve", "number", False),
        ("What is 7 plus 5?", "7", None, False),
        ("What is the capital of Norway?", "Norway", "text", True),
        ("What is the capital of Norway?", "The capital of Norway.", "text", True),
        ("What is the capital of Norway?", "The capital of Norway is Oslo.", "text", False),
        ("Is Oslo or Rome in Norway?", "Oslo", "text", False),
        ("What is the capital of Norway?", "Norway", None, False),
    ],
)
def test_an_answer_that_comes_down_to_the_question_is_told(query, answer, kind, echoed):
    assert ("echoed" in find_signs(query, answer, kind)) == echoed


@pytest.mark.parametrize(
    "answer",
    [
        "I think it is Oslo.",
        "I'm not entirely sure, but Oslo.",
        "I\u2019m unsure.",
        "It is hard to say.",
        "Probably Oslo",
        "I don't know.",
        "This cannot be determined.",
    ],
)
def test_an_answer_that_is_not_sure_of_itself_is_told(answer):
    assert find_signs("Where is it?", answer, None) == {"hedged"}
    assert find_signs("Where is it?", f"```python\n# {answer}\n```", "code") == frozenset()


@pytest.mark.parametrize(
    "answer", ["Oslo.", "I am sure that it is Oslo.", "We may go there in May.", "", "  "]
)
def test_one_that_is_sure_is_not(answer):
    assert find_signs("Where is it?", answer, None) == frozenset()


def test_in_long_prose_of_no_known_kind_a_hedge_is_an_ordinary_word():
    long = f"I think that it is in Oslo. {'It is a port in the south of the country. ' * 5}"
    assert find_signs("Where is it?", long, None) == frozenset()
    assert find_signs("Where is it?", long, "text") == {"hedged"}


def test_long_texts_are_read_in_time():
    long = "A. " * 20_000 + "I am not " * 20_000
    assert find_signs(long, long, "choice") == find_signs(long, long, "choice")
