"""Connections to providers: kept ones that break, proxies, and what is predicted of a model that is asked for."""

import httpx

from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.local_http import Answering, LocalServer
from tests.support.routers import STORY


def ask(served, model="small", path="chat/completions", **more):
    said = {"model": model, "messages": [{"role": "user", "content": STORY}], **more}
    return httpx.post(f"{served.openai}/{path}", json=said, timeout=30).json()


def test_a_connection_that_breaks_at_once_is_made_anew_before_it_counts_as_a_failure(served, upstream):
    upstream.behave("small", "drop")
    assert ask(served)["crossroute"]["failures"] == []
    assert len(upstream.requests) == 2
    assert not served.service.dispatcher.cooldowns.failed


def test_one_that_breaks_again_is_a_failure(served, upstream):
    upstream.behave("small", "drop", "drop")
    assert [told.partition(" ")[0] for told in ask(served)["crossroute"]["failures"]] == ["small"]


def test_a_proxy_of_the_environment_is_used(folder, upstream, monkeypatch):
    monkeypatch.setenv("http_proxy", upstream.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    path = serving.write_pool(folder, {"small": "openai http://model.example/v1"})
    with serving.served(path, ENVIRONMENT) as running:
        assert ask(running)["choices"][0]["message"]["content"] == "I am small"
    [request] = upstream.requests
    assert request.path == "http://model.example/v1/chat/completions"


def test_a_model_that_is_asked_for_is_not_predicted_but_where_a_decision_is_asked_for(served):
    told = ask(served)["crossroute"]
    assert (told["predicted_quality"], told["reasons"]) == (None, ["small was asked for"])
    assert told["cost_usd"] > 0
    assert 0 < ask(served, path="route")["quality"] < 1


def test_budgets_predict_a_model_that_is_asked_for(folder, upstream):
    budget = f'[server]\nstate = "{folder}/named.sqlite3"\n[[server.budgets]]\nusd = 5.0'
    path = serving.write_pool(folder, {"small": f"openai {upstream.openai}"}, more=budget)
    with serving.served(path, ENVIRONMENT) as running:
        assert ask(running)["crossroute"]["predicted_cost_usd"] > 0


def test_a_redirect_is_not_followed(folder, upstream):
    class Redirects(Answering):
        def respond(self):
            self.answer(307, "", location=f"{upstream.openai}/chat/completions")

    with LocalServer(Redirects) as server:
        path = serving.write_pool(folder, {"small": f"openai {server.url}/v1"})
        with serving.served(path, ENVIRONMENT) as running:
            said = {"model": "small", "messages": [{"role": "user", "content": STORY}]}
            answer = httpx.post(f"{running.openai}/chat/completions", json=said, timeout=60)
    assert answer.status_code == 502
    assert not upstream.requests
