import json

import pytest

from crossroute import Query
from crossroute.query import count_plain_tokens
from crossroute.reading.wrapping import read_source, unwrap

QUESTION = "Which of the planets has the longest day, and why is it so slow?"


@pytest.mark.parametrize(
    "wrapped",
    [
        f"<html><body><div class='q'><p>{QUESTION}</p></div></body></html>",
        f"<b>{QUESTION}</b><br>",
        f"<table><tr><td>{QUESTION}</td></tr></table>",
        f'<?xml version="1.0"?>\n<request><text>{QUESTION}</text></request>',
        f"[INST] {QUESTION} [/INST]",
        f"<s>[INST] {QUESTION} [/INST]",
        f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n",
        f"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{QUESTION}<|eot_id|>",
        f"<start_of_turn>user\n{QUESTION}<end_of_turn>\n<start_of_turn>model\n",
        f"User: {QUESTION}\nAssistant:",
        f"Human: {QUESTION}\n\nAssistant:",
        json.dumps({"role": "user", "content": QUESTION}),
        json.dumps({"messages": [{"role": "user", "content": QUESTION}]}),
        json.dumps({"prompt": QUESTION, "temperature": 0}),
        f"```\n{QUESTION}\n```",
        f"```markdown\n{QUESTION}\n```",
        f'"""\n{QUESTION}\n"""',
        f"\\begin{{document}}\n{QUESTION}\n\\end{{document}}",
        f"{'-' * 60}\n{QUESTION}\n{'-' * 60}",
        f"{'=' * 60}\n{QUESTION}",
        f"[2026-11-30 09:12:44] {QUESTION}",
        f"2026-11-30T09:12:44Z {QUESTION}",
        f"1. {QUESTION}",
        f"- {QUESTION}",
    ],
)
def test_what_a_text_is_wrapped_in_is_not_read(wrapped):
    assert Query(wrapped).view == Query(QUESTION).view


@pytest.mark.parametrize(
    "text",
    [
        "Why does <div><p>this</p></div> not centre?",
        "```python\nfor each in range(3):\n    print(each)\n```",
        "1. Add two numbers.\n2. Multiply them.",
        "- first\n- second",
        '{"a": 1, "b": [2, 3]}',
        "[1, 2, 3]",
        "{broken json",
        "<svg><circle r='1'/></svg> What is drawn?",
        "2026-11-30",
        "---",
        "<div></div>",
    ],
)
def test_what_is_asked_about_stays(text):
    assert unwrap(text) == text


def test_what_a_message_brings_along_is_context():
    document = "Refunds take five days. " * 80
    query = Query(json.dumps({"context": document, "question": "How long do refunds take?"}))
    assert query.instance_view == "How long do refunds take?"
    assert query.whole_tokens > 300


@pytest.mark.parametrize(
    "wrapped",
    [
        *("**{}**", "# {}", "## Question\n\n{}", "Question: {}", "Q: {}\nA:", "**Question:** {}"),
        "System: You are a helpful assistant.\n\nUser: {}",
        "### Instruction:\n{}\n\n### Response:",
        "Subject: planets\n\nHi Bob,\n\n{}\n\nBest,\nJane",
        "---------- Forwarded message ---------\nFrom: Jane <j@acme.com>\nDate: Mon\nSubject: Fwd\nTo: Bob\n\n{}",
        "On Mon, 3 Nov 2026 at 10:12, Jane Doe <jane@acme.com> wrote:\n> {}",
    ],
)
def test_heads_emphasis_and_mails_around_a_question_are_not_read(wrapped):
    question = "Which of the planets has the longest day, and why is it so slow?"
    assert Query(wrapped.format(question)).view == Query(question).view


def test_several_shots_keep_their_heads():
    shots = "Question: What is 1 + 1?\nAnswer: 2\n\nQuestion: What is 2 + 3?\nAnswer:"
    assert unwrap(shots) == shots
    assert unwrap("**Note** the *two* words") == "**Note** the *two* words"


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_json_that_is_nested_deeply_is_left_as_it_is(opening):
    text = opening * 5_000 + "1"
    assert unwrap(text) == text


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
    assert not count_plain_tokens(text)


@pytest.mark.parametrize(
    "frame",
    [
        "[Image #2] {}",
        "![a chart](https://example.org/chart.png)\n\n{}",
        "{}\n\n[File: report.pdf, 3 pages]",
        '<attachment name="a.pdf" />\n{}',
        "@src/notes.md {}",
        "<image>\n{}\n<image>",
    ],
)
def test_what_stands_for_a_picture_or_a_file_is_not_read(frame):
    assert unwrap(frame.format("Who wrote this letter?")).strip() == "Who wrote this letter?"


@pytest.mark.parametrize(
    "text", ["[1] Who wrote it?", "<image>", "[File](a.pdf) is what?", "Sort [3, 1]", "[Images]"]
)
def test_other_brackets_are_read(text):
    assert unwrap(text) == text
