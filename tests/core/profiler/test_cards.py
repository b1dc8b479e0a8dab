import numpy as np
import pytest

from crossroute import Candidate, Price, Router, profile_model
from crossroute.errors import DataError, UnknownCandidateError
from crossroute.profiler.cards import (
    Card,
    among,
    answers_path,
    build_card,
    find_unused_profiles,
    profile_cards,
    profiled_names,
    profiled_outcomes,
    read_card,
    write_card,
)
from crossroute.profiler.questions import GradedQuery
from crossroute.profiler.questions.checkers import phrase

PRICE = Price(input=1, output=2)
ASKED = {
    "arithmetic": "What is {} plus 17, and what is their product minus {}?",
    "chat": "Tell me a short story about {} foxes and {} friendly owls in a quiet forest.",
}
QUERIES = [
    GradedQuery(task, 1, text.format(n, n), ("yes",), phrase, "yes")
    for n in range(2, 22)
    for task, text in ASKED.items()
]


def keep(name, folder, answer, price=PRICE, queries=QUERIES):
    """Profile a callable into a folder, as the command line does."""
    file = answers_path(name, folder)
    outcomes = profile_model(answer, name=name, price=price, queries=queries, file=file)
    card = build_card(Candidate(name=name, price=price), "own.jsonl", [])
    write_card(card, folder)
    return outcomes


@pytest.fixture
def folder(tmp_path):
    """Of a model that reckons, and one that tells stories."""
    keep("lab/reckons", tmp_path, lambda text: "yes" if "product" in text else "no")
    keep("tells", tmp_path, lambda text: "yes" if "story" in text else "no")
    return tmp_path


def test_a_card_is_read_as_it_was_written(tmp_path):
    rows = [{"task": "b", "quality": 1.0, "cost_usd": 0.5}, {"task": "a", "quality": 0.0}, {"quality": 0.5}]
    for name in ("gpt", "lab/gpt:8b", "../up", "Grüße %2F", ".."):
        card = build_card(Candidate(name=name, price=Price(input=0, output=0)), "calibration set", rows)
        path = write_card(card, tmp_path)
        assert path.parent == tmp_path
        assert read_card(name, tmp_path) == card
    assert (card.answers, card.cost, card.quality) == (3, 0.5, {"": 0.5, "a": 0.0, "b": 1.0})
    assert set(profiled_names(tmp_path)) == {"gpt", "lab/gpt:8b", "../up", "Grüße %2F", ".."}


def test_what_was_not_profiled_has_no_card(router, tmp_path):
    assert read_card("gpt", tmp_path) is None
    assert profiled_names(tmp_path / "none") == ()
    with pytest.raises(DataError, match=r"'gpt' has not been profiled\. Run: crossroute profile gpt"):
        profile_cards(router, ["gpt"], tmp_path)
    (tmp_path / "gpt.json").write_text("{}")
    with pytest.raises(DataError, match="not the card of a profile"):
        read_card("gpt", tmp_path)


def test_a_router_over_profiled_candidates_sends_each_query_to_the_one_that_answers_it(router, folder):
    chosen = among(router, ["lab/reckons", "tells", "tells"], folder)
    assert chosen.pool.names == ("lab/reckons", "tells")
    new = [text.format(99, 99) for text in ASKED.values()]
    quality = chosen.predict(new).quality
    assert quality[0, 0] - quality[0, 1] > quality[1, 0] - quality[1, 1]
    assert [chosen.route(text, cost_preference=0).candidate for text in new] == ["lab/reckons", "tells"]


def test_candidates_are_compared_on_the_queries_that_all_of_them_answered(router, folder):
    keep("short", folder, lambda text: "yes", queries=QUERIES[:10])
    outcomes = profiled_outcomes(["tells", "short"], folder)
    assert len(outcomes.texts) == 10
    assert not np.isnan(outcomes.quality).any()
    other = [GradedQuery("own", 1, "Anything else?", ("yes",), phrase, "yes")]
    keep("other", folder, lambda text: "yes", queries=other)
    with pytest.raises(DataError, match=r"Cannot compare 'tells'"):
        profile_cards(router, ["tells", "other"], folder)


