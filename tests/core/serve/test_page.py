"""The page and its data, and that the docs list every endpoint."""

import re
from pathlib import Path

import httpx

from crossroute.calls.hooks import Called
from crossroute.serve.overview import Overview
from tests.support.routers import STORY

DOCS = Path(__file__).parents[3] / "docs" / "serve.md"


def test_the_page_runs_no_script_but_its_own_and_asks_nobody_else(served):
    answer = httpx.get(served.url)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert not re.search(r"(?:src|href)=|https?://", answer.text)


def test_the_overview_sums_up_and_holds_no_text(served, upstream):
    upstream.behave("small", 500)
    body = {"model": "crossroute", "messages": [{"role": "user", "content": STORY}]}
    httpx.post(f"{served.openai}/chat/completions", json=body)
    answer = httpx.get(f"{served.openai}/overview")
    told = answer.json()
    assert (told["calls"], told["models"]["small"]["failures"], told["models"]["large"]["calls"]) == (1, 1, 1)
    assert told["usd"] == told["keys"]["-"]["usd"] > 0
    [recent] = told["recent"]
    assert (recent["candidate"], recent["failures"]) == ("large", ["small failed with ProviderError 500"])
    assert "foxes" not in answer.text


def test_the_tests_that_the_docs_name_exist():
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", DOCS.read_text("utf-8")))
    written = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert named
    assert not [name for name in named if f"def {name}(" not in written]


def test_the_docs_list_every_endpoint(served):
    from crossroute.serve.app import make_app

    text = DOCS.read_text("utf-8")
    for route in make_app(served.service).routes:
        assert f"{route.path.replace('{name:path}', 'NAME')}`" in text


def test_calls_of_unknown_cost_are_counted_and_not_taken_for_free(served):
    decision = served.service.dispatcher.router.route(STORY)
    overview = Overview(None)
    for cost in (0.5, None, None):
        overview.called(Called(decision, cost=cost))
    told = overview.told()
    for counts in (told, told["models"][decision.candidate], told["keys"]["-"]):
        assert (counts["calls"], counts["usd"], counts["unknown"]) == (3, 0.5, 2)
