"""Balancing: where it fits, fewest calls, weights, spilling over, and a place that fails."""

import httpx

from crossroute.serve.balancing import Balancer
from crossroute.serve.members import Place
from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.routers import STORY


def place(name, **more):
    return Place("m", "http://x", {}, name=name, **more)


def chosen(balancer, places, tokens, calls):
    """Pick places for calls that stay under way."""
    found = []
    for _ in range(calls):
        picked = balancer.pick(places, tokens)
        balancer.under_way[picked.name] += 1
        found.append(picked.name)
    return found


def test_fewest_calls_are_under_way_by_weight():
    places = place("a", weight=3), place("b")
    assert sorted(chosen(Balancer(), places, 10, 8)) == ["a"] * 6 + ["b"] * 2


def test_short_requests_go_to_short_windows_and_spill_over_where_these_are_full():
    places = place("long", window=64_000), place("short", window=8_000, most_calls=2)
    balancer = Balancer()
    assert balancer.pick(places, 20_000).name == "long"
    assert chosen(balancer, places, 1_000, 3) == ["short", "short", "long"]


def test_a_request_that_fits_nowhere_and_a_place_that_cools_down_come_last():
    places = place("a", window=100), place("b", window=200)
    balancer = Balancer()
    assert balancer.pick(places, 300).name == "a"
    balancer.cooldowns.fail("a")
    assert balancer.pick(places, 50).name == "b"
    assert balancer.pick(places, 50, tried=[places[1]]).name == "a"


def test_another_place_of_the_same_model_is_called_where_one_fails(folder, upstream):
    more = f'[[models.deployments]]\nmodel = "openai:small-2"\nbase_url = "{upstream.openai}"\n'
    path = serving.write_pool(folder, {"small": f"openai {upstream.openai}"})
    path.write_text(path.read_text("utf-8") + "\n" + more, "utf-8")
    body = {"model": "crossroute", "messages": [{"role": "user", "content": STORY}]}
    upstream.behave("small", 500)
    with serving.served(path, ENVIRONMENT) as served:
        for streamed in (False, True):
            url = f"{served.openai}/chat/completions"
            answer = httpx.post(url, json=body | {"stream": streamed}, timeout=60)
            assert "small-2" in answer.text
            assert answer.headers["x-crossroute-candidate"] == "small"
            assert "x-crossroute-failures" not in answer.headers
    assert [request.model for request in upstream.requests] == ["small", "small-2", "small-2"]
