"""A server of two processes, and two servers with one Redis: each tells what all of them counted."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest

from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.redis_server import redis_server
from tests.support.routers import STORY

CALLS = 24


@contextmanager
def process(path, workers, stop=signal.SIGINT):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    words = ["serve", str(path), "--port", str(port), "--workers", str(workers)]
    running = subprocess.Popen(
        [sys.executable, "-m", "crossroute", *words],
        env={**os.environ, **ENVIRONMENT},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: httpx.get(f"{url}/health/ready").status_code == 200)
        yield url
    finally:
        running.send_signal(stop)
        running.wait(30)


def wait_for(true, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if true():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("it did not become true")


def ask(url, times):
    body = {"model": "small", "messages": [{"role": "user", "content": STORY}]}
    for _ in range(times):  # each on a connection of its own, which either process may take
        assert httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).status_code == 200


def overview(url):
    return httpx.get(f"{url}/v1/overview").json()


def test_processes_of_a_server_count_together(folder, upstream):
    path = serving.write_pool(folder, {"small": f"openai {upstream.openai}"})
    with process(path, workers=2) as url:
        ask(url, CALLS)
        while overview(url)["processes"] < 2:  # the second has not begun, or took none
            ask(url, 1)
        total = len(upstream.requests)
        shown = (total, total, min(total, 50), min(total, 50), total)
        wait_for(lambda: all(told(url) == shown for _ in range(6)))  # whichever process answers


def told(url):
    """Calls by model and by key, recent calls and their ids, and decisions in the metrics."""
    found, text = overview(url), httpx.get(f"{url}/metrics").text
    [decisions] = re.findall(r'crossroute_decisions_total\{key="-",model="small"\} ([\d.]+)', text)
    recent = [line["id"] for line in found["recent"]]
    calls = found["models"]["small"]["calls"], found["keys"]["-"]["calls"]
    return *calls, len(recent), len(set(recent)), float(decisions)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_stopped_has_logged_every_answer(folder, upstream, tmp_path, workers):
    pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")
    from crossroute.traffic import TrafficLog, schema

    log = tmp_path / "traffic.db"
    path = serving.write_pool(folder, {"small": f"openai {upstream.openai}"}, more=f'traffic = "{log}"')
    with ThreadPoolExecutor(4) as clients:
        with process(path, workers, stop=signal.SIGTERM) as url:
            asking = [clients.submit(ask_to_the_end, url) for _ in range(4)]
            time.sleep(1)
        answered = {each for one in asking for each in one.result()}
    with TrafficLog.existing(log).reading() as connection:
        decided = {row.id for row in connection.execute(schema.decisions.select())}
        called = {row.decision_id for row in connection.execute(schema.calls.select())}
    assert answered
    assert not answered - decided
    assert not answered - called


def ask_to_the_end(url):
    """Ask until the server has gone, and return the ids of the decisions that were answered."""
    body = {"model": "small", "messages": [{"role": "user", "content": STORY}]}
    answered = []
    with suppress(httpx.TransportError), httpx.Client(timeout=60) as client:
        while True:
            told = client.post(f"{url}/v1/chat/completions", json=body)
            answered.append(told.headers["x-crossroute-decision-id"])
    return answered


def test_servers_with_one_redis_count_together(folder, upstream, tmp_path):
    with redis_server(tmp_path) as (redis, _):
        more = f'[server]\nredis = "{redis}"\nkeys_file = "{tmp_path}/none.json"'
        path = serving.write_pool(folder, {"small": f"openai {upstream.openai}"}, more)
        with serving.served(path, ENVIRONMENT) as one, serving.served(path, ENVIRONMENT) as other:
            ask(one.url, 2)
            ask(other.url, 3)
            for url in (one.url, other.url):
                wait_for(lambda url=url: overview(url)["calls"] == 5)
                assert len(overview(url)["recent"]) == 5
