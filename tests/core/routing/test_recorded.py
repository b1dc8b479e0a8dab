"""What was recorded of made-up routers: the same choices and numbers, however they are computed."""

import json
from pathlib import Path

import numpy as np
import pytest

from crossroute.query import Query
from crossroute.reading.normalization import normalize
from crossroute.reading.question import Asked, find_question
from tests.support.made import KINDS_OF_ROUTERS, TEXTS, decisions, predictions

RECORDED = json.loads(Path(__file__).with_name("recorded_decisions.json").read_text("utf-8"))


@pytest.mark.parametrize("name", KINDS_OF_ROUTERS)
def test_decisions_are_those_that_were_recorded(name):
    found = decisions(name)
    for told, expected in zip(found, RECORDED[name]["decisions"], strict=True):
        assert told[0] == expected[0]  # the choice, or the error
        if len(expected) > 1:
            assert told[1] == pytest.approx(expected[1], rel=1e-6)
            for cluster, known in zip(told[2], expected[2], strict=True):
                assert cluster == pytest.approx(known, abs=2e-6)
            for row, known in zip(told[3:], expected[3:], strict=True):
                assert (row[0], row[6]) == (known[0], known[6])
                assert row[1] == pytest.approx(known[1], abs=1e-6)  # quality
                assert row[2] == pytest.approx(known[2], rel=1e-5)  # cost
                assert row[3:6] == pytest.approx(known[3:6], rel=2e-5, abs=2e-6)


@pytest.mark.parametrize("name", KINDS_OF_ROUTERS)
def test_predictions_are_those_that_were_recorded(name):
    np.testing.assert_allclose(predictions(name), RECORDED[name]["predictions"], rtol=1e-5)


WORDS = """
time year People Q: question Question: # > 1. model LLM ai AI the use best reminder: Reminder available tools summary
what is with to in that and of
hahaha hahahaha aaaa aaa <b> </b> a.b ? ! . :: -- don't (A) A) 12 1,000 _x_ WHY NOT context: below. note
""".split()  # noqa: SIM905 - prose


def test_a_text_is_read_as_it_stands_only_where_the_rules_find_nothing():
    random, plain = np.random.default_rng(3), 0
    for number in range(3_000):
        words = random.choice(WORDS, size=int(random.integers(1, 14)))
        text = " ".join(words) if number % 9 else " ".join(words).upper()
        query = Query(text)
        if query._plain:
            plain += 1
            assert find_question(normalize(text)) == Asked(text)
    assert plain > 300


@pytest.mark.parametrize("text", TEXTS)
def test_the_views_are_those_of_the_rules(text):
    asked = find_question(normalize(text))
    assert Query(text).instance_view.endswith(asked.question[-500:])
