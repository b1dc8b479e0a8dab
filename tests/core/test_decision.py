import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from pydantic import ValidationError
from rich.console import Console

from crossroute import Alternative, Constraints, Decision, Router
from crossroute.decision import Call, Cluster, Failure, Held, Promise, format_usd
from crossroute.decision.words import UNNAMED
from crossroute.escalation.evidence import Evidence
from crossroute.routing.members import Ability, router_over


def alternative(name, quality, cost, reward, excluded=None):
    return Alternative(
        candidate=name, quality=quality, cost=cost, reward=reward, attention=0.25, excluded=excluded
    )


def decision(*alternatives, **fields):
    chosen = alternatives[0]
    return Decision(
        **{
            "candidate": chosen.candidate,
            "quality": chosen.quality,
            "cost": chosen.cost,
            "willingness_to_pay": 0.01,
            "cost_preference": 0.5,
            "reward": "exponential",
            "alternatives": alternatives,
            "clusters": (Cluster(index=3, weight=0.75, label="gsm8k and [mmlu]"),),
            **fields,
        }
    )


MIDDLE = alternative("middle", 0.8, 0.002, -0.4)
BEST = alternative("best", 0.9, 0.02, -2.1)
CHEAP = alternative("cheap", 0.5, 0.0001, -0.7)
BARRED = alternative("barred", 0.99, 0.5, -50.1, excluded="lacks tools")


def test_explains_in_words():
    assert decision(MIDDLE, CHEAP, BEST, BARRED).explain() == (
        "The query most resembles training queries of gsm8k and [mmlu] (weight 0.75). "
        "middle has the highest exponential reward at cost preference 0.5: predicted quality 0.800 for "
        "$0.0020. "
        "best is predicted 0.100 better but costs $0.020, 10.0 times as much. "
        "cheap is the cheapest at $0.00010, with predicted quality 0.500. "
        "barred was excluded: lacks tools."
    )


def test_says_nothing_of_a_dial_that_was_not_used():
    assert "cost preference" not in decision(MIDDLE, CHEAP, cost_preference=None).explain()


def test_queries_that_state_no_task_are_not_said_to_be_resembled():
    unnamed = decision(MIDDLE, clusters=(Cluster(index=0, weight=1.0, label=UNNAMED),))
    assert unnamed.explain().startswith(MIDDLE.candidate)


def test_the_only_eligible_candidate_is_called_that():
    assert "No other candidate was eligible." in decision(MIDDLE, BARRED).explain()


def test_the_best_and_cheapest_needs_no_comparison():
    text = decision(alternative("a", 0.9, 0.001, 0.0), alternative("b", 0.8, 0.002, -1.0)).explain()
    assert "better" not in text
    assert "cheapest" not in text


def test_a_candidate_that_costs_nothing_divides_nothing():
    text = decision(alternative("free", 0.5, 0, -0.7), BEST).explain()
    assert "best is predicted 0.400 better but costs $0.020." in text
    assert "inf" not in text


def test_plain_data_is_what_json_says(router):
    failed = Failure(candidate="best", error="TimeoutError", transient=True, fault="network")
    evidence = Evidence(mean_logprob=-0.5, flaws=frozenset({"empty"}))
    call = Call(candidate="cheap", prior=0.5, posterior=math.nan, evidence=evidence, cost=None, latency_s=1.5)
    budget = Held(budget="$5 a day", account="day", left=4.0, held=True)
    told = {"failures": (failed,), "calls": (call,), "floor": Promise(drop=0.1), "budgets": (budget,)}
    full = decision(MIDDLE, BARRED, quality=math.nan, propensities={"middle": 0.9, "best": 0.1}, **told)
    for made in (
        full,
        router.route("What is 2 + 2?"),
        router.route("Prove it.", constraints={"deny": ["small"]}),
    ):
        data = made.as_json()
        assert data.pop("decision_id") == made.id
        assert data == json.loads(made.model_dump_json())
        assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_json_gives_the_decision_back():
    made = decision(MIDDLE, CHEAP, BEST, BARRED)
    assert Decision.model_validate_json(made.model_dump_json()) == made
    assert json.loads(made.model_dump_json())["alternatives"][0]["candidate"] == "middle"


