# ruff: noqa: RUF001 - letters and punctuation of other scripts
import math
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossroute import Query
from crossroute.query import VIEW_CHARACTERS, count_plain_tokens
from crossroute.reading.ends import Asked
from crossroute.reading.normalization import normalize
from crossroute.reading.question import find_question
from crossroute.tokens import estimate_tokens

NOUNS = "house river market engine garden letter winter summer bridge forest"
PARTS = [
    *("What ", "is ", "the ", "House ", "river ", "model ", "ist ", "der ", "gur ", "eht ", "x ", "#a "),
    *("hi, ", "thanks ", ". ", "? ", "!", ": ", ") ", "A) ", "Question: ", "<b>", "1", "00 ff ", "..."),
    *("[y] ", "wow wow ", "haha", '"', ";", "-- "),
]
LINES = st.lists(st.sampled_from(PARTS), max_size=24).map("".join)
WRITTEN = (LINES | st.text(st.characters(codec="ascii"))).filter(str.strip)

TEXTS = st.text(st.characters(exclude_categories=())).filter(str.strip)  # lone surrogates as well


def test_a_short_text_has_one_view():
    query = Query("What is 2 + 2?")
    assert query.task_view == query.instance_view == "What is 2 + 2?"


def test_a_long_text_is_seen_from_both_ends():
    text = " ".join(f"word{number}" for number in range(400))
    query = Query(text)
    assert query.task_view == text[:VIEW_CHARACTERS]
    assert query.instance_view == text[-VIEW_CHARACTERS:]


def test_a_frame_comes_first_in_the_task_view_and_takes_at_most_a_third_of_it():
    question = "How do I bind a texture array so that every layer can be sampled in one shader pass?"
    query = Query(question, system="Be terse.")
    assert query.task_view == f"Be terse.\n\n{question}"
    assert query.instance_view == question
    long = Query(
        question, system="You are an assistant for graphics programmers who are new to Vulkan. " * 50
    )
    frame, _, rest = long.task_view.partition("\n\n")
    assert frame == "You are an assistant for graphics"
    assert rest == question
    short = Query("Question?", system="You are an assistant.")
    assert short.task_view == short.instance_view == "Question?"


@given(TEXTS, TEXTS)
def test_views_are_bounded_and_can_be_encoded(text, system):
    query = Query(text, system=system)
    for view in (query.task_view, query.instance_view):
        assert len(view) <= VIEW_CHARACTERS
        view.encode("utf-8")


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\u2003"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(ValueError, match="The query is empty"):
        Query(text)


@pytest.mark.parametrize("value", [["a", "b"], b"bytes", None, 7, ("a",), np.array(["a"])])
def test_what_is_no_str_is_refused_by_its_type(value):
    with pytest.raises(TypeError, match=rf"A query's text must be a str, got {type(value).__name__}\."):
        Query(value)
    with pytest.raises(TypeError, match=r"A query's system must be a str"):
        Query("text", system=value)


@pytest.mark.parametrize("count", [-1, 1.5, math.nan, "12"])
def test_input_tokens_are_a_whole_number_from_0(count):
    with pytest.raises(ValueError, match="input_tokens must be a whole number, at least 0, got"):
        Query("text", input_tokens=count)
    assert Query("text", input_tokens=np.int64(12)).context_tokens == 11


def test_lone_surrogates_and_null_bytes_are_text():
    assert Query("a\ud800b\x00c").instance_view == "a?bc"


def test_a_megabyte_is_a_query():
    query = Query(" ".join(f"{number:07x}" for number in range(131_072)))
    assert query.whole_tokens == pytest.approx(466_464, rel=0.1)  # the pieces of all of it
    assert len(query.task_view) == len(query.instance_view) == VIEW_CHARACTERS


def test_a_question_is_measured_in_fours_of_characters_and_paid_for_in_tokens():
    assert [Query(text).text_tokens for text in ("a", "abcd", "abcde")] == [1, 1, 2]
    query = Query("What is the capital of France?")
    assert (query.text_tokens, query.whole_tokens, query.context_tokens) == (8, 7, -1)


def test_tokens_beyond_the_question_are_context_as_counted_or_estimated():
    question = "What is the capital of France?"
    assert Query(question, system="You write Python.").context_tokens == -1 + 4
    assert Query(question, system="You write Python.", context="A joke.").context_tokens == -1 + 4 + 3
    assert Query(question, input_tokens=1_000).context_tokens == 992
    assert Query(question, input_tokens=3).context_tokens == -5
    assert Query(question + " word" * 4_000).whole_tokens == pytest.approx(4_007, rel=0.03)


def test_a_query_is_a_value():
    query = Query("text", system="frame")
    assert Query.of(query) is query
    assert Query.of("text") == Query("text")
    assert len({query, Query("text", system="frame")}) == 1
    assert pickle.loads(pickle.dumps(query)) == query  # noqa: S301 - our own bytes
    with pytest.raises(AttributeError):
        query.text = "other"


def test_one_call_is_a_truth_value():
    with pytest.raises(TypeError, match="one_call must be True, False or None, got 'no'"):
        Query("What?", one_call="no")


@pytest.mark.parametrize(
    "text", [NOUNS, "What is the capital of France?", f"{NOUNS} {NOUNS.title().lower()} is it?"]
)
def test_ordinary_lines_are_plain(text):
    assert count_plain_tokens(text) == estimate_tokens(text)


