"""The plan of a query: which candidate is called first and next, by which evidence, within which limits."""

import numpy as np
import pytest

from crossroute.calls.escalation.plan import MOST_CANDIDATES
from crossroute.decision import Promise
from crossroute.errors import FloorError
from crossroute.escalation import Escalation, Judge
from crossroute.escalation.evidence import Evidence
from tests.support.escalating import NAMES, decided, plan

SURELY, DOUBTFUL = Evidence(mean_logprob=-1e-5), Evidence(mean_logprob=-1.5)


def promise(max_calls):
    return Promise(drop=0.02, max_calls=max_calls)


def test_a_cheap_candidate_is_asked_first_where_its_answer_can_be_looked_at():
    decision = decided(
        quality=(0.9, 0.85, 0.6), cost=(1e-2, 1e-3, 1e-4), names=("dear", "middle", "cheap"), pay=0.02
    )
    begun = plan(decision).begin()
    assert begun.max_calls == 2
    assert begun.candidate == plan(decision).choose_first() != "dear"
    assert begun.reasons[-1] == f"{begun.candidate} first: its answer may be good enough"


def test_one_candidate_or_one_call_is_no_escalation():
    alone = decided(quality=(0.6,), cost=(1e-4,), names=("cheap",), max_calls=1)
    assert plan(alone).begin() is alone
    decision = decided(max_calls=1)
    assert plan(decision, Escalation(max_calls=1)).begin() is decision
    assert plan(decision, Escalation(max_calls=2)).begin().max_calls == 2


def test_after_a_doubtful_answer_another_is_called_and_after_a_sure_one_none():
    told = plan(decided())
    shifts = {evidence: told.shift("cheap", evidence) for evidence in (SURELY, DOUBTFUL)}
    assert shifts[SURELY] > 0 > shifts[DOUBTFUL]
    assert told.choose_next(["cheap"], [shifts[SURELY]], np.inf) is None
    assert told.choose_next(["cheap"], [shifts[DOUBTFUL]], np.inf) in ("middle", "dear")


def test_what_is_barred_or_too_dear_is_not_called():
    told = plan(decided())
    doubt = told.shift("cheap", DOUBTFUL)
    assert told.choose_next(["cheap"], [doubt], np.inf, barred=("middle", "dear", "another")) is None
    assert told.choose_next(["cheap"], [doubt], 5e-4) == "middle", "dear costs more"
    assert told.choose_next(["cheap"], [doubt], 1e-5) is None


def test_evidence_that_tells_nothing_shifts_nothing():
    told = plan(decided())
    assert np.isnan(told.shift("cheap", Evidence()))
    assert told.posteriors(["cheap"], [np.nan]) == pytest.approx([0.6])
    assert told.prior("middle", [], []) == pytest.approx(0.7)


def test_another_answers_failure_lowers_what_is_expected_of_the_next():
    told = plan(decided())
    doubt = told.shift("cheap", DOUBTFUL)
    assert told.prior("middle", ["cheap"], [doubt]) < told.prior("middle", [], [])


def test_a_judges_word_counts_beside_the_log_probabilities():
    judged = Escalation(judge=Judge(ask=lambda query, answer: 1.0))
    told = plan(decided(), judged)
    both = Evidence(mean_logprob=-1.5, judge=1.0)
    assert told.shift("cheap", both) > told.shift("cheap", DOUBTFUL)


def test_answers_are_compared_where_agreement_is_all_that_there_is():
    compared = Escalation(answers="choice", max_calls=3, logprobs=False)
    assert plan(decided(), compared).compares
    assert not plan(decided(), Escalation(answers="choice", max_calls=2, logprobs=False)).compares
    told = plan(decided(), compared)
    assert np.isnan(told.shift("cheap", Evidence(agreement=1.0))), "agreement is told of all answers together"
    alike, apart = (
        told.posteriors(["cheap", "middle"], [np.nan] * 2, same)
        for same in (np.ones((2, 2), bool), np.eye(2, dtype=bool))
    )
    assert alike[0] > apart[0]


def test_no_more_candidates_are_planned_with_than_look_ahead_can_take():
    names = tuple(f"m{number}" for number in range(MOST_CANDIDATES + 4))
    decision = decided(np.linspace(0.9, 0.5, len(names)), [1e-4] * len(names), names=names)
    assert plan(decision).names == list(names[:MOST_CANDIDATES])
    assert len(plan(decided())) == len(NAMES)


def test_a_floor_holds_for_as_many_calls_as_it_was_proved_for():
    kept = decided().model_copy(update={"floor": promise(2)})
    assert plan(kept).begin().floor == promise(2)
    assert plan(kept, Escalation(answers="text")).begin().floor is None, (
        "that was not there when it was proved"
    )
    with pytest.raises(FloorError, match="proved for up to 2 of the 3 calls"):
        plan(kept, Escalation(max_calls=3)).begin()
