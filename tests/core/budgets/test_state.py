"""Balances in SQLite and in Redis: one table of cases for both."""

import math
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from crossroute import MissingExtraError
from crossroute.budgets.state import Balance, Change, open_state
from crossroute.errors import BudgetStateError

NEVER = math.inf


def test_what_is_added_is_read_by_another(place):
    first, second = open_state(place), open_state(place)
    assert first.read(["a"]) == [Balance()]
    assert first.add([Change("a", NEVER, spent=0.25, since=0.5), Change("b", 4e9, spent=1, calls=1)]) is None
    assert second.add([Change("a", NEVER, spent=-0.125, calls=1, since=0.75)]) is None
    assert second.read(["a", "b"]) == [Balance(0.125, 1, None, 0.5), Balance(1, 1)]


def test_where_one_is_over_its_limit_none_is_changed(place):
    state = open_state(place)
    state.add([Change("a", NEVER, spent=0.9), Change("b", NEVER, spent=0.2)])
    both = [Change("b", NEVER, spent=0.2, limit=1), Change("a", NEVER, spent=0.2, limit=1)]
    assert state.add(both) == "a"
    assert [each.spent for each in state.read(["a", "b"])] == pytest.approx([0.9, 0.2])
    assert state.add([Change("a", NEVER, spent=0.1, limit=1)]) is None


def test_steps_begin_where_the_first_one_says(place):
    state = open_state(place)
    state.add([Change("a", NEVER, start=-5.0, step=0.5)])
    state.add([Change("a", NEVER, start=-9.0, step=0.25)])
    assert state.read(["a"])[0].log_pay == pytest.approx(-4.25)


def test_threads_together_do_not_exceed_a_limit(place):
    state = open_state(place)
    with ThreadPoolExecutor(16) as threads:
        answers = list(
            threads.map(lambda _: state.add([Change("a", NEVER, spent=0.01, limit=1)]), range(300))
        )
    assert answers.count(None) == 100
    assert state.read(["a"])[0].spent == pytest.approx(1)


def test_processes_together_do_not_exceed_a_limit(place):
    program = textwrap.dedent("""
        import math, sys
        from crossroute.budgets.state import Change, open_state
        state = open_state(sys.argv[1])
        print(sum(state.add([Change("a", math.inf, spent=0.01, limit=1)]) is None for _ in range(60)))
    """)
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(place)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert sum(int(each.communicate()[0]) for each in started) == 100
    assert open_state(place).read(["a"])[0].spent == pytest.approx(1)


def test_a_redis_that_is_gone_is_told_without_its_password():
    pytest.importorskip("redis", reason="redis-py is not installed")
    state = open_state("redis://user:sesame@127.0.0.1:1/0")
    for fails in (lambda: state.read(["a"]), lambda: state.add([Change("a", 1.0, spent=1.0)])):
        with pytest.raises(BudgetStateError, match=r"in Redis at 127.0.0.1:1/0: .*refused") as told:
            fails()
        assert "sesame" not in str(told.value)


def test_redis_without_its_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtraError, match=r'pip install "crossroute\[redis\]"'):
        open_state("redis://127.0.0.1:1")
