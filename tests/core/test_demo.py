import pytest
from rich.console import Console

from crossroute import Router
from crossroute.demo import PREFERENCES, QUERIES, show


def shown(router, plot_file=None):
    console = Console(width=140)
    with console.capture() as capture:
        show(router, console, plot_file)
    return capture.get()


def test_the_queries_are_two_dozen_and_different():
    assert len(set(QUERIES)) == len(QUERIES) == 24


def test_each_query_is_shown_with_its_candidates(router):
    text = shown(router)
    for query in QUERIES:
        assert query.partition("\n")[0][:20] in text
    for preference in PREFERENCES:
        assert f"preference {preference:g}" in text
    assert "always " in text
    assert "saving" in text


def test_the_saving_is_that_of_the_predictions(router):
    prediction = router.predict(QUERIES)
    best = prediction.quality.mean(axis=0).argmax()
    decisions = list(router.route_many(QUERIES, cost_preference=PREFERENCES[-1]))
    spent = sum(decision.cost for decision in decisions) / len(decisions)
    assert f"{1 - spent / prediction.cost[:, best].mean():.0%}" in shown(router)


def test_free_candidates_divide_nothing(router):
    assert "always free" in shown(router.subset(["free"]))


def test_the_dial_is_drawn(router, tmp_path):
    pytest.importorskip("matplotlib", reason="the plots extra is not installed")
    path = tmp_path / "demo.png"
    assert "Drew the dial into" in shown(router, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_bundled_router_saves_money():
    router = Router.from_pretrained()
    text = shown(router)
    assert "always " in text
    prediction = router.predict(QUERIES)
    best = prediction.cost[:, prediction.quality.mean(axis=0).argmax()].mean()
    frugal = [decision.cost for decision in router.route_many(QUERIES, cost_preference=0.9)]
    assert sum(frugal) / len(frugal) < best / 2