def test_prints_as_a_table_with_the_choice_marked():
    text = str(decision(MIDDLE, CHEAP, BEST, BARRED))
    (marked,) = [line for line in text.splitlines() if "●" in line]
    assert "middle" in marked
    assert "0.800" in marked
    assert "$0.0020" in marked
    assert "-0.400" in marked
    (barred,) = [line for line in text.splitlines() if "barred" in line]
    assert "lacks tools" in barred
    assert "log reward" in text
    assert "log reward" not in str(decision(MIDDLE, reward="linear"))


def test_names_are_printed_as_they_are():
    odd = alternative("[red]odd[/] [/]", 0.8, 0.002, -0.4)
    console = Console(width=100)
    with console.capture() as capture:
        console.print(decision(odd, CHEAP))
    assert capture.get().count("[red]odd[/] [/]") == 2


def test_a_decision_cannot_be_altered():
    with pytest.raises(ValidationError, match="frozen"):
        decision(MIDDLE).candidate = "best"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0, "$0"),
        (0.0, "$0"),
        (1, "$1.00"),
        (1234.5, "$1234.50"),
        (0.5, "$0.50"),
        (0.1, "$0.10"),
        (0.0999, "$0.100"),
        (1e-12, "$0.0000000000010"),
    ],
)
def test_usd_keeps_two_digits(amount, written):
    assert format_usd(amount) == written


def test_usd_reads_back():
    for power in range(-12, 4):
        assert math.isclose(float(format_usd(3.7 * 10.0**power)[1:]), 3.7 * 10.0**power)


def test_ids_are_uuids_of_version_7_that_sort_by_time():
    before = time.time_ns() // 1_000_000
    ids = [decision(MIDDLE).id for _ in range(1000)]
    after = time.time_ns() // 1_000_000
    assert ids == sorted(set(ids))
    parsed = [UUID(one) for one in ids]
    assert {(one.version, one.variant) for one in parsed} == {(7, "specified in RFC 4122")}
    assert before <= parsed[0].int >> 80
    assert parsed[-1].int >> 80 <= after + 1


def test_ids_of_many_threads_are_unique():
    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(lambda _: decision(MIDDLE).id, range(2000)))
    assert len(set(ids)) == len(ids)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no forks")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_draws_numbers_of_its_own_for_ids():
    made = decision(alternative("a", 0.9, 0.01, 1.0))  # more numbers are drawn than it takes
    reader, writer = os.pipe()
    if not os.fork():
        os.write(writer, decision(*made.alternatives).id.encode())
        os._exit(0)
    told, own = os.read(reader, 36).decode(), decision(*made.alternatives).id
    os.wait()
    assert UUID(told).int & (1 << 62) - 1 != UUID(own).int & (1 << 62) - 1


def test_the_id_stays_while_a_decision_is_carried_out_and_equality_ignores_it():
    one, other = decision(MIDDLE, BEST), decision(MIDDLE, BEST)
    assert one.id != other.id
    assert one == other
    assert hash(one) == hash(other)
    assert one != one.because("a reason")
    assert one.because("a reason").switched("best", "better").id == one.id
    assert Decision.model_validate_json(one.model_dump_json()).id == one.id


def test_a_decision_written_before_there_were_ids_is_read():
    data = json.loads(decision(MIDDLE).model_dump_json())
    assert data.pop("propensity") == 1.0
    data.pop("id")
    assert Decision.model_validate(data) == decision(MIDDLE)
    with pytest.raises(ValidationError):
        decision(MIDDLE, propensity=0.0)


def test_it_says_what_rests_on_a_prior_and_what_was_measured_of_others():
    router = Router.from_pretrained("universal")
    names = ("gpt-6-luna", "gpt-5.5@low", "claude-opus-5-5", "deepseek-v4-pro")
    over = router_over(router, dict.fromkeys(names, Ability()))
    decision = over.route("What is the capital of Mongolia?", cost_preference=1)
    known = {a.candidate: (a.rests_on, a.effort) for a in decision.alternatives}
    assert known["gpt-6-luna"] == ("prior", None)
    assert known["gpt-5.5@low"] == ("measured", "low")
    told = over.route("Hi", constraints=Constraints(allow={"gpt-6-luna"})).explain()
    assert "gpt-6-luna was not measured: the prediction is a prior" in told
    told = over.route("Hi", constraints=Constraints(allow={"gpt-5.5@low"})).explain()
    assert "gpt-5.5@low was predicted from the effect of this effort on other models." in told
    told = over.route("Hi", constraints=Constraints(allow={"deepseek-v4-pro"})).explain()
    assert "prior" not in told
