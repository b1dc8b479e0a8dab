"""The bundled universal router: its pool is the catalogue's, any subset of it is a pool, thin evidence is told."""

import numpy as np
import pytest

from crossroute import Router
from crossroute.catalogue import Catalogue
from crossroute.storage import BUNDLED

QUERIES = [
    "What is 17 times 23? Answer with the number only.",
    "Write a function that reverses a list in Python.",
]


@pytest.fixture(scope="module")
def universal():
    return Router.from_pretrained("universal")


def test_its_candidates_are_the_catalogues_and_at_least_a_hundred(universal):
    assert len(universal.pool) >= 100
    for candidate in universal.pool:
        assert candidate.name in Catalogue.bundled()
        assert candidate.price is not None
        assert sum(candidate.profile.evidence) > 0


def test_it_is_small_with_its_encoder():
    files = [*(BUNDLED / "universal").iterdir(), *(BUNDLED / "static-minilm").iterdir()]
    assert sum(file.stat().st_size for file in files) < 5e6
    assert sum(file.stat().st_size for file in (BUNDLED / "universal").iterdir()) < 2e6


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
