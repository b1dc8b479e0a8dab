import json

import pytest

from crossroute import Query
from crossroute.reading.wrapping import unwrap

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
