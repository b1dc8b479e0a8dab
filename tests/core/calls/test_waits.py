"""Waits: in each place where a provider asks for one."""

import time
from email.utils import formatdate

import httpx
import pytest

from crossroute.calls.waits import read_wait


def error(message="", **attributes):
    return type("SomethingError", (Exception,), attributes)(message)


def refused(headers=(), message=""):
    request = httpx.Request("POST", "http://localhost")
    return error(message, response=httpx.Response(429, headers=dict(headers), request=request))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "1m30s"}, 90),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e9"}, 3600),
        ({"retry-after": "inf"}, None),
        ({"ratelimit-reset": "30"}, 30),
        ({"ratelimit-reset": "30", "ratelimit-remaining": "4"}, None),
        ({"retry-after": "-5"}, 0),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-reset-requests": "1s"}, 360),
        (
            {
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "149000",
                "x-ratelimit-reset-requests": "20ms",
                "x-ratelimit-remaining-requests": "0",
            },
            0.02,
        ),
        ({"x-ratelimit-reset": "12"}, 12),
        ({"x-rate-limit-reset": "12"}, 12),
        ({"x-ratelimit-reset-after": "12"}, 12),
        ({"retry-after": "30, 30"}, 30),
        ({"retry-after": '"30"'}, 30),
        ({"retry-after": "30 seconds"}, 30),
        ({"retry-after": "1 hour"}, 3600),
        ({"retry-after": "PT1M30S"}, 90),
        ({"retry-after": "P0DT0H1M5S"}, 65),
        ({"retry-after": "1.5m"}, 90),
        ({"ratelimit": '"default";r=0;t=30'}, 30),
        ({"ratelimit": '"default";r=4;t=30'}, None),
        ({"ratelimit": "limit=100, remaining=0, reset=30"}, 30),
        ({"retry-after": "3", "x-ratelimit-reset-requests": "1h2m"}, 3),
        ({"retry-after": "5;jitter"}, 5),
        ({"x-retry-after": "9"}, 9),
        ({"x-ms-retry-after-ms": "4000"}, 4),
        ({"x-ratelimit-reset-tokens-minute": "11.4", "x-ratelimit-remaining-tokens-minute": "0"}, 11.4),
        ({"x-ratelimit-reset-tokens-minute": "11.4", "x-ratelimit-remaining-tokens-minute": "500"}, None),
        (
            {
                "anthropic-ratelimit-input-tokens-reset": "40",
                "anthropic-ratelimit-input-tokens-remaining": "0",
            },
            40,
        ),
        (
            {
                "anthropic-ratelimit-unified-5h-reset": "40",
                "anthropic-ratelimit-unified-5h-status": "allowed",
            },
            None,
        ),
        (
            {
                "anthropic-ratelimit-unified-5h-reset": "40",
                "anthropic-ratelimit-unified-5h-status": "rejected",
            },
            40,
        ),
    ],
)
def test_headers_of_each_provider_are_read(headers, seconds):
    assert read_wait(refused(headers)) == seconds


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Retry-After", lambda at: formatdate(at, usegmt=True)),
        ("anthropic-ratelimit-tokens-reset", lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))),
        ("Retry-After", lambda at: time.strftime("%Y-%m-%dT%H:%M:%S.5Z", time.gmtime(at))),
        ("X-RateLimit-Reset", lambda at: str(round(at * 1_000))),
        ("X-RateLimit-Reset", lambda at: str(round(at))),
    ],
)
def test_dates_are_read(header, date):
    assert 55 < read_wait(refused({header: date(time.time() + 60)})) <= 61


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached for gpt-4o on tokens per min. Please try again in 1.2s. Visit", 1.2),
        ("Please try again in 6m0s.", 360),
        ("Please try again in 20ms.", 0.02),
        ("Please retry after 26 seconds.", 26),
        ("Please retry in 37.5s.", 37.5),
        ("Please try again in 2 minutes.", 120),
        ("Please wait 30 seconds before retrying", 30),
        ("Wait for 2.5s", 2.5),
        ("Try again in 10 mins.", 600),
        ("Please retry after 1 hour.", 3600),
        ("Please retry after 1 day.", 3600),
        ("Please try again in about 5 minutes.", 300),
        ("Please try again in a while", None),
        ("Slow down. Retry-After: 13", 13),
        ("Your limit resets in 45 seconds", 45),
        ("You can retry in 00:01:30", 90),
        ("Available again in 15s", 15),
        ("Rate limited. Try again in 2 minutes and 5 seconds.", 125),
        ("Try again in 1 hour, 2 minutes and 3 seconds.", 3600),
        ("Please wait 1 min 5 s before retrying.", 65),
        ("Please try again in 0.5 minutes", 30),
        ("Please try again in 2s, 5 requests are left", 2),
        ("Please retry in 3 attempts", 3),
        ("Please try again at 2 o'clock", None),
    ],
)
def test_messages_are_read(message, seconds):
    assert read_wait(refused(message=message)) == pytest.approx(seconds)


def test_a_moment_in_a_message_is_read():
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    assert 55 < read_wait(refused(message=f"Limit reached. Try again at {at}.")) <= 61


def test_googles_delay_is_read_through_the_error_that_wraps_it():
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
    inner = error(code=429, details={"error": {"code": 429, "details": [info]}})
    outer = error("Error calling model")
    outer.__cause__ = inner
    assert read_wait(outer) == 37


def test_amazons_headers_and_an_attribute_are_read():
    response = {"ResponseMetadata": {"HTTPStatusCode": 429, "HTTPHeaders": {"retry-after": "4"}}}
    assert read_wait(error(response=response)) == 4
    assert read_wait(error(retry_after=3)) == 3


def test_where_nothing_is_asked_nothing_is_told():
    assert read_wait(ValueError("Please try again in 1.2s.")) is None
    assert read_wait(error(response=object())) is None


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"message": "x", "retry_after": 4}, 4),
        ({"message": "x", "retry_after_ms": 4_000}, 4),
        ({"message": "x", "retryAfter": "4s"}, 4),
        ({"message": "x", "retryAfterSeconds": 4}, 4),
        ({"message": "x", "retry_in": 4}, 4),
        ({"message": "x", "details": [{"retryDelay": {"seconds": 11}}]}, 11),
        ({"message": "x", "details": [{"retryDelay": "33.5s"}]}, 33.5),
        (
            {
                "message": "x",
                "metadata": {"headers": {"X-RateLimit-Reset": "30", "X-RateLimit-Remaining": "0"}},
            },
            30,
        ),
        (
            {
                "message": "x",
                "metadata": {"headers": {"X-RateLimit-Reset": "30", "X-RateLimit-Remaining": "5"}},
            },
            None,
        ),
        ({"message": "x", "metadata": "none"}, None),
        ({"message": "x", "retry_after": None}, None),
    ],
)
def test_bodies_are_read(body, seconds):
    assert read_wait(error(status_code=429, body=body)) == seconds


@pytest.mark.parametrize("code", [429, 503, 529])
def test_every_overload_may_say_when_to_come_back(code):
    told = error("Overloaded. Please try again in 5 seconds.", status_code=code)
    assert read_wait(told) == 5


def test_a_model_that_is_loading_says_how_long():
    assert (
        read_wait(error("503 - {'error': 'Model is loading', 'estimated_time': 20.0}", status_code=503)) == 20
    )


def test_headers_may_stand_on_the_error_itself():
    from email.message import Message

    headers = Message()
    headers["Retry-After"] = "7"
    assert read_wait(error(code=429, headers=headers)) == 7
