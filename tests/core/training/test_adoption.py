import numpy as np
import pytest

from crossroute import Candidate, Outcomes, Pool, Price, Router, TrainingConfig
from crossroute.cli.shared import read
from crossroute.routing.members import rename_to_pool
from crossroute.training.adoption import adopt, merge_config, with_start_profiles


class Letters:
    """An encoder of one's own, which is refused before it encodes."""


@pytest.fixture(scope="module")
def universal():
    whole = Router.from_pretrained("universal")
    return whole.subset(["gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "llama-3.1-8b-instruct"])


def test_candidates_go_by_the_users_spellings_of_them(universal):
    pool = Pool([Candidate(name="openai:gpt-4o"), Candidate(name="cheap", aliases=("gpt-4o-mini",))])
    router = rename_to_pool(pool, universal)
    assert router.pool.names == ("openai:gpt-4o", "cheap", "llama-3.1-8b-instruct")
    for new, old in zip(router.pool, universal.pool, strict=True):
        assert (new.profile, new.price) == (old.profile, old.price)
    assert "gpt-4o-2024-08-06" in router.pool["openai:gpt-4o"].aliases
    sources = universal.provenance["sources"]
    assert router.provenance["sources"]["openai:gpt-4o"] == sources["gpt-4o-2024-08-06"]
    assert (router.predict(["text"]).quality == universal.predict(["text"]).quality).all()


def test_a_candidate_that_is_named_twice_is_there_twice(universal):
    pool = Pool(Candidate(name=name) for name in ("gpt-4o", "gpt-4o-2024-08-06", "azure/gpt-4o"))
    router = rename_to_pool(pool, universal)
    assert {candidate.profile for candidate in router.pool.subset(pool.names)} == {
        universal.pool["gpt-4o"].profile
    }


def test_a_local_spelling_is_free_and_keeps_the_profile(universal):
    pool = Pool([Candidate(name="ollama/llama3.1:8b")])
    (found,) = rename_to_pool(pool, universal).pool.subset(pool.names)
    assert (found.price.input, found.price.output) == (0, 0)
    assert found.profile == universal.pool["llama-3.1-8b-instruct"].profile


def test_names_that_are_the_routers_or_unknown_change_nothing(router):
    assert rename_to_pool(Pool([Candidate(name="small"), Candidate(name="newcomer")]), router) is router


def test_what_outcomes_lack_is_taken_over_and_what_they_say_stands(router, outcomes):
    stated = Price(input=5, output=6)
    lacking = {
        "small": {"aliases": (), "context_window": None},
        "large": {"price": None},
        "coder": {"price": stated},
    }
    pool = Pool(c.model_copy(update=lacking.get(c.name, {})) for c in outcomes.pool)
    found = adopt(outcomes.with_pool(pool), router).pool
    assert found["lab/small"].context_window == 2_000
    assert found["large"].price == router.pool["large"].price
    assert found["coder"].price == stated
    back = with_start_profiles(found, router)
    assert [c.profile for c in back] == [c.profile for c in router.pool]


@pytest.mark.parametrize(
    "setting", [{"hidden": 128}, {"encoder": "minilm"}, {"components": 9}, {"prior": False}]
)
def test_another_shape_than_the_routers_is_refused(router, setting):
    (name,) = setting
    with pytest.raises(
        ValueError, match=rf"keeps the router.s shape and encoder; the configuration sets {name} .*it is"
    ):
        merge_config(TrainingConfig(**setting), router)


def test_another_encoder_than_the_routers_is_refused(router):
    with pytest.raises(ValueError, match=r"encoder 'custom:Letters' \(it is 'static'\)"):
        merge_config(None, router, Letters())
    assert merge_config(None, router, router.predictor.query_encoder.encoder).encoder == "static"


def test_the_settings_say_the_shape_that_the_router_has(router):
    network = router.predictor.network.config
    for config in (None, TrainingConfig(epochs=2), TrainingConfig(hidden=16, clusters=4, encoder="static")):
        found = merge_config(config, router)
        assert (found.clusters, found.hidden, found.members) == (4, 16, network.members)
        assert found.encoder == "static"
    assert merge_config(None, router).epochs == TrainingConfig.tuning().epochs


def test_the_reward_is_the_routers_unless_one_is_set(router):
    linear = Router(
        router.predictor,
        calibration=router.calibration,
        cluster_labels=router.cluster_labels,
        reward="linear",
    )
    assert merge_config(TrainingConfig(epochs=1), linear).reward == "linear"
    assert merge_config(TrainingConfig(reward="exponential"), linear).reward == "exponential"


def test_prices_are_those_of_the_command_line(universal, tmp_path):
    columns = {"input_tokens": np.arange(1.0, 41), "output_tokens": 7.0 * np.arange(1, 41) % 40 + 1}
    paid = columns["input_tokens"] * 2e-6 + columns["output_tokens"] * 9e-6
    mine = universal.with_prices({"gpt-4o": Price(input=20, output=80)})
    rows = {"query_id": list(map(str, range(40))), "candidate": ["gpt-4o"] * 40, "quality": np.ones(40)}
    queries = [{"query_id": str(row), "text": f"What is {row}?"} for row in range(40)]
    for number, told in enumerate(({"cost_usd": paid}, columns, {"cost_usd": paid, **columns})):
        outcomes = Outcomes.from_rows(queries, {**rows, **told})
        outcomes.write(tmp_path / str(number))
        (line,) = read([tmp_path / str(number)], None, router=mine).pool
        (call,) = adopt(outcomes, rename_to_pool(outcomes.pool, mine)).pool
        assert call.price == line.price
        assert call.price.output == (9 if len(told) == 3 else 80)
