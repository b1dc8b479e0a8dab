"""Counts that the pages state are so."""

from crossroute import Router
from crossroute.catalogue import Catalogue
from crossroute.profiler.questions import calibration_set
from tests.support.pages import ROOT


def test_the_page_on_adding_a_model_counts_the_calibration_set():
    queries, page = calibration_set(), (ROOT / "docs" / "add-a-model.md").read_text("utf-8")
    assert f"{len(queries)} queries over {len({query.skill for query in queries})} skills" in page


def test_the_page_on_models_counts_the_catalogue():
    page = " ".join((ROOT / "docs" / "models.md").read_text("utf-8").split())
    held, pool = list(Catalogue.bundled()), Router.from_pretrained("universal").pool
    measured = [entry for entry in held if entry.sources]
    routed = [candidate for candidate in pool if sum(candidate.profile.evidence)]
    assert f"knows some {round(len(held), -1)} models" in page
    assert f"{len(measured)} of them have outcomes" in page
    assert f"the {len(pool)} whose price is published: {len(routed)} of them by their outcomes" in page
    assert f"{len(pool) - len(routed)} models of `universal` have no recorded outcomes" in page
    assert set(pool.names) == {entry.name for entry in held if entry.price}
    for name in ("claude-sonnet-4-5", "gpt-4o-mini"):
        assert f"{round(sum(pool[name].profile.evidence)):,}" in page


def test_the_model_that_the_page_calls_known_but_not_routed_is_so():
    assert "reka-core-20240501" in Catalogue.bundled()
    assert "reka-core-20240501" not in Router.from_pretrained("universal").pool