def test_candidates_without_a_charge_can_be_routed_between(router, tmp_path):
    free = Price(input=0, output=0)
    keep("reckons", tmp_path, lambda text: "yes" if "product" in text else "no", free)
    keep("tells", tmp_path, lambda text: "yes" if "story" in text else "no", free)
    chosen = among(router, profiled_names(tmp_path), tmp_path)
    for preference in (0, 0.5, 1):
        decision = chosen.route(ASKED["chat"].format(9, 9), cost_preference=preference)
        assert decision.candidate == "tells"
        assert decision.cost == 0


def test_what_was_measured_elsewhere_is_not_compared(router, folder):
    with pytest.raises(DataError, match=r"'tells', .* 'large', which was measured on benchmarks"):
        among(router, ["tells", "large"], folder)
    with pytest.raises(UnknownCandidateError, match="'nobody'"):
        among(router, ["tells", "nobody"], folder)
    with pytest.raises(UnknownCandidateError, match="'nobody'"):
        among(router, ["large", "nobody"], folder)


def test_the_routers_own_come_first_unless_all_are_profiled(router, folder, monkeypatch):
    keep("large", folder, lambda text: "no")
    own = among(router, ["large", "small"], folder)
    assert own.pool["large"] == router.pool["large"]
    assert find_unused_profiles(router, ["large", "small"], folder) == ("large",)
    assert among(router, ["large", "tells"], folder).pool["large"] != router.pool["large"]
    assert among(router, ["large"], folder).pool["large"] != router.pool["large"]
    assert find_unused_profiles(router, ["large", "tells"], folder) == ()
    monkeypatch.setattr("crossroute.profiler.cards.profiles_folder", lambda: folder)
    assert among(router, ["large"]).pool["large"] != router.pool["large"]


def test_measured_and_rough_profiles_leave_the_place_to_the_routers_own(router, folder):
    keep("large", folder, lambda text: "no")
    for name in ("rough", "small"):
        card = build_card(Candidate(name=name, price=PRICE), "published scores", ())
        scores = {"arithmetic": 0.9, "chat": 0.2}
        write_card(Card.model_validate({**card.model_dump(), "scores": scores}), folder)
    chosen = among(router, ["large", "rough"], folder)
    assert chosen.pool.names == ("large", "rough")
    assert chosen.pool["large"] == router.pool["large"]
    assert find_unused_profiles(router, ["large", "rough"], folder) == ("large",)
    own = among(router, ["large", "small"], folder)
    assert [own.pool[name] for name in own.pool.names] == [router.pool[name] for name in own.pool.names]
    assert find_unused_profiles(router, ["large", "small"], folder) == ("large", "small")
    with pytest.raises(DataError, match="Cannot compare 'tells'"):
        among(router, ["small", "tells"], folder)
    with pytest.raises(DataError, match="'rough', which was profiled from published scores"):
        among(router, ["tells", "rough"], folder)


def test_names_are_the_routers_in_any_spelling(folder):
    names = ["openai:gpt-5-mini", "anthropic/claude-sonnet-4"]
    assert among(Router.from_pretrained("universal"), names, folder).pool.names == tuple(names)


def test_a_rough_profile_stands_beside_the_routers_own_but_not_beside_measured_ones(router, folder):
    card = build_card(Candidate(name="rough", price=Price(input=1, output=2)), "published scores", ())
    write_card(Card.model_validate({**card.model_dump(), "scores": {"arithmetic": 0.9, "chat": 0.2}}), folder)
    chosen = among(router, ["rough", "large"], folder)
    assert chosen.pool.names == ("rough", "large")
    assert chosen.pool["large"] == router.pool["large"]
    assert among(router, ["rough"], folder).pool.names == ("rough",)
    with pytest.raises(DataError, match="'rough', which was profiled from published scores"):
        among(router, ["tells", "rough"], folder)
    with pytest.raises(DataError, match="no graded answers of 'rough'"):
        profiled_outcomes(["rough"], folder)


def test_a_card_prints_its_qualities_and_names_as_they_are(capsys):
    from rich.console import Console

    rows = [{"task": "[red]odd[/]", "quality": 0.25}]
    card = build_card(Candidate(name="[b]m[/b]", price=Price(input=0, output=0)), "calibration set", rows)
    Console(width=80).print(card)
    printed = capsys.readouterr().out
    assert "[b]m[/b]" in printed
    assert "[red]odd[/]" in printed
    assert "0.25" in printed
