"""One table of cases, run through both integrations: log-probabilities, bad requests, failover, what is counted."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from crossroute import Escalation, Query, Router
from crossroute.calls.spend import Usage
from crossroute.model.doubt import Doubt
from tests.support.integrations import (
    DOUBTING,
    NAMES,
    LangChain,
    Provider,
    StatusError,
)
from tests.support.routers import STORY

ESCALATION = Escalation(check=lambda query, answer: 1.0)


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Any:
    if request.param == "sync":
        return lambda pool: pool.ask()
    return lambda pool: asyncio.run(pool.aask())


REFUSALS = [
    (400, "logprobs are not supported with this model"),
    (403, "You are not allowed to request logprobs from this model"),
    (404, "logprobs not supported"),
    (422, "Extra inputs are not permitted: top_logprobs"),
    (501, "logprobs are not implemented"),
    (400, "unknown parameter"),
]
BAD_REQUESTS = [
    (400, "temperature must be in [0, 2]"),
    (400, "content_policy_violation: flagged"),
    (422, "role: field required"),
]
MEMBERS_FAULTS = [
    (400, "Your credit balance is too low"),
    (401, "no such key"),
    (403, "forbidden"),
    (404, "model not found"),
]


@pytest.fixture(scope="module")
def reads_runs(router):
    """The router, to which each query reads like the task of an agent's long run."""
    doubt = router.predictor.doubt
    changes = {
        "manner_bias": np.array([0.0, 0.0, 60.0]),
        "run": doubt.tensors["typical"] + np.array([0.0, -2.0, 5.0]),
    }
    predictor = router.predictor.with_doubt(Doubt(doubt.kinds, doubt.tensors | changes))
    whole = Router(predictor, calibration=router.calibration, cluster_labels=router.cluster_labels)
    return whole.subset(NAMES)


def test_a_call_is_priced_as_one_answer_whatever_it_reads_like(reads_runs, integration, ask):
    decisions = [reads_runs.route(Query(STORY, one_call=one)) for one in (False, True)]
    decisions.append(ask(integration(reads_runs, Provider())))
    costs = [{each.candidate: each.cost for each in decision.alternatives} for decision in decisions]
    run, call, paid = ([cost[name] for name in NAMES] for cost in costs)
    assert paid == pytest.approx(call, rel=0.2)
    assert min(np.divide(run, call)) > 10


@pytest.mark.parametrize(("status", "message"), REFUSALS)
def test_a_refusal_of_log_probabilities_is_asked_again_without_them_and_remembered(
    router, integration, ask, status, message
):
    provider = Provider(StatusError(status, message), only_logprobs=True)
    pool = integration(router, provider, escalate=ESCALATION)
    for _ in range(3):
        assert ask(pool).failures == ()
    assert provider.requests == [("small", True), *[("small", False)] * 3]
    assert pool.pool.spend.total.calls == 3


@pytest.mark.parametrize("escalate", [None, ESCALATION])
@pytest.mark.parametrize("fault", MEMBERS_FAULTS)
def test_the_next_member_answers_what_one_is_at_fault_for_and_the_failure_is_told(
    router, integration, ask, escalate, fault
):
    status, message = fault
    provider = Provider(StatusError(status, message), times=1)
    decision = ask(integration(router, provider, escalate=escalate))
    assert [(one.candidate, one.status, one.fault) for one in decision.failures] == [
        ("small", status, "member")
    ]
    assert [model for model, _ in provider.requests] == ["small", "large"]


@pytest.mark.parametrize(("status", "message"), BAD_REQUESTS)
def test_no_bad_request_is_made_twice(router, integration, ask, status, message):
    provider = Provider(StatusError(status, message))
    pool = integration(router, provider, escalate=ESCALATION)
    for _ in range(3):
        with pytest.raises(StatusError) as raised:
            ask(pool)
        assert raised.value is provider.error
    assert provider.requests == [("small", True)] * 3
    assert pool.pool.spend.total.calls == 0


@pytest.mark.parametrize("escalate", [None, ESCALATION])
@pytest.mark.parametrize("error", [(429, "slow down"), (503, "logprobs service is overloaded")])
def test_a_transient_error_goes_to_the_next_member(router, integration, ask, escalate, error):
    provider = Provider(StatusError(*error), times=1)
    pool = integration(router, provider, escalate=escalate)
    decision = ask(pool)
    assert [failure.candidate for failure in decision.failures] == ["small"]
    assert [model for model, _ in provider.requests] == ["small", "large"]
    assert pool.pool.spend.total.calls == 1


def test_without_escalation_nothing_is_asked_for(router, integration, ask):
    provider = Provider()
    ask(integration(router, provider))
    assert provider.requests == [("small", False)]


def test_a_candidate_that_its_user_decided_about_is_asked_as_it_is(router, integration, ask):
    provider = Provider()
    pool = integration(router, provider, escalate=ESCALATION)
    members = pool.pool.models if integration is LangChain else pool.pool.llms
    members["small"].logprobs = False
    ask(pool)
    assert provider.requests == [("small", False)]


def test_each_answer_counts_once(router, integration, ask):
    provider = Provider()
    pool = integration(router, provider, escalate=DOUBTING)
    decision = ask(pool)
    assert [call.candidate for call in decision.calls] == ["small", "large"]
    spent = pool.pool.spend.by_candidate
    assert {name: one.calls for name, one in spent.items()} == {"small": 1, "large": 1}
    assert decision.actual_cost == pytest.approx(pool.pool.spend.total.cost)
    assert pool.pool.spend.total.usage != Usage()


def test_both_dials_are_refused_alike(router, integration):
    with pytest.raises(ValueError, match="Give cost_preference or willingness_to_pay, not both"):
        integration(router, Provider(), cost_preference=0.5, willingness_to_pay=0.1)
