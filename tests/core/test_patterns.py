"""Regular expressions that are compiled at their first use, and moments as programs spell them."""

import re
from datetime import timezone

import pytest

from crossroute.patterns import lazy, moment


def test_a_pattern_is_compiled_when_it_is_first_used(monkeypatch):
    compiled = []

    def compile_(*arguments):
        compiled.append(arguments)
        return real(*arguments)

    real = re.compile
    monkeypatch.setattr(re, "compile", compile_)
    pattern = lazy(r"a+", re.IGNORECASE)
    assert compiled == []
    assert pattern.findall("aA b") == ["aA"]
    assert pattern.findall("aA b") == ["aA"]
    assert compiled == [(r"a+", re.IGNORECASE)]
    assert pattern.sub("x", "aab") == "xb"


def test_a_pattern_that_is_none_is_refused_at_its_first_use():
    broken = lazy("(")
    with pytest.raises(re.error):
        broken.search("a")


@pytest.mark.parametrize(
    ("told", "micros"),
    [
        ("2026-11-01T10:00:02Z", 0),
        ("2026-11-01T10:00:02.5Z", 500_000),
        ("2026-11-01T10:00:02.123456789+00:00", 123_456),
        ("2026-11-01T12:00:02.000001+02:00", 1),
    ],
)
def test_a_moment_is_read_to_the_microsecond(told, micros):
    found = moment(told).astimezone(timezone.utc)
    assert (found.hour, found.second, found.microsecond) == (10, 2, micros)


@pytest.mark.parametrize("told", ["", "yesterday", "2026-13-01T00:00:00Z", "12.5"])
def test_what_is_no_moment_is_refused(told):
    with pytest.raises(ValueError):  # noqa: PT011 - datetime's own
        moment(told)
