"""A router learns its verifier where its outcomes carry evidence, and takes it along."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from crossroute import Candidate, Router, fit
from crossroute.escalation.evidence import Evidence
from crossroute.escalation.verifier import Verifier
from crossroute.routing.storage import CONFIG
from tests.support.tiny import TINY


@pytest.fixture(scope="module")
def heard(outcomes):
    """A router whose candidates are confident where they are right; `free` gave no log-probabilities."""
    at = np.random.default_rng(0).normal(np.where(outcomes.quality > 0.5, 8, 2), 1.5)
    logprob = -np.exp(-np.clip(at, -2, 13))
    logprob[:, outcomes.pool.position("free")] = np.nan
    return fit(replace(outcomes, answer_logprob=logprob), TINY)


def test_outcomes_without_evidence_leave_the_package_s_own(router):
    assert router.own_verifier is None
    assert router.verifier is Verifier.general()


def test_outcomes_with_evidence_teach_one(heard):
    learned = heard.own_verifier
    assert not learned.readings, "all are read alike"
    sure, unsure = (Evidence(mean_logprob=-np.exp(-at)) for at in (9.0, 1.0))
    for candidate in heard.pool:
        doubted, trusted = (learned.posterior(candidate, 0.5, told) for told in (unsure, sure))
        assert trusted > doubted + 0.1
    assert learned.reading(Candidate(name="free")) == learned.pooled


def test_it_is_saved_with_the_router_and_follows_it(heard, tmp_path):
    heard.save_pretrained(tmp_path / "router")
    loaded = Router.from_pretrained(tmp_path / "router")
    assert loaded.own_verifier == heard.own_verifier == loaded.verifier
    assert loaded.subset(["small", "large"]).own_verifier == heard.own_verifier


def test_a_router_saved_before_there_were_verifiers_loads(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "router")
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    config.pop("verifier", None)
    (folder / CONFIG).write_text(json.dumps(config), "utf-8")
    loaded = Router.from_pretrained(folder)
    assert loaded.own_verifier is None
    assert loaded.verifier is Verifier.general()
