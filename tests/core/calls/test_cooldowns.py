"""Cooldowns: they grow with repeated failures, heed what the provider asks, and end with a success."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crossroute.calls.cooldowns import Cooldowns


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
