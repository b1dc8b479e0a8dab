"""Who may call: keys, their models, budgets and rates; metrics, feedback, limits of requests."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from crossroute.config import read_config
from crossroute.serve.keys import Key, Keys, hash_secret
from crossroute.serve.rates import LocalCounters, Rates
from crossroute.serve.settings import read_settings
from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.routers import ARITHMETIC, STORY

SECRET = "cr-ann"  # noqa: S105
ADMIN = "cr-root"


def said(text, model="crossroute", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


@pytest.fixture
def serve(folder, upstream, tmp_path):
    """Serve the pool, each time with keys and settings of its own."""

    def start(*keys, **settings):
        kept = Keys(tmp_path / "keys.json")
        for key in keys:
            kept.add(key)
        told = {"keys_file": str(kept.path), "state": str(tmp_path / "spent.sqlite3"), **settings}
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in told.items())
        models = {
            "small": f"openai {upstream.openai}",
            "coder": f"openai {upstream.openai}",
            "large": f"anthropic {upstream.anthropic}",
        }
        path = serving.write_pool(folder, models, more=f"[server]\n{lines}")
        return serving.served(path, ENVIRONMENT)

    return start


def key(name="ann", secret=SECRET, **limits):
    return Key(name=name, digest=hash_secret(secret), **limits)


def ask(served, body, secret=SECRET, path="chat/completions", **headers):
    told = {"authorization": f"Bearer {secret}", **headers} if secret else headers
    return httpx.post(f"{served.openai}/{path}", json=body, headers=told)


def test_a_key_is_asked_for_and_taken_in_either_header(serve, upstream):
    with serve(key()) as served:
        for secret in (None, "cr-bob"):
            answer = ask(served, said(STORY), secret)
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "invalid_api_key"
        assert not upstream.requests
        assert ask(served, said(STORY)).status_code == 200
        assert ask(served, said(STORY), None, **{"x-api-key": SECRET}).status_code == 200
        assert httpx.get(f"{served.openai}/models").status_code == 401
        assert httpx.get(f"{served.url}/health/live").status_code == 200


def test_the_file_holds_no_key_and_a_revoked_one_is_refused(serve, tmp_path):
    with serve(key()) as served:
        assert SECRET not in (tmp_path / "keys.json").read_text("utf-8")
        assert ask(served, said(STORY)).status_code == 200
        served.service.keys.revoke("ann")
        served.service.keys.add(key("bob", "cr-bob"))
        assert ask(served, said(STORY)).status_code == 401
        assert ask(served, said(STORY), "cr-bob").status_code == 200


def test_a_key_s_models_alone_may_answer(serve):
    with serve(key(allow={"small", "coder"})) as served:
        told = ask(served, said(ARITHMETIC, "crossroute:0")).json()["crossroute"]
        assert told["candidate"] in {"small", "coder"}
        for spelling in ("large", "anthropic:large"):
            answer = ask(served, said(ARITHMETIC, spelling))
            assert (answer.status_code, answer.json()["error"]["type"]) == (403, "permission_error")
        answer = ask(served, said(ARITHMETIC, "openai:small"))
        assert answer.json()["crossroute"]["candidate"] == "small"
        field = {"crossroute": {"constraints": {"allow": ["large"]}}}
        assert ask(served, said(ARITHMETIC, **field)).status_code == 400
        headers = {"authorization": f"Bearer {SECRET}"}
        names = [one["id"] for one in httpx.get(f"{served.openai}/models", headers=headers).json()["data"]]
        assert names[-2:] == ["small", "coder"]


def test_a_key_s_budget_ends_its_calls(serve, upstream):
    with serve(key(usd=30e-6), key("bob", "cr-bob")) as served:
        assert ask(served, said(STORY)).status_code == 200
        answer = ask(served, said(STORY))
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")
        assert "key:ann" in answer.json()["error"]["message"]
        assert ask(served, said(STORY), "cr-bob").status_code == 200
    assert len(upstream.requests) == 2


def test_a_key_s_rates_end_its_calls_for_a_while(serve, upstream):
    with serve(key(requests_a_minute=2), key("bob", "cr-bob", tokens_a_minute=30)) as served:
        answers = [ask(served, said(STORY)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["x-ratelimit-remaining-requests"] == "1"
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60
        assert [ask(served, said(STORY), "cr-bob").status_code for _ in range(2)] == [200, 429]


def test_rates_slide():
    now = [0.0]
    rates = Rates(LocalCounters(), lambda: now[0])
    assert rates.take("a", 10, 10) == (0, 0.0)
    now[0] = 90.0  # half of the first minute is still in view
    assert rates.take("a", 6, 10) == (5, 30.0)
    assert rates.take("a", 5, 10) == (0, 0.0)


def test_metrics_are_for_admin_keys(serve):
    with serve(key(), key("root", ADMIN, admin=True)) as served:
        ask(served, said(STORY))
        ask(served, said(STORY, stream=True))
        assert httpx.get(f"{served.url}/metrics", headers={"x-api-key": SECRET}).status_code == 403
        text = httpx.get(f"{served.url}/metrics", headers={"x-api-key": ADMIN}).text
    assert 'crossroute_decisions_total{key="ann",model="small"} 2.0' in text
    assert 'crossroute_tokens_total{key="ann",kind="output",model="small"} 40.0' in text
    assert 'crossroute_usd_total{key="ann",model="small"} 2.8e-05' in text
    assert 'crossroute_first_token_seconds_count{key="ann",model="small"} 1.0' in text


def test_feedback_is_kept_for_one_s_own_decisions(serve, tmp_path):
    from crossroute.traffic import TrafficLog, schema

    keys = key(), key("bob", "cr-bob")
    with serve(*keys, traffic=str(tmp_path / "traffic.db")) as served:
        body = said(STORY, crossroute={"tags": ["support"], "conversation_id": "c-1"})
        decision = ask(served, body).headers["x-crossroute-decision-id"]
        grade = {"decision_id": decision, "quality": "up", "scale": "thumbs"}
        assert ask(served, grade, "cr-bob", "feedback").status_code == 404
        assert ask(served, grade, path="feedback").json() == {"kept": True}
        shouted = grade | {"decision_id": decision.upper()}
        assert ask(served, shouted, path="feedback").json() == {"kept": True}
        assert ask(served, grade | {"quality": "maybe"}, path="feedback").status_code == 400
        assert ask(served, grade | {"decision_id": "1"}, path="feedback").status_code == 404
    log = TrafficLog.existing(tmp_path / "traffic.db")
    with log.reading() as connection:
        assert connection.execute(schema.feedback.select()).one().quality == 1
        row = connection.execute(schema.decisions.select()).one()
    assert (json.loads(row.tags), row.conversation_id, row.text) == (["support", "key:ann"], "c-1", None)
    log.close()


def test_without_a_log_feedback_says_what_to_do(served):
    answer = ask(served, {"decision_id": "1", "quality": 1}, None, "feedback")
    assert (answer.status_code, "[server] traffic" in answer.json()["error"]["message"]) == (404, True)


@pytest.mark.parametrize(("own", "kept"), [("", "pool.db"), ('traffic = "own.db"', "own.db")])
def test_the_log_of_the_file_is_the_servers_unless_it_names_its_own(own, kept, tmp_path):
    model = '[[models]]\nname = "small"\nmodel = "openai:small"\n'
    path = tmp_path / "crossroute.toml"
    path.write_text(f'traffic = "pool.db"\n{model}[server]\n{own}\n')
    assert read_settings(read_config(path), path).traffic == str(tmp_path / kept)


@pytest.mark.parametrize(
    ("name", "meant"), [("Small", "small"), ("smal", "small"), (" crossroute", "crossroute")]
)
def test_a_model_name_that_is_unknown_is_told_with_the_nearest(served, name, meant):
    answer = ask(served, said(STORY, model=name), None)
    assert answer.status_code == 404
    assert f"Did you mean {meant!r}?" in answer.json()["error"]["message"]


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
def test_without_keys_pages_of_other_sites_are_refused(served, upstream, headers):
    assert ask(served, said(STORY), None, **headers).status_code == 403
    assert not upstream.requests


def test_requests_have_limits(serve):
    with serve(most_bytes=2_000, most_headers=20) as served:
        many = {f"x-{number}": "" for number in range(20)}
        assert ask(served, said("hi"), None).status_code == 200
        url = f"{served.openai}/chat/completions"
        assert httpx.post(url, json=said("hi"), headers=many).status_code == 431
        assert ask(served, said("x" * 3_000), None).status_code == 413
        plain = httpx.post(
            f"{served.openai}/chat/completions", content=b"{}", headers={"content-type": "text/plain"}
        )
        assert plain.status_code == 415
        deep = b"[" * 1_000
        answer = httpx.post(
            f"{served.openai}/chat/completions",
            content=b'{"a": ' + deep + b"]" * 1_000 + b"}",
            headers={"content-type": "application/json"},
        )
        assert answer.status_code in (400, 413)


def crossroute(*words):
    return subprocess.run(
        [sys.executable, "-m", "crossroute", *words], check=False, capture_output=True, text=True, timeout=60
    )


def test_keys_are_managed_by_command(folder, upstream, tmp_path):
    (tmp_path / "router").symlink_to(folder / "router")
    path = serving.write_pool(tmp_path, {"small": f"openai {upstream.openai}"})
    added = crossroute("keys", "add", "ann", "--config", str(path), "--allow", "small", "--budget", "5")
    assert added.returncode == 0, added.stderr
    keys = Keys(tmp_path / "crossroute-keys.json")
    assert keys.find(added.stdout.strip()).allow == {"small"}
    assert "$5 a month" in crossroute("keys", "list", "--config", str(path)).stdout
    assert crossroute("keys", "add", "ann", "--config", str(path)).returncode == 1
    assert crossroute("keys", "revoke", "ann", "--config", str(path)).returncode == 0
    assert not Keys(keys.path).all


def test_other_machines_are_answered_with_keys_alone(folder, upstream):
    path = serving.write_pool(folder, {"small": f"openai {upstream.openai}"})
    path.write_text(path.read_text("utf-8").replace('api_key_env = "STAND_IN_KEY"', ""), "utf-8")
    done = crossroute("serve", str(path), "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    assert done.returncode == 1
    assert "The server would answer anyone at 0.0.0.0" in " ".join(done.stderr.split())


def test_keys_that_are_made_at_once_are_all_kept(tmp_path):
    def add(number):
        Keys(tmp_path / "keys.json").add(Key(name=f"k{number}", digest=hash_secret(str(number))))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))
    kept = Keys(tmp_path / "keys.json")
    assert len(kept) == 24
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Keys(tmp_path / "keys.json").revoke(f"k{number}"), range(20)))
    assert [key.name for key in Keys(tmp_path / "keys.json").all] == ["k20", "k21", "k22", "k23"]


@pytest.mark.parametrize("name", ["a b", "u:*", "*", "-x", "x" * 65, "a\n", "naïve"])
def test_a_name_that_budgets_would_take_for_another_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="A key's name is of letters, digits"):
        Keys(tmp_path / "keys.json").add(Key(name=name, digest=hash_secret("x")))
