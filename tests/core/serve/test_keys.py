"""Keys in a file: found by their secret, which the file does not hold."""

import json
import os
import stat

import pytest
from pydantic import ValidationError

pytest.importorskip("starlette", reason="the extra `serve` is not installed")

from crossroute.errors import ConfigError
from crossroute.serve.keys import PREFIX, Key, Keys, hash_secret, new_secret


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path / "keys.json")


def test_a_new_key_is_long_and_its_own():
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(secret.startswith(PREFIX) and len(secret) >= len(PREFIX) + 43 for secret in made)


def test_a_key_is_found_by_its_secret_alone(keys):
    assert keys.find("anything") is None
    secret = new_secret()
    keys.add(Key(name="ann", digest=hash_secret(secret), usd=5, allow={"small"}))
    assert keys.find(secret) == Key(name="ann", digest=hash_secret(secret), usd=5, allow={"small"})
    assert keys.find(secret[:-1]) is keys.find(hash_secret(secret)) is None
    assert keys.find(secret).label == "key:ann"
    assert secret not in keys.path.read_text("utf-8")
    assert secret not in repr(keys.find(secret))
    assert hash_secret(secret) not in repr(keys.find(secret))


def test_the_file_is_its_owners_alone(keys):
    keys.add(Key(name="ann", digest=hash_secret("a")))
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


def test_names_are_told_apart_and_in_order(keys):
    for name in ("bob", "ann"):
        keys.add(Key(name=name, digest=hash_secret(name)))
    assert [key.name for key in keys.all] == ["ann", "bob"]
    assert len(keys) == 2
    with pytest.raises(ValueError, match="There is a key 'ann' already"):
        keys.add(Key(name="ann", digest=hash_secret("other")))
    keys.revoke("ann")
    assert keys.find("ann") is None
    with pytest.raises(ValueError, match=r"There is no key 'ann'; there is 'bob'\."):
        keys.revoke("ann")


@pytest.mark.parametrize("name", ["-ann", "a b", "a:b", "x" * 65, "né"])
def test_a_name_that_is_none_is_refused(keys, name):
    with pytest.raises(ValueError, match="A key's name is of letters"):
        keys.add(Key(name=name, digest=hash_secret("a")))


def test_a_change_by_another_process_is_seen_after_a_moment(keys, monkeypatch):
    keys.add(Key(name="ann", digest=hash_secret("a")))
    assert len(keys) == 1
    Keys(keys.path).add(Key(name="bob", digest=hash_secret("b")))
    os.utime(keys.path, (1, 1))  # as if written at another time
    monkeypatch.setattr("crossroute.serve.keys.LOOK_S", 0.0)
    assert keys.find("b") is not None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [{"name": "ann"}]}', json.dumps({"keys": [7]})])
def test_another_file_is_refused_with_a_remedy(keys, text):
    keys.path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="is no file of keys that `crossroute keys add` wrote"):
        keys.find("a")


@pytest.mark.parametrize(
    "limits", [{"usd": 0}, {"per": "week"}, {"requests_a_minute": 0}, {"digest": "short"}]
)
def test_limits_that_are_none_are_refused(limits):
    with pytest.raises(ValidationError):
        Key(**{"name": "ann", "digest": hash_secret("a")} | limits)
