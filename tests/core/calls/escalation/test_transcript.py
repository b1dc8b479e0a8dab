"""The transcript: how answers agree, which is returned, and what all of them took."""

import math

import numpy as np
import pytest

from crossroute.calls.escalation import transcript
from crossroute.calls.escalation.transcript import Transcript
from crossroute.calls.reply import Reply
from crossroute.calls.spend import Usage
from tests.support.escalating import SURE, UNSURE, decided, plan


def heard(*answers, names=("cheap", "middle", "dear"), encoder=None):
    told = Transcript(plan(decided(max_calls=3)), "What is the capital of France?", {}, encoder)
    for name, answer in zip(names, answers, strict=False):
        reply = Reply(answer, SURE, "stop") if isinstance(answer, str) else answer
        told.add(name, reply.text, reply, 1e-4, 0.1)
    return told


def test_which_answers_say_the_same_and_how_far_each_agrees_with_the_others():
    told = heard("Paris", "Lyon", "The answer is Paris.")
    np.testing.assert_array_equal(told.same, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    assert [call.evidence.agreement for call in told.calls] == [0.5, 0.0, 0.5]


def test_one_answer_agrees_with_nobody():
    told = heard("Paris")
    assert told.calls[0].evidence.agreement is None
    np.testing.assert_array_equal(told.same, [[True]])


def test_each_pair_of_answers_is_compared_once_however_often_it_is_looked_at(monkeypatch):
    pairs, compare = [], transcript.agreement

    def counted(one, other, *rest):
        pairs.append((one, other))
        return compare(one, other, *rest)

    monkeypatch.setattr(transcript, "agreement", counted)
    told = heard("Paris", "Lyon", "Nice")
    told.add_opinion("check", 0.9)
    assert told.same is not None
    assert told.same.shape == (3, 3)
    apart = {frozenset(pair) for pair in pairs if len(set(pair)) > 1}
    assert apart == {frozenset(pair) for pair in (("Paris", "Lyon"), ("Paris", "Nice"), ("Lyon", "Nice"))}
    assert len(pairs) == 3 + 3  # and each with itself


@pytest.mark.parametrize("flawed", [Reply("", SURE, "stop"), Reply("Par", SURE, "length")])
def test_what_is_empty_or_cut_off_is_not_compared(flawed):
    told = heard("Paris", flawed, "Paris")
    assert told.same is None
    assert [call.evidence.agreement for call in told.calls] == [1.0, None, 1.0]


def test_the_answer_to_return_is_usable_and_most_likely_right():
    unusable = Reply("", SURE, "stop")
    assert heard(unusable, Reply("Lyon", UNSURE, "stop")).best == 1
    assert heard(Reply("Lyon", UNSURE, "stop"), "Paris").best == 1
    assert heard("Paris", unusable).best == 0


def test_of_a_candidate_that_the_plan_does_not_know_nothing_is_said():
    told = heard("Paris", "Paris", names=("cheap", "another"))
    assert told.foreign
    assert math.isnan(told.calls[1].posterior)
    assert told.best == 0


def test_tokens_of_all_answers_are_summed_where_any_are_known():
    assert heard("Paris").usage is None
    known = Reply("Paris", SURE, "stop", Usage(input_tokens=3, output_tokens=1))
    assert heard(known, "Paris", known).usage == Usage(input_tokens=6, output_tokens=2)


def test_an_opinion_is_a_probability():
    with pytest.raises(ValueError, match=r"The judge must return a number in \[0, 1\], got 7"):
        heard("Paris").add_opinion("judge", 7)