SUBJECTS = {
    "texts to work on": [
        *(
            "Translate to German: Thank you very much!",
            "Translate into French\n\nThank you so much for your help!",
        ),
        *(
            "Traduce al inglés: Muchas gracias por tu ayuda.",
            "Przetłumacz na angielski: Dziękuję bardzo za pomoc!",
        ),
        *(
            "Improve this prompt: You are a helpful assistant. Answer the question.",
            "Shorten: hey, can you help me?",
        ),
        *(
            "Is this message phishing? This is urgent. Please reply.",
            "Translate to Spanish. I hope you are well!",
        ),
        *(
            "Classify the sentiment: This is amazing, thanks",
            "Is this sign-off correct?\n\nYours faithfully,\nJane Doe",
        ),
        *("Translate to Korean -> Don't make any mistakes.", "Which language is this?\nYes, please."),
        *("Add a comma where needed: No, thanks.", "Fix the grammar\n\nThank you for your patience."),
        *("Reply to this mail: Can we meet at 3? Thanks, Tom", 'Who said this? "Do your best."'),
    ],
    "titles and quotes": [
        *("Who sang Thank You", "Write a haiku titled Hello World", "Who plays in Take a Deep Breath"),
        *("Écris une carte avec Merci pour tout", "Write a bot that answers Hello! How can I help you?"),
        *("Write a message saying I am sorry", "What does ASAP mean", "ما معنى السلام عليكم؟"),
        *("Give me synonyms for urgent, important, and critical.", "Which is more polite, please or kindly"),
    ],
    "choices": [
        *("List the steps: 1) Yes 2) No", "Write a question with the options A) Yes B) No C) Not sure"),
    ],
    "addresses and hashes": [
        *("What is the purpose of https://schema.org?", "Write a regex that matches foo@bar.com"),
        *("Validate this email: john.doe@example.com", "https://example.com is down, why"),
        *(
            "Who runs the website www.archive.org",
            "Which string has the md5 5f4dcc3b5aa765d61d8327deb882cf99?",
        ),
        "Is 123e4567-e89b-12d3-a456-426614174000 a valid UUID?",
    ],
    "commands": [
        "/think is not working in my terminal",
        "@claude is not answering, why",
        "Explain the command /think",
    ],
    "signs": [
        *(
            "What is 5!!",
            "What is 5!!?",
            "Compute n!! for n=9",
            "What does ??= do in C#",
            "What does the operator ?? do",
        ),
        *(
            "Explain regex (a|b)*c??",
            "What does sudo !! do",
            "Chess: what does Nf3!? mean",
            "Is ((((())))) balanced",
        ),
        *("What does the emoji mean: 🙃", "Explain the emoji 🥺👉👈", "What does a..b..c..d mean"),
    ],
    "capitals": [
        *(
            "What is $HOME",
            "What is H2SO4",
            "Balance: Fe2O3 + CO -> Fe + CO2",
            "Convert 100 JPY to USD",
            "Name CH3CH2OH",
        ),
        *(
            "Explain SELECT * FROM users WHERE id = 1;",
            "Which is right, IIII or IV?",
            "What comes next: A B A B A B A B",
        ),
        *(
            "Find the longest run in AAAAAACCGT",
            "npm ERR! code ERESOLVE",
            "What song is E E F G G F E D C C D E E D D",
        ),
    ],
    "repeated letters": ["Simplify a + a + a + a + a + a", "Simplify x x x x x x x x"],
    "markup": [
        *(
            "What does <|endoftext|> mean?",
            "What is </s> in a tokenizer",
            "What does [INST] hi [/INST] mean?",
        ),
        *(
            "Explain this XML: <note><to>Tove</to></note>",
            "What does <reminder>Be brief.</reminder> mean in a prompt?",
        ),
    ],
    "quotations": [
        'What is the difference between "Hello everyone, welcome back!" and "Hi"?',
        *(
            'Give me three alternatives to "Vielen Dank im Voraus!"',
            "Is 'Hello all, welcome back!' too informal?",
        ),
    ],
    "lists, records and templates": [
        "Which of these words are greetings?\nhello\nbye\nmilk\nthanks",
        "Create a ticket:\nTitle: Login fails\nDescription: error 500\nPriority: urgent",
        "Put these in order:\nA) Yes\nB) No\nC) Maybe",
        "Give this poem a title:\n\nThank you for the moon,\nthank you for the sun,\nthank you.",
        "Improve this prompt:\n\nUse the context to answer the question.\n\nContext: {context}\n\nQuestion: {question}",
        "What is wrong with my YAML?\n\nquestion: Who?\nanswer: nobody\ncontext: none",
        "Check the answers:\n\nQ: Capital of Peru?\nA: Lima\nQ: Capital of Chile?\nA: Quito",
    ],
    "boards and puzzles": [
        "FEN: rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1",
        *(
            "Solve this: SEND + MORE = MONEY",
            'Excel: =IF(A1>10,"YES","NO") explain',
            "Decode from Morse: .... .. / ....",
        ),
        *(
            "Play Am7 - D7 - Gmaj7",
            "Remove ::ffff:0:0 from my text",
            "IBM vs HP vs DELL",
            "Who wins after 5. Qh5?? Nf6 here",
        ),
    ],
    "dates": ["2024-01-01 00:00:00 is which weekday?", "2024-01-01 10:00 in Tokyo is what time in London?"],
    "scripts": ["What does the Russian word сор mean?", "How do I pronounce Сорос", "What is Cyrillic а"],
}
"""What is dropped or rewritten elsewhere, and is the subject here."""


@pytest.mark.parametrize("text", [each for group in SUBJECTS.values() for each in group])
def test_what_is_asked_about_is_read(text):
    assert Query(text).view.instance == text


@given(WRITTEN | st.builds("{0}{1}{0}".format, WRITTEN, st.sampled_from(["", " ", "? "])))
@example("What <b>What <b>")
@example("What now What now")
@example("it's [y] is urgent")
def test_what_is_taken_for_plain_is_what_the_rules_leave_as_it_is(text):
    if count_plain_tokens(text):
        assert find_question(normalize(text)) == Asked(text)
