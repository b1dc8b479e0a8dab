"""The bundled universal router: its pool is the catalogue's, any subset of it is a pool, thin evidence is told."""

import numpy as np
import pytest

from crossroute import Query, Router, UnknownCandidateError
from crossroute.catalogue import Catalogue
from crossroute.cli.listing import list_pool
from crossroute.routing.members import Ability, router_over
from crossroute.routing.storage import BUNDLED

QUERIES = [
    "What is 17 times 23? Answer with the number only.",
    "Write a function that reverses a list in Python.",
]


@pytest.fixture(scope="module")
def universal():
    return Router.from_pretrained("universal")


def test_its_candidates_are_the_catalogues_and_at_least_five_hundred(universal):
    assert len(universal.pool) >= 500
    for candidate in universal.pool:
        entry = Catalogue.bundled()[candidate.name]
        assert candidate.price is not None
        assert (sum(candidate.profile.evidence) > 0) == bool(entry.sources)
        assert not (entry.scores and entry.sources)
        assert len(candidate.profile.belief.ability) == len(universal.predictor.doubt.kinds)
    assert universal.provenance["sources"]["gpt-4o-mini"] == Catalogue.bundled()["gpt-4o-mini"].sources


def test_every_candidate_with_a_price_is_in_it(universal):
    known = (entry for entry in Catalogue.bundled() if entry.price)
    assert set(universal.pool.names) == {entry.name for entry in known}


def test_it_is_small_with_its_encoder():
    files = [*(BUNDLED / "universal").iterdir(), *(BUNDLED / "static-minilm").iterdir()]
    assert sum(file.stat().st_size for file in files) < 6e6
    assert sum(file.stat().st_size for file in (BUNDLED / "universal").iterdir()) < 1.8e6


def test_a_step_of_an_agents_run_costs_one_answer_and_the_harder_one_has_the_claim_to_the_dear_model(
    universal,
):
    task = (
        "In the repository below, find out why the parser crashes on empty input, fix it, and add a test that fails "
        "without the fix. Run the whole suite before you stop."
    )
    router = universal.subset(["gpt-6-luna", "claude-opus-5-5"])
    whole = router.route(Query(task, one_call=False))
    easy = router.route(Query(task, step="I list the files.", input_tokens=6_000))
    hard = router.route(
        Query(task, step="FAILED test_race: deadlock detected between two writers", input_tokens=6_000)
    )
    dear = [{each.candidate: each for each in d.alternatives}["claude-opus-5-5"] for d in (whole, easy, hard)]
    cheap = [{each.candidate: each for each in d.alternatives}["gpt-6-luna"] for d in (whole, easy, hard)]
    assert dear[0].cost > 0.1
    assert max(dear[1].cost, dear[2].cost) < 0.06
    assert dear[2].quality - cheap[2].quality > dear[1].quality - cheap[1].quality


@pytest.mark.parametrize(
    "names", [("gpt-4o-mini",), ("gpt-5", "gpt-4o-mini"), ("claude-3-haiku", "gpt-4o-mini", "o1-mini")]
)
def test_any_subset_is_a_pool(universal, names):
    for decision in universal.subset(names).route_many(QUERIES):
        assert decision.candidate in names
        assert 0 < decision.quality < 1


def test_a_candidate_that_was_seldom_tried_is_predicted_with_a_larger_error(universal):
    found = universal.predict(QUERIES)
    evidence = np.array([sum(candidate.profile.evidence) for candidate in universal.pool])
    error = found.quality_error.mean(0)
    assert error[evidence < 100].mean() > 1.5 * error[evidence > 2000].mean()


def test_a_dear_and_able_candidate_is_foreseen_as_both(universal):
    strong = universal.subset(["gpt-5", "llama-3.2-1b-instruct"]).predict(QUERIES)
    assert (strong.quality[:, 0] > strong.quality[:, 1] + 0.1).all()
    assert (strong.cost[:, 0] > 10 * strong.cost[:, 1]).all()
    assert (strong.cost < 0.2).all()


