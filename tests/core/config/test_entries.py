"""Tables of a pool's file, by themselves."""

import pytest
from pydantic import ValidationError

from crossroute import Price
from crossroute.config.entries import (
    STATED,
    TOKENS_PER_SECOND,
    Deployment,
    EscalationEntry,
    FloorEntry,
    ModelEntry,
)
from crossroute.errors import ConfigError

MINI = "openai:gpt-5-mini"


@pytest.mark.parametrize("given", ["0.25/2", {"input": 0.25, "output": 2}])
def test_a_price_is_read_in_short_or_as_a_table_and_says_where_it_stands(given):
    price = ModelEntry(model=MINI, price=given).price
    assert (price.input, price.output, price.source) == (0.25, 2, STATED)


@pytest.mark.parametrize("given", ["5", "a/b", "1/2/3", ""])
def test_another_price_is_refused(given):
    with pytest.raises(ValidationError, match="expected USD per million tokens"):
        ModelEntry(model=MINI, price=given)


def test_a_price_of_time_goes_before_one_of_tokens():
    entry = ModelEntry(model=MINI, price="1/2", usd_per_second=0.001)
    assert entry.paid == Price.by_second(0.001, TOKENS_PER_SECOND)
    assert entry.ability.price == entry.paid
    assert ModelEntry(model=MINI, price="1/2").paid.output == 2
    assert ModelEntry(model=MINI).paid is None


def test_a_model_is_named_by_what_it_asks_and_its_effort():
    assert ModelEntry(model=MINI).name == MINI
    assert ModelEntry(model=MINI, effort="low").name == f"{MINI}@low"
    assert ModelEntry(name="mine", model=MINI, effort="16k").name == "mine@16k"
    assert ModelEntry(name="mine@low", model=MINI, effort="low").name == "mine@low"
    with pytest.raises(ValidationError, match="expected none, minimal, low"):
        ModelEntry(model=MINI, effort="much")


def test_places_are_in_order_and_a_deployment_is_of_the_same_model_unless_it_says():
    others = ({"base_url": "http://one/v1"}, {"model": "azure_openai:mine", "api_key_env": "KEY"})
    entry = ModelEntry(model=MINI, base_url="https://own/v1", deployments=others)
    assert [place.model for place in entry.places] == [MINI, MINI, "azure_openai:mine"]
    assert [place.base_url for place in entry.places] == ["https://own/v1", "http://one/v1", None]


def test_arguments_are_those_that_are_stated_and_options_go_before_them():
    entry = ModelEntry(model=MINI, temperature=0.0, timeout=3, options={"timeout": 5, "seed": 1})
    assert entry.arguments == {"temperature": 0.0, "timeout": 5, "seed": 1}


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host/v1", "http://", "/v1"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValidationError, match="expected an address such as"):
        Deployment(base_url=url)


def test_a_key_is_named_and_never_stated():
    with pytest.raises(ValidationError, match="not its value"):
        Deployment(api_key_env="sk-proj-1")
    place = Deployment(api_key_env="MY_KEY")
    assert place.key({"MY_KEY": "k"}) == "k"
    assert Deployment().key({"MY_KEY": "k"}) is None
    for environment in ({}, {"MY_KEY": ""}):
        with pytest.raises(ConfigError, match=r"MY_KEY, which api_key_env names, is not set.*export MY_KEY="):
            place.key(environment)


@pytest.mark.parametrize("table", [Deployment, EscalationEntry, FloorEntry, ModelEntry])
def test_a_table_takes_no_unknown_key_and_does_not_change(table):
    known = {"model": MINI} if table is ModelEntry else {"outcomes": "o.csv"} if table is FloorEntry else {}
    with pytest.raises(ValidationError, match="extra_forbidden"):
        table(**known, colour="red")
    made = table(**known)
    with pytest.raises(ValidationError, match="frozen"):
        made.model = "other"
