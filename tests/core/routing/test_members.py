"""Members: models find their candidates, and say what they can do."""

import pytest

from crossroute import Candidate, Pool, Price
from crossroute.candidate import FREE
from crossroute.catalogue import Catalogue, find_candidate
from crossroute.errors import UnprofiledCandidateError
from crossroute.routing.members import Ability, make_unprofiled, name_models, router_over, set_prices


def test_models_of_a_list_go_by_the_names_that_they_tell():
    assert name_models(["Gpt", "Llama"], str.lower) == {"gpt": "Gpt", "llama": "Llama"}
    assert name_models({"a": "Gpt"}, str.lower) == {"a": "Gpt"}
    assert name_models([], str.lower) == {}


def test_models_of_a_list_without_a_name_of_their_own_are_refused():
    with pytest.raises(ValueError, match=r"An object of type str has no model name\. Give models by name"):
        name_models(["Gpt"], lambda model: None)
    with pytest.raises(ValueError, match="Two models are named 'gpt'"):
        name_models(["Gpt", "gpt"], str.lower)
    with pytest.raises(TypeError, match="got one, 'openai:gpt-5'; put it in a list"):
        name_models("openai:gpt-5", str.lower)


def test_members_are_found_by_name_and_by_alias_and_keep_the_guests_name(router):
    found = router_over(router, {"lab/small": Ability(), "large": Ability()})
    assert found.pool.names == ("lab/small", "large")
    assert "small" in found.pool["lab/small"].aliases
    assert found.pool["lab/small"].price == router.pool["small"].price
    assert found.route("What is 2 plus 2?").candidate in found.pool


def test_a_folder_serves_as_a_router(saved):
    assert router_over(saved, {"coder": Ability()}).pool.names == ("coder",)


def test_what_a_member_can_do_goes_into_its_candidate(router):
    ability = Ability(capabilities={"tools"}, context_window=7, price=Price(input=1, output=2))
    candidate = router_over(router, {"large": ability}).pool["large"]
    assert candidate.capabilities == {"tools"}
    assert candidate.context_window == 7
    assert candidate.price == Price(input=1, output=2)
    unstated = router_over(router, {"large": Ability()}).pool["large"]
    assert unstated == router.pool["large"]


def test_a_name_without_a_profile_is_refused_with_the_way_to_profile_it(router):
    with pytest.raises(
        UnprofiledCandidateError, match=r"'gpt-9'.*it knows 'small'.*router\.profile\(outcomes\)"
    ):
        router_over(router, {"small": Ability(), "gpt-9": Ability()})


def test_a_name_that_means_no_one_model_is_refused_with_the_reason(router):
    with pytest.raises(
        UnprofiledCandidateError, match="'mistral-large-latest': it moves from model to model"
    ):
        router_over(router, {"mistral-large-latest": Ability()})


def test_the_default_needs_no_profile_but_somebody_does(router):
    found = router_over(router, {"small": Ability(), "gpt-9": Ability()}, default="gpt-9")
    assert found.pool.names == ("small",)
    with pytest.raises(UnprofiledCandidateError):
        router_over(router, {"gpt-9": Ability()}, default="gpt-9")


def test_nonsense_is_refused(router):
    with pytest.raises(ValueError, match="at least one model"):
        router_over(router, {})
    with pytest.raises(ValueError, match="default 'x' is not among"):
        router_over(router, {"small": Ability()}, default="x")


def test_one_candidate_may_be_a_member_at_two_hosts(router):
    both = router_over(router, {"small": Ability(), "lab/small": Ability(price=Price(input=9, output=9))})
    assert both.pool.names == ("small", "lab/small")
    assert both.route("What is 17 * 23?", cost_preference=1.0).candidate == "small"
    assert [member.price.input == 9 for member in both.pool] == [False, True]


def test_a_local_model_costs_nothing_unless_its_price_is_stated():
    found = find_candidate(Pool([Candidate(name="llama-3-8b-instruct")]), "ollama/llama3:8b")
    assert found.price == FREE
    stated = Ability(price=Price(input=1, output=1))
    assert stated.stated_on(found, "x").price == Price(input=1, output=1)


def test_a_bundled_routers_candidates_are_found_by_the_spellings_of_today():
    models = {"openai:gpt-4-1106-preview": Ability(), "bedrock/anthropic.claude-v2": Ability()}
    found = router_over("routerbench", models)
    assert found.pool.names == tuple(models)
    assert "claude-v2" in found.pool["bedrock/anthropic.claude-v2"].aliases


def test_an_unprofiled_model_has_the_catalogues_price_and_context():
    model = make_unprofiled("openai:gpt-5-mini")
    assert model.price == Catalogue.bundled()["gpt-5-mini"].price
    assert model.context_window == 400_000
    assert make_unprofiled("ollama:qwen3:8b").price == FREE
    assert make_unprofiled("ollama/my-own:7b") == Candidate(name="ollama/my-own:7b", price=FREE)
    assert make_unprofiled("mine") == Candidate(name="mine")


def test_prices_are_stated_by_model():
    price = Price(input=1, output=2)
    abilities = set_prices({"a": Ability(), "b": Ability(context_window=5)}, {"b": price})
    assert abilities == {"a": Ability(), "b": Ability(context_window=5, price=price)}
    with pytest.raises(ValueError, match="given for 'c', expected one of a, b"):
        set_prices(abilities, {"c": price})


def test_a_stated_output_price_changes_what_a_router_of_usd_foresees():
    name = "openai:gpt-4-1106-preview"
    cheap, dear = (
        router_over("routerbench", {name: Ability(price=Price(input=10, output=usd))}).predict(["text"]).cost
        for usd in (30, 300)
    )
    assert dear > 2 * cheap
