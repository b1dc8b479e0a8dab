"""Calls from a cluster's workers, over HTTP."""

import pytest

from crossroute.collection import Prompt, asked_model
from crossroute.collection.cluster import spread
from crossroute.collection.run import Collection
from crossroute.profiler.api import run_here

PROMPTS = tuple(Prompt(f"What is {n} plus {n}?", "sums", "I am small.", {}) for n in range(12))


@pytest.fixture
def models(server):
    return [asked_model(f"{name}={server.openai}") for name in ("small", "large")]


def test_each_prompt_is_asked_once_from_other_processes_and_graded_here(cluster, server, models, tmp_path):
    collection = Collection(PROMPTS, models, folder=tmp_path)
    with spread(collection):
        collected = run_here(collection.run())
        again = run_here(collection.run())
    assert len(collected.rows) == len(again.rows) == 24
    for name in ("small", "large"):
        texts = [call.body["messages"][-1]["content"] for call in server.asked(name)]
        assert sorted(texts) == sorted(prompt.text for prompt in PROMPTS)
