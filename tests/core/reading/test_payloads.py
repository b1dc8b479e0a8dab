import json

import pytest

from crossroute.reading.normalization import normalize
from crossroute.reading.payloads import read_json
from crossroute.reading.question import find_question

ASKED = "Who has to mend the roof of the barn?"
BROUGHT = " ".join(f"Clause {n} puts the duty of mending part {n} on the tenant." for n in range(30))
VALUES = [
    {"search_results": [{"snippet": BROUGHT, "meta": {"url": "a.pdf"}}], "userQuestion": ASKED},
    {"request": ASKED, "payload": {"pages": [BROUGHT, "An annex."]}},
    {"messages": [{"role": "system", "content": BROUGHT}, {"role": "user", "content": ASKED}]},
    [
        {"role": "user", "content": BROUGHT},
        {"role": "assistant", "content": "Fine."},
        {"role": "user", "content": ASKED},
    ],
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("indent", [None, 2])
def test_what_a_text_in_json_asks_is_its_question(value, indent):
    assert find_question(normalize(json.dumps(value, indent=indent))).question == ASKED


@pytest.mark.parametrize("frame", ["{asked}\n\n{value}", "{value}\n\n{asked}", "Hello!\n{value}\n{asked}"])
def test_json_beside_a_question_is_its_context(frame):
    text = frame.format(asked=ASKED, value=json.dumps({"rows": [{"text": BROUGHT}]}, indent=1))
    assert find_question(normalize(text)).question == ASKED


@pytest.mark.parametrize("text", ['{"a": 1', "[1, 2]", "{}", "no JSON", "Sum this:\n[1, 2, 3]", ""])
def test_a_text_that_brings_nothing_along_stays(text):
    assert not read_json(text)
