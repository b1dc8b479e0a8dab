import json

import pytest

from crossroute import Query
from crossroute.query import plain_tokens
from crossroute.reading.wrapping import read_source

QUESTION = "Which gas makes up most of the air?"


@pytest.mark.parametrize(
    "frame",
    [
        'prompt = "{}"',
        "const question = `{}`;",
        'print("{}")',
        "console.log('{}');",
        'echo "{}"',
        'client.ask("""{}""")',
        "/* {} */",
        "// {}",
        "-- {}",
        "<!-- {} -->",
        "<q><![CDATA[{}]]></q>",
        '<query text="{}"/>',
        "[query]\ntext = {}",
        "query: |\n  {}",
        "POST /ask HTTP/1.1\nHost: example.com\nContent-Type: text/plain\n\n{}",
        "\\textbf{{\\large {}}}",
        "\\section*{{{}}}",
    ],
)
def test_words_in_source_code_are_read_without_it(frame):
    assert Query(frame.format(QUESTION)).view == Query(QUESTION).view


def test_words_in_requests_are_read_without_them():
    asked = QUESTION.replace("?", "")
    assert (
        Query("https://example.com/search?q=" + asked.replace(" ", "+") + "&hl=en").view == Query(asked).view
    )
    body = json.dumps(
        {"model": "gpt-5", "temperature": 0, "messages": [{"role": "user", "content": QUESTION}]}
    )
    assert Query(body).view == Query(QUESTION).view
    assert Query(f"curl -d '{body}' https://example.com/v1").view == Query(QUESTION).view
    assert (
        Query(json.dumps({"data": {"attributes": {"title": "x", "asked": QUESTION}}})).view
        == Query(QUESTION).view
    )


@pytest.mark.parametrize(
    "text",
    [
        'name = "Ann"',
        'Translate "good morning to all of you"',
        'x = f("a b c", 1)',
        "What does print('hello big wide world') do?",
        "https://example.com/a?q=1+2+3",
        'for word in text: print("it is " + word)',
        "<b>Which</b> gas is it?",
    ],
)
def test_source_code_that_is_more_than_words_stays(text):
    assert read_source(text) == ""


@pytest.mark.parametrize(
    "text", ['print("Which gas is it")', "echo 'Which gas is it'", 'q = "Which gas is it";']
)
def test_no_line_of_source_code_is_taken_for_plain(text):
    assert not plain_tokens(text)
