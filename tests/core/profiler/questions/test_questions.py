import ast
import contextlib
import hashlib
import io

import pytest

from crossroute.profiler.questions import calibration_set
from crossroute.profiler.questions.expression import worth

DIGEST = "d5c9cfff0c1c0269e06007eff835b88a2c1131cb5133d37802706717881b5619"
"""Of ids (which hold skill, level and a hash of the text), checkers and examples, in order."""


def test_there_are_240_queries_over_12_skills_at_three_levels_each_under_ids_of_their_own():
    queries = calibration_set()
    levels = {skill: {q.level for q in queries if q.skill == skill} for skill in {q.skill for q in queries}}
    assert len({query.query_id for query in queries}) == len(queries) >= 240
    assert len(levels) >= 12
    assert all(len(found) >= 3 for found in levels.values())


def test_the_queries_are_those_that_profiles_were_made_on():
    told = "\n".join(f"{q.query_id} {q.checker.__name__} {q.example}" for q in calibration_set())
    assert hashlib.sha256(told.encode()).hexdigest() == DIGEST


@pytest.mark.parametrize("query", calibration_set(), ids=lambda query: query.query_id)
def test_the_example_deserves_1_and_an_empty_or_foreign_answer_0(query):
    assert query.grade(query.example) == 1
    assert query.grade(" ") == 0
    assert query.grade("I do not know.") == 0


def test_programs_print_and_sums_are_what_python_says():
    for query in calibration_set():
        if query.skill == "code-reading":
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(query.text.split("\n\n", 1)[1], {})  # noqa: S102 - our own text
            assert said.getvalue().strip() == query.example
        elif query.skill == "arithmetic":
            assert eval(query.text[8 : query.text.index("?")]) == query.reference  # noqa: S307 - our own text


@pytest.mark.parametrize(
    "answer", ["9**9**9", "'x' * 10**9", "__import__('os')", "().__class__", "range(10**9)"]
)
def test_an_expression_that_is_too_much_or_reaches_out_is_worth_nothing(answer):
    assert ast.parse(answer)
    assert worth(answer, (({}, 0),)) == 0
