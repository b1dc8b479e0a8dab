"""Failures: which errors are transient, what is kept of them, and how long a candidate cools down."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import httpx
import pytest

from crossroute.calls.failures import Cooldowns, failure_of, is_timeout, is_transient, retry_after, status


def error(name="SomethingError", message="", bases=(Exception,), **attributes):
    return type(name, bases, attributes)(message)


def response(code, headers=()):
    return httpx.Response(code, headers=dict(headers), request=httpx.Request("POST", "http://localhost"))


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("place", ["status_code", "http_status", "code"])
def test_a_transient_status_is_transient_wherever_it_stands(code, place):
    assert is_transient(error(**{place: code}))
    assert status(error(**{place: code})) == code


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422])
def test_a_permanent_status_outweighs_a_transient_name(code):
    assert not is_transient(error("RateLimitError", status_code=code))


def test_the_status_may_stand_on_the_response():
    assert is_transient(httpx.HTTPStatusError("", request=response(503).request, response=response(503)))
    assert not is_transient(httpx.HTTPStatusError("", request=response(400).request, response=response(400)))
    assert is_transient(error(response={"ResponseMetadata": {"HTTPStatusCode": 529}}))


@pytest.mark.parametrize(
    "raised",
    [
        TimeoutError(),
        asyncio.TimeoutError(),
        ConnectionResetError(),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
        error("RateLimitError"),
        error("ServiceUnavailable"),
        error(bases=(type("APIConnectionError", (Exception,), {}),)),
        error(status_code=200, body={"type": "error", "error": {"type": "overloaded_error"}}),
    ],
)
def test_a_transient_kind_is_known_by_its_name_its_bases_or_its_body(raised):
    assert is_transient(raised)


@pytest.mark.parametrize(
    "raised", [ValueError("bad"), KeyError("x"), error("AuthenticationError"), TypeError()]
)
def test_what_is_not_known_is_permanent(raised):
    assert not is_transient(raised)


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), asyncio.CancelledError(), SystemExit()])
def test_what_is_no_exception_is_never_transient(raised):
    assert not is_transient(raised)


def test_an_explicit_cause_is_looked_at_and_an_implicit_one_is_not():
    wrapped, during = RuntimeError("wrapped"), RuntimeError("another")
    wrapped.__cause__ = httpx.ReadTimeout("slow")
    during.__context__ = httpx.ReadTimeout("slow")
    assert is_transient(wrapped)
    assert is_timeout(wrapped)
    assert not is_transient(during)
    wrapped.__cause__.__cause__ = wrapped
    assert is_transient(wrapped), "a ring of causes ends"


def test_retry_after_is_read_in_each_of_its_spellings():
    assert retry_after(error(response=response(429, {"retry-after": "7"}))) == 7
    assert retry_after(error(response=response(429, {"retry-after-ms": "250"}))) == 0.25
    later = formatdate(time.time() + 60, usegmt=True)
    assert 55 < retry_after(error(response=response(429, {"Retry-After": later}))) <= 60
    assert retry_after(error(retry_after=3)) == 3
    assert retry_after(error(response=response(429, {"retry-after": "soon"}))) is None
    assert retry_after(error(response=response(429, {"retry-after": "1e9"}))) == 3600
    assert retry_after(ValueError()) is None


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
    assert "abcdef1234567890" not in failure_of("a", error(message=secret)).message


def test_a_failure_keeps_one_short_line():
    failure = failure_of("a", error("RateLimitError", "slow down " * 100 + "\nand more", status_code=429))
    assert (failure.candidate, failure.error, failure.status, failure.transient) == (
        "a",
        "RateLimitError",
        429,
        True,
    )
    assert len(failure.message) == 200
    assert str(failure) == "a failed with RateLimitError 429"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


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


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="first <= longest"):
        Cooldowns(first=10, longest=1)
