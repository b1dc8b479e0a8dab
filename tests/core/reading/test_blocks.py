import pytest

from crossroute.reading.blocks import take_code
from crossroute.reading.normalization import normalize
from crossroute.reading.question import find_question

ASKED = "Where are the rows of the ledger put in order?"
RUST = "\n".join(
    ["use std::collections::HashMap;", "", "pub struct Ledger {", "    rows: HashMap<u64, i64>,", "}", ""]
    + [f"pub fn add_{n}(rows: &mut Vec<i64>) {{\n    rows.push({n});\n}}\n" for n in range(12)]
)
SCRIPT = "\n".join(
    ["import sys", "", *(f"rows_{n} = sorted(read(sys.argv[{n}]), key=order_{n})" for n in range(1, 20))]
)
FILES = {
    "Rust": RUST,
    "Python": SCRIPT,
    "a diff": "\n".join("+" + line for line in SCRIPT.split("\n")),
    "numbered lines": "\n".join(f"{number:3}: {line}" for number, line in enumerate(SCRIPT.split("\n"))),
}


@pytest.mark.parametrize(
    "frame", ["{asked}\n\n{code}", "{code}\n\n{asked}", "src/main:\n{code}\n\n{asked}", "// {asked}\n{code}"]
)
@pytest.mark.parametrize("code", FILES.values(), ids=FILES)
def test_a_question_beside_code_without_a_fence_is_found(frame, code):
    asked = find_question(normalize(frame.format(asked=ASKED, code=code))).question
    assert ASKED in asked
    assert len(asked) < len(ASKED) + 20


def test_code_alone_and_a_mere_order_beside_it_are_read():
    assert "sorted(read" in find_question(normalize(SCRIPT)).question
    assert "sorted(read" in find_question(normalize(f"Fix this:\n\n{SCRIPT}")).question


def test_prose_and_a_few_lines_of_code_are_no_code():
    prose = "\n".join(f"If it rains on day {n}, we stay in the house and read a book" for n in range(40))
    for text in (prose, "x = 1\ny = 2\n" + "It is a tale.\n" * 99, "\n".join(SCRIPT.split("\n")[:6])):
        assert take_code(text) == (text, "")


def test_a_line_of_a_call_is_code_whatever_ends_it():
    calls = "\n".join(
        f"ledger.add({number}, of='the books of the year', at=the_hour_of_day)." for number in range(15)
    )
    assert take_code(f"{ASKED}\n\n{calls}") == (ASKED, calls)