def test_a_model_with_published_scores_alone_is_routed_to_with_honest_doubt():
    spelled = ("openai:gpt-5.1", "anthropic:claude-sonnet-4", "anthropic:claude-3-haiku-20240307")
    router = router_over("universal", {name: Ability() for name in spelled})
    found = router.predict(QUERIES)
    assert found.candidates == spelled
    published, seldom, measured = found.quality_error.T
    assert published.mean() > 1.4 * measured.mean()
    assert (published > measured).all()
    assert (published > seldom).all()
    for decision in router.subset(spelled[:2]).route_many(QUERIES):
        assert decision.candidate in spelled[:2]
        errors = {each.candidate: each.quality_error for each in decision.alternatives}
        assert errors["openai:gpt-5.1"] > errors["anthropic:claude-sonnet-4"]


def test_rough_profiles_are_doubted_more_than_well_measured_ones(universal):
    pool = universal.pool
    evidence = np.array([sum(candidate.profile.evidence) for candidate in pool])
    rough, sure = evidence == 0, evidence > 500
    believed = np.array([candidate.profile.belief.ability_error for candidate in pool])  # (m, kinds)
    assert (np.median(believed[rough], axis=0) >= np.median(believed[sure], axis=0)).all()
    assert believed[rough].mean() > 1.2 * believed[sure].mean()
    error = universal.predict(QUERIES).quality_error
    assert (np.median(error[:, rough], axis=1) > 1.5 * np.median(error[:, sure], axis=1)).all()


def test_the_listing_says_which_profiles_are_rough(universal):
    rows = {row.candidate.name: row for row in list_pool(universal.pool, universal.provenance["sources"])}
    assert rows["gpt-5.1"].origin == "published scores"
    assert rows["gpt-5.1"].record()["scores"]["gpqa"] == 0.881
    assert "anthropic.com" in rows["gpt-5.1"].record()["scores_from"]
    assert rows["gpt-4o-mini"].origin == "zeroeval bfcl gpt4o-llama-qwen thematic"
    assert rows["gpt-4o-mini"].record()["scores"] == {}


def test_better_models_have_better_rough_profiles(universal):
    """Of those without an outcome: the mean of one that was measured is over the clusters where it was."""
    rough = {
        each.name: each.profile.mean_quality for each in universal.pool if not any(each.profile.evidence)
    }
    assert rough["gemma-3-270m-it"] < rough["gemma-3-4b-it"] < rough["gemma-3-12b-it"]
    assert rough["qwen2.5-0.5b-instruct"] < rough["qwen2.5-14b-instruct"] < rough["qwen3-32b"]
    assert rough["gpt-5.1-codex-mini"] < rough["gpt-5.1-codex"] < rough["gpt-5-pro"]


FUNCTION_CALLERS = ["gorilla-openfunctions-v2", "xlam-7b-fc-r", "functionary-medium-v3.1"]
TEXTS = [
    "Prove that there are infinitely many primes.",
    "Derive the Euler-Lagrange equation.",
    "Write a Python function that merges two sorted lists.",
    "What are the side effects of metformin?",
]


def test_a_model_tried_on_function_calls_alone_is_not_taken_to_be_as_good_at_texts(universal):
    tools = universal.predictor.doubt.kinds.index("tools")
    for name in FUNCTION_CALLERS:
        ability = universal.pool[name].profile.belief.ability
        assert ability[tools] > max(np.delete(ability, tools)) + 0.3
    called = universal.subset(FUNCTION_CALLERS).predict(TEXTS).quality
    strong = universal.subset(["gpt-5", "claude-3-5-sonnet-20241022"]).predict(TEXTS).quality
    assert (
        called.max(1) <= strong.max(1)
    ).all()  # both may be as sure as a prediction can be: predictor.SURE
    assert called.mean() < strong.mean() - 0.05


@pytest.mark.parametrize("cost_preference", [0, 0.3, 0.5, 0.8])
def test_no_text_goes_to_a_function_caller_though_it_is_in_the_pool(universal, cost_preference):
    for decision in universal.route_many(TEXTS, cost_preference=cost_preference):
        assert decision.candidate not in FUNCTION_CALLERS


def test_a_subset_is_named_in_any_spelling(universal):
    small = universal.subset(["openai:gpt-5", "anthropic/claude-sonnet-4"])
    assert small.pool.names == ("gpt-5", "claude-sonnet-4")
    with pytest.raises(UnknownCandidateError, match="'grok-9'"):
        universal.subset(["grok-9"])
