"""Failures: what is kept of errors, and how long a candidate cools down."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crossroute.calls.failures import Cooldowns, describe_failure


def error(name="SomethingError", message="", bases=(Exception,), **attributes):
    return type(name, bases, attributes)(message)


@pytest.mark.parametrize(
    "secret",
    [
        "Incorrect API key provided: sk-proj-abcdef1234567890",
        "header Authorization: Bearer abcdef1234567890",
        "{'x-api-key': 'abcdef1234567890'}",
        "https://user:abcdef1234567890@proxy.local refused",
        "GET https://api.local/v1?key=abcdef1234567890",
        "GET https://blob.local/v1?sv=1&sig=abcdef1234567890",
        "GET https://s3.local/x?X-Amz-Signature=abcdef1234567890&X-Amz-Date=1",
        "Incorrect API key provided: abcdef1234567890.",
        "refused eyJhbGciOiJIUzI1NiJ9.abcdef1234567890.abcdef1234567890",
    ],
)
def test_a_failure_keeps_no_secret(secret):
    assert "abcdef1234567890" not in describe_failure("a", error(message=secret)).message


def test_a_failure_keeps_one_short_line():
    failure = describe_failure(
        "a", error("RateLimitError", "slow down " * 100 + "\nand more", status_code=429)
    )
    assert (failure.candidate, failure.error, failure.status, failure.transient) == (
        "a",
        "RateLimitError",
        429,
        True,
    )
    assert len(failure.message) == 200
    assert str(failure) == "a failed with RateLimitError 429"


@pytest.fixture
def cooldowns(clock):
    return Cooldowns(first=5, longest=30, clock=clock)


def test_a_cooldown_ends_by_itself(cooldowns, clock):
    assert cooldowns.remaining("a") == 0
    cooldowns.fail("a")
    assert cooldowns.remaining("a") == 5
    clock.now += 3
    assert cooldowns.remaining("a") == 2
    clock.now += 3
    assert cooldowns.remaining("a") == 0
    assert cooldowns.remaining("b") == 0


def test_repeated_failures_double_it_to_a_limit(cooldowns, clock):
    waits = []
    for _ in range(5):
        cooldowns.fail("a")
        waits.append(cooldowns.remaining("a"))
        clock.now += 1000
    assert waits == [5, 10, 20, 30, 30]


def test_a_candidate_is_down_after_six_failures_one_after_another_and_not_at_once(cooldowns, clock):
    began = clock.now
    clock.now += 60
    for _ in range(100):
        cooldowns.fail("a", began=began)
    assert not cooldowns.is_down("a")
    for _ in range(5):
        assert not cooldowns.is_down("a")
        began, clock.now = clock.now, clock.now + 1
        cooldowns.fail("a", began=began)
    assert cooldowns.is_down("a")
    cooldowns.clear("a")
    assert not cooldowns.is_down("a")


def test_a_success_forgets_all(cooldowns, clock):
    cooldowns.fail("a")
    clock.now += 10
    cooldowns.fail("a")
    cooldowns.clear("a")
    assert cooldowns.remaining("a") == 0
    cooldowns.fail("a")
    assert cooldowns.remaining("a") == 5


def test_retry_after_counts_where_it_is_longer(cooldowns):
    cooldowns.fail("a", retry_after=60)
    cooldowns.fail("b", retry_after=1)
    assert (cooldowns.remaining("a"), cooldowns.remaining("b")) == (60, 5)


def test_failures_at_once_count_as_one(cooldowns, clock):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cooldowns.fail("a"), range(200)))
    assert cooldowns.remaining("a") == 5
    clock.now += 6
    cooldowns.fail("a")
    assert cooldowns.remaining("a") == 10


def test_a_candidate_is_down_after_six_failures_in_a_row_of_any_calls(cooldowns):
    for _ in range(5):
        cooldowns.fail("a")
    assert not cooldowns.is_down("a")
    cooldowns.fail("a")
    assert cooldowns.is_down("a")
    cooldowns.clear("a")
    assert not cooldowns.is_down("a")


def test_a_cooldown_is_logged_once_without_what_the_provider_said(cooldowns, caplog):
    cooldowns.fail("a")
    cooldowns.fail("a")
    assert [(r.name, r.levelname, r.message) for r in caplog.records] == [
        ("crossroute.calls", "WARNING", "a cools down for 5 s")
    ]


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="first <= longest"):
        Cooldowns(first=10, longest=1)
