"""Variants of one model in a pool: chosen like candidates, never out of order, saved and loaded."""

import numpy as np
import pytest

from crossroute import Constraints, Pool, Query, Router, UnknownCandidateError
from crossroute.candidate import FREE
from crossroute.catalogue import make_variant
from crossroute.effort import EffortLevel
from crossroute.routing.members import Ability, router_over

LEVELS = ("low", "medium", "high", "xhigh")
QUERIES = (
    "What is the capital of France?",
    "Thanks!",
    "Prove that there are infinitely many primes that leave 3 when divided by 4.",
    "Rewrite this sentence without passive voice: the ball was thrown by him.",
    "Find the race in this Go worker pool and mend it.",
)


@pytest.fixture(scope="module")
def variants():
    names = [f"{model}@{level}" for model in ("gpt-5.5", "gpt-5.4-nano") for level in LEVELS]
    return router_over("universal", dict.fromkeys(names, Ability()))


def test_a_variant_that_thinks_harder_is_never_foreseen_worse_or_cheaper(variants):
    found = variants.predict(QUERIES)
    for first in (0, len(LEVELS)):
        own = slice(first, first + len(LEVELS))
        assert (np.diff(found.quality[:, own], axis=1) >= 0).all()
        assert (np.diff(found.cost[:, own], axis=1) > 0).all()


def test_order_holds_in_a_router_without_doubt(router):
    low, high = (make_variant(router.pool["small"], EffortLevel(level)) for level in ("low", "high"))
    over = router.over(Pool([low, router.pool["large"], high]))
    found = over.predict(QUERIES)
    assert (found.quality[:, 0] < found.quality[:, 2]).all()
    assert (found.cost[:, 0] < found.cost[:, 2]).all()


def test_effort_is_a_choice_of_the_dial(variants):
    hard = "Prove that the ring of integers of Q(sqrt(-5)) is not a unique factorization domain."
    chosen = [
        variants.route(hard, cost_preference=preference).candidate for preference in (0.0, 0.3, 0.6, 1.0)
    ]
    assert chosen[0].startswith("gpt-5.5@")
    assert chosen[-1] == "gpt-5.4-nano@low"


def test_the_usual_effort_is_predicted_as_the_model_itself():
    found = router_over("universal", dict.fromkeys(("gpt-5.5", "gpt-5.5@medium"), Ability())).predict(QUERIES)
    assert np.allclose(found.quality[:, 0], found.quality[:, 1])
    assert np.allclose(found.cost[:, 0], found.cost[:, 1])


def test_variants_are_saved_and_loaded(variants, tmp_path):
    variants.save_pretrained(tmp_path)
    again = Router.from_pretrained(tmp_path)
    assert again.pool == variants.pool
    assert np.array_equal(again.predict(QUERIES).quality, variants.predict(QUERIES).quality)


def test_what_a_model_was_told_by_its_own_settings_counts():
    names = {"gpt-5.5": Ability(effort="low"), "gpt-5.4-nano": Ability(effort="nonsense")}
    found = router_over("universal", names).pool
    assert found["gpt-5.5"].effort.told == "low"
    assert found["gpt-5.4-nano"].effort is None


def test_more_evidence_is_wanted_of_a_variant_than_of_the_model():
    found = router_over("universal", dict.fromkeys(("gpt-5.5", "gpt-5.5@none"), Ability()))
    decision = found.route(Query("Sort these five fractions by size and explain each comparison."))
    error = {a.candidate: a.quality_error for a in decision.alternatives}
    assert error["gpt-5.5@none"] > error["gpt-5.5"]


def test_a_subset_takes_efforts_and_models_of_today_that_nobody_listed():
    router = Router.from_pretrained("universal").subset(["gpt-5.5@low", "gpt-5.5@high", "gpt-7-mini"])
    assert router.pool.names == ("gpt-5.5@low", "gpt-5.5@high", "gpt-7-mini")
    explained = router.route("Hi", constraints=Constraints(allow={"gpt-7-mini"})).explain()
    assert "gpt-7-mini was not known: the prediction is estimated from models of the family" in explained
    assert (
        Router.from_pretrained("universal").subset(["ollama/llama3.1:8b"]).pool["llama-3.1-8b-instruct"].price
        == FREE
    )
    with pytest.raises(
        UnknownCandidateError, match=r"'hihg' is no effort: these are none, minimal, low.* such as 16k"
    ):
        router.subset(["gpt-5.5@hihg"])


def test_arguments_of_other_kinds_are_refused_by_what_is_expected(router):
    large = router.pool["large"]
    for make, told in (
        (lambda: router.subset([0]), "Expected a model's name, got 0"),
        (lambda: router.with_candidates(["large"]), "Expected candidates, got 'large'"),
        (lambda: router.with_candidates(large), "Expected several candidates, got one, 'large'"),
        (lambda: router.with_floor("graded.jsonl"), "with_floor expects Outcomes, got str"),
        (lambda: router.profile("graded.jsonl"), "profile expects Outcomes, got str"),
        (lambda: router.pool[0], r"Expected a candidate's name, got 0; by position: list\(pool\)\[0\]"),
        (
            lambda: router.over(["large"]),
            r"Expected a Pool, got \['large'\]; for candidates by name use subset",
        ),
        (lambda: router.with_budgets("5"), r"Expected a Budget, or several.*got '5'"),
        (lambda: router_over(router, ["large"]), r"Expected models by name.*got \['large'\]"),
    ):
        with pytest.raises(TypeError, match=told):
            make()
