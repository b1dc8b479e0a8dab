"""The parts of a text: blocks in tags, heads, and what a harness or a hint to the router put in."""

# ruff: noqa: RUF001 - letters of other languages

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute import Query
from crossroute.reading.sections import (
    HEAD,
    MOST_TAGS,
    drop_harness,
    find_heads,
    is_follow_up,
    is_inserted,
    replace_blocks,
)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("Question: What is it?", "question"),
        ("## Question\nWhat is it?", "question"),
        ("Context: Paris is a city.", "context"),
        ("**Question:** What is it?", "question"),
        ("Answer: 4", "answer"),
    ],
)
def test_a_head_tells_what_stands_under_it(head, kind):
    found = HEAD.match(head)
    assert [name for name in ("question", "context", "answer") if found[name]] == [kind]


@pytest.mark.parametrize("text", ["A question of taste", "The context matters here", "questionable: yes"])
def test_words_within_a_sentence_are_no_head(text):
    assert not HEAD.match(text)


def test_blocks_in_tags_are_replaced_whole():
    text = "a <doc id='1'>x <b>y</b></doc> z <open> w"
    assert replace_blocks(text, lambda block: f"[{block['tag']}]") == "a [doc] z <open> w"


def test_a_page_of_many_tags_stays_as_it_is():
    page = "<p>x</p>" * MOST_TAGS
    assert replace_blocks(page, lambda _: "") == page


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Fix it.\n\n<environment_details>cwd /tmp</environment_details>", "Fix it."),
        ("Sum these. Always use the most capable model for this task.", "Sum these."),
        ("Please route this to the strongest model. What is 2 + 2?", "What is 2 + 2?"),
        ("Which is the best model of a car?", "Which is the best model of a car?"),
    ],
)
def test_what_was_put_in_is_left_out(text, left):
    assert drop_harness(text) == left


def test_a_text_that_is_all_put_in_stays():
    text = "<system-reminder>Be brief.</system-reminder>"
    assert is_inserted(text)
    assert drop_harness(text) == text
    assert not is_inserted(f"{text} What is 2 + 2?")
    assert not is_inserted("")


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes, please do.", "continue", "Go on.", "And for infinite ones?", "Why?", "Fix it."),
        *(
            "Now do the same for the other case.",
            "and the second one?",
            "ok great, go on",
            "Can you do that too?",
        ),
        *(
            "mach weiter",
            "Und die zweite?",
            "continúa",
            "vas-y, continue",
            "继续",
            "はい",
            "продолжай",
            "계속해",
        ),
        *(
            "जारी रखें",
            "क्यों?",
            "استمر",
            "لماذا؟",
            "endelea",
            "kwa nini?",
            "devam et",
            "neden?",
            "dlaczego?",
            "waarom?",
        ),
        *("なぜですか?", "続きをお願いします", "두 번째는요?", "noch einmal, aber kürzer", "那第二个呢?"),
        *(
            "hm, that's bad",
            "step 3, please",
            "Go on with option 2",
            "looks fine, proceed",
            "put it in a table",
        ),
        *(
            "das ist falsch",
            "c'est faux",
            "¿y luego?",
            "più in dettaglio",
            "объясни ещё раз",
            "यह गलत है",
            "हाँ, करो",
        ),
        *(
            "daha ayrıntılı",
            "to źle",
            "dat klopt niet",
            "هذا خطأ",
            "再解释一下",
            "もう一度説明してください",
            "다시 설명해 줄래?",
        ),
        "Please keep working on the task.\n\nIf you have finished, call the tool that ends the session.",
        "Your last answer did not meet all requirements. Please revise it, and never ask the user for help.",
        *(
            "That doesn't work",
            "same error",
            "not quite",
            "more details",
            "B",
            "2",
            "option 3",
            "👍",
            "...",
            "?",
        ),
    ],
)
def test_a_text_without_content_is_a_follow_up(text):
    assert is_follow_up(text)
    hard, easy = (
        Query(text, context=context) for context in ("Prove the theorem of Galois.", "Tell me a joke.")
    )
    assert hard.instance_view != easy.instance_view
    assert hard.instance_view.startswith("Prove the theorem of Galois.")
    assert Query(text, context="Prove it.").whole_tokens == Query(text).whole_tokens + 3


NAMES = ["Question", "the ", "CONTEXT", "answer", "below.", "Below", "x", "\xe9"]
LINES = [*NAMES, ":", "\uff1a", "#", "## ", "\n", "\n\n", "** ", ".", " "]


@given(st.lists(st.sampled_from(LINES), max_size=20).map("".join))
def test_heads_are_found_line_by_line_where_they_are_in_the_text(text):
    pattern, told = HEAD.choose(text)
    assert [head.span() for head in find_heads(text)] == [head.span() for head in pattern.finditer(told)]
