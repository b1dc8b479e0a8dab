import pytest

from crossroute import Candidate, Pool, Price
from crossroute.candidate import FREE
from crossroute.catalogue import Catalogue, find_candidate, find_same_model, look_up_price
from crossroute.effort import Effort
from crossroute.errors import EffortError

POOL = Pool(
    [
        Candidate(name="gpt-4o-mini", price=Price(input=0.15, output=0.6)),
        Candidate(name="meta-llama_Meta-Llama-3-8B-Instruct", aliases=("llama-3-8b-instruct",)),
        Candidate(name="mine"),
    ]
)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("openai:gpt-4o-mini", "gpt-4o-mini"),
        ("openrouter/openai/gpt-4o-mini", "gpt-4o-mini"),
        ("bedrock/meta.llama3-8b-instruct-v1:0", "meta-llama_Meta-Llama-3-8B-Instruct"),
        ("mine", "mine"),
    ],
)
def test_a_name_is_any_spelling_of_a_candidate(spelling, name):
    assert find_candidate(POOL, spelling) == POOL[name]


@pytest.mark.parametrize(
    "spelling", ["gpt-4o", "openai:gpt-4o-mini-audio-preview", "acme/mine", "openai:mine"]
)
def test_a_near_miss_is_no_candidate(spelling):
    assert find_candidate(POOL, spelling) is None


def test_spelled_as_local_a_candidate_costs_nothing():
    assert find_candidate(POOL, "ollama/llama3:8b").price == FREE
    assert find_candidate(POOL, "groq/llama3-8b-8192").price is None


def test_two_candidates_of_one_model_are_no_answer():
    twice = Pool([Candidate(name="openai/gpt-4o-mini"), Candidate(name="gpt-4o-mini-2024-07-18")])
    assert find_candidate(twice, "azure/gpt-4o-mini") is None


def test_another_account_of_a_model_means_it_by_name_or_alias():
    assert find_same_model(POOL, Candidate(name="azure/gpt-4o-mini")) == POOL["gpt-4o-mini"]
    assert (
        find_same_model(POOL, Candidate(name="ours", aliases=("nobody", "gpt-4o-mini")))
        == POOL["gpt-4o-mini"]
    )
    assert find_same_model(POOL, Candidate(name="ours", aliases=("theirs",))) is None


@pytest.mark.parametrize("name", ["ollama/llama3:8b", "ollama/my-own-finetune:7b", "acme/new-model:free"])
def test_what_nobody_charges_for_is_free_though_nobody_knows_it(name):
    assert look_up_price(name) == FREE


@pytest.mark.parametrize(
    "name", ["nobody", "ft:gpt-4o-mini:acme::1", "writer.palmyra-x5-v1:0", "acme/new-model"]
)
def test_what_nobody_knows_has_no_price(name):
    assert look_up_price(name) is None


def test_a_known_model_charges_what_the_catalogue_says():
    assert look_up_price("openai:gpt-4o") == Catalogue.bundled().resolve("gpt-4o").entry.price


def test_an_effort_makes_a_variant_of_the_candidate_it_names():
    pool = Pool([Candidate(name="gpt-5.5", aliases=("gpt-5.5-2026-04-23",), price=Price(input=5, output=30))])
    found = find_candidate(pool, "openai:gpt-5.5@low")
    assert (found.name, found.aliases, found.price) == (
        "gpt-5.5@low",
        ("gpt-5.5-2026-04-23@low",),
        pool["gpt-5.5"].price,
    )
    assert found.effort == Effort(told="low", usual="medium", maker="openai")
    assert find_candidate(pool, "gpt-5.4@low") is None


def test_a_measured_variant_stands_for_itself():
    pool = Pool([Candidate(name="gpt-5.5"), Candidate(name="gpt-5.5@low")])
    assert find_candidate(pool, "gpt-5.5@low") is pool["gpt-5.5@low"]
    assert find_candidate(pool, "gpt-5.5@high").effort.told == "high"


def test_a_model_that_nobody_knows_takes_any_effort():
    assert find_candidate(POOL, "mine@high").effort == Effort(told="high")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gpt-4o-mini@low", "It takes none at all; name it 'gpt-4o-mini'"),
        ("claude-opus-5@16k", "It takes none, low, medium, high, xhigh, max"),
        ("gemini-2.5-pro@none", "It takes low, medium, high, a budget such as 16k"),
        ("gemini-2.5-pro@0k", "It takes low, medium, high, a budget such as 16k"),
        ("gemini-2.5-pro@999k", "a budget such as 16k, up to 128k"),
        ("gpt-5@xhigh", "It takes minimal, low, medium, high"),
    ],
)
def test_an_effort_that_the_model_does_not_take_is_refused(name, told):
    pool = Pool(Candidate(name=each) for each in ("gpt-4o-mini", "claude-opus-5", "gemini-2.5-pro", "gpt-5"))
    with pytest.raises(EffortError, match=told):
        find_candidate(pool, name)
