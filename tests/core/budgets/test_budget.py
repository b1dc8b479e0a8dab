from datetime import datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from crossroute import Budget
from crossroute.budgets import day_shape


def at(*moment):
    return datetime(*moment, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("per", "begin", "end"),
    [
        ("day", at(2026, 2, 28), at(2026, 3, 1)),
        ("month", at(2026, 2, 1), at(2026, 3, 1)),
        (timedelta(hours=6), at(2026, 2, 28, 12), at(2026, 2, 28, 18)),
        ("total", 0, float("inf")),
    ],
)
def test_periods(per, begin, end):
    assert Budget(usd=1, per=per).period(at(2026, 2, 28, 15, 30)) == (begin, end)


def test_a_day_is_that_of_its_zone_and_may_have_23_hours():
    berlin = Budget(usd=1, zone="Europe/Berlin")
    begin, end = berlin.period(at(2026, 3, 29, 12))  # clocks go forward
    assert (begin, end) == (at(2026, 3, 28, 23), at(2026, 3, 29, 22))
    assert berlin.elapsed(begin) == 0
    assert berlin.elapsed(end - 1e-6) == pytest.approx(1)


def test_the_shape_says_how_much_of_a_day_is_over():
    office = Budget(usd=1, shape=tuple(1.0 if 9 <= hour < 17 else 0.0 for hour in range(24)))
    assert [office.elapsed(at(2026, 1, 5, hour)) for hour in (8, 9, 13, 17, 20)] == pytest.approx(
        [0, 0, 0.5, 1, 1]
    )
    assert Budget(usd=1).elapsed(at(2026, 1, 5, 6)) == pytest.approx(0.25)
    week = Budget(usd=1, per=timedelta(days=7), shape=office.shape)
    begin = week.period(at(2026, 1, 5)).begin
    assert week.elapsed(begin + 3.5 * 86_400) == pytest.approx((3 + 3 / 8) / 7)  # noon


def test_the_shape_of_a_log():
    shape = day_shape([at(2026, 1, day, 10, 30) for day in range(1, 21)])
    assert sum(shape) == pytest.approx(1)
    assert shape[10] == pytest.approx(20.5 / 32)


def test_which_calls_count():
    keys = {"research", "user:ann", "user:bob"}
    assert len(Budget(usd=1).accounts(keys)) == 1
    assert len(Budget(usd=1, key="research").accounts(keys)) == 1
    assert Budget(usd=1, key="sales").accounts(keys) == []
    assert len(Budget(usd=1, key="user:*").accounts(keys)) == 2
    assert Budget(usd=1).accounts(()) != Budget(usd=1, name="other").accounts(())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"usd": 0}, "greater than 0"),
        ({"usd": 1, "per": "fortnight"}, "day"),
        ({"usd": 1, "per": timedelta(0)}, "above 0"),
        ({"usd": 1, "per": "total", "pace": True}, "has no end"),
        ({"usd": 1, "zone": "Mars/Base"}, "unknown time zone 'Mars/Base'"),
        ({"usd": 1, "shape": (0.0,) * 24}, "some hour a weight"),
        ({"usd": 1, "then": "stop"}, "refuse"),
        ({"usd": 1, "user": "ann"}, "user"),
    ],
)
def test_what_is_wrong_is_told(wrong, told):
    with pytest.raises(ValidationError, match=told):
        Budget(**wrong)


def test_in_words():
    assert str(Budget(usd=50)) == "$50 a day"
    assert str(Budget(usd=2.5, per="total", key="user:*")) == "$2.5 for user:*"
    assert str(Budget(usd=1, per=timedelta(hours=1))) == "$1 every 1:00:00"


def test_spending_is_kept_in_a_file_or_a_redis():
    with pytest.raises(ValidationError, match=r"expected a path or redis://host:6379/0, got postgresql://"):
        Budget(usd=1, state="postgresql://user:sesame@host/name")
    assert Budget(usd=1, state="rediss://host:6379/0").state == "rediss://host:6379/0"
