import pytest

from crossroute.reading.framing import kind_below, presents_parts


@pytest.mark.parametrize(
    "sentence",
    [
        "given the context and not prior knowledge, answer the query.",
        "if you cannot find the answer in the documents, say that you don't know.",
        "never refer to the passages directly in your answer.",
        "1. use only the sources that are provided.",
        "i will give you several excerpts.",
    ],
)
def test_a_sentence_of_nothing_but_such_words_presents_parts(sentence):
    assert presents_parts(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "summarize the documents.",
        "who wrote the text?",
        "give three questions on the passage.",
        "use the sources to compare both treaties.",
        "context: a lease",
        "thank you.",
    ],
)
def test_what_asks_for_something_presents_nothing(sentence):
    assert not presents_parts(sentence)


@pytest.mark.parametrize(
    ("clause", "kind"),
    [
        ("The user's request is as follows", "question"),
        ("Based on the passages, respond to the following query", "question"),
        ("Given the text above, answer", "question"),
        ("With that in mind, I would like to know", "question"),
        ("Here are the documents you need to answer the question", "context"),
        ("Answer with nothing but the information in the following excerpts", "context"),
        ("We have an existing answer", "answer"),
        ("If you cannot answer", None),
        ("Dear colleagues", None),
        ("Ingredients", None),
    ],
)
def test_a_head_in_any_words_tells_what_stands_below(clause, kind):
    assert kind_below(clause) == kind
