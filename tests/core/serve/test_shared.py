"""What servers share in Redis, and that they go on where it is gone or hangs."""

import signal
import time

import httpx
import pytest

from crossroute.budgets.state import Change
from crossroute.serve.rates import Rates
from crossroute.serve.shared import Shared, SharedCounters, SharedMemory, SharedState
from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.redis_server import redis_server
from tests.support.routers import STORY


@pytest.fixture
def redis(tmp_path):
    with redis_server(tmp_path) as (url, process):
        yield url, process


def test_servers_count_together(redis):
    rates = [Rates(SharedCounters(Shared(redis[0])), lambda: 0.0) for _ in range(2)]
    assert [each.take("ann", 1, 3).wait for each in rates * 2] == [0, 0, 0, 60]


def test_servers_know_each_other_s_failures_and_tool_turns(redis):
    one, other = (SharedMemory(Shared(redis[0])) for _ in range(2))
    one.began(["call-1"], "small")
    one.cooldowns.fail("large")
    assert other.beginner(["call-1"]) == "small"
    assert 0 < other.cooldowns.remaining("large") <= 5
    assert "large" in other.cooldowns.failed


def test_a_redis_that_hangs_is_waited_for_a_moment_and_what_it_missed_is_added(redis):
    url, process = redis
    shared = Shared(url)
    state = SharedState(shared, url)

    def spend(usd, limit=None):
        return state.add([Change("a", float("inf"), spent=usd, limit=limit)])

    assert spend(1.0) is None
    process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert spend(2.0) is None
        assert shared.is_gone
        assert time.monotonic() - begun < 1
        assert state.read(["a"])[0].spent == 3
        assert spend(2.0, limit=4.0) == "a"
    finally:
        process.send_signal(signal.SIGCONT)
    time.sleep(1.1)
    assert state.read(["a"])[0].spent == 3
    assert SharedState(Shared(url), url).read(["a"])[0].spent == 3


def test_calls_go_on_where_redis_is_gone(redis, folder, upstream, tmp_path):
    url, process = redis
    more = f'[server]\nredis = "{url}"\nkeys_file = "{tmp_path}/none.json"\n[[server.budgets]]\nusd = 1.0'
    path = serving.write_pool(folder, {"small": f"openai {upstream.openai}"}, more=more)
    body = {"model": "crossroute", "messages": [{"role": "user", "content": STORY}]}
    with serving.served(path, ENVIRONMENT) as served:
        statuses = [httpx.post(f"{served.openai}/chat/completions", json=body).status_code]
        process.kill()
        process.wait()
        statuses += [httpx.post(f"{served.openai}/chat/completions", json=body).status_code for _ in range(3)]
    assert statuses == [200] * 4
