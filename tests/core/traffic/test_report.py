"""The report on a log: what another dial would do."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute.cli.traffic import _build_dial_table, _build_table
from crossroute.traffic.estimates import FEWEST
from crossroute.traffic.policies import compare_policies
from crossroute.traffic.report import WORTH, build_report, estimate_dials
from tests.core.traffic.test_learning import logged, router  # noqa: F401


def test_a_call_that_is_worth_more_gets_dearer_and_better_answers(logged):  # noqa: F811
    dials = estimate_dials(logged)
    assert [each.label for each in dials] == ["a quarter", "half", "as it was", "twice", "four times"]
    costs, quality = ([getattr(each, name).value for each in dials] for name in ("cost", "quality"))
    assert costs[0] < costs[-1]
    assert quality[0] < quality[-1] + 0.05
    assert all(each.cost.low < each.cost.value < each.cost.high for each in dials)


def test_without_overlap_it_says_what_it_would_take(logged):  # noqa: F811
    alone = logged.take(np.arange(10))
    assert "overlap too thin" in (estimate_dials(alone)[0].thin or "")


@pytest.mark.filterwarnings("error")
def test_calls_of_unknown_cost_are_told_as_such(logged):  # noqa: F811
    unknown = replace(logged, cost=np.full(len(logged), np.nan))
    dials = estimate_dials(unknown)
    assert all(
        np.isnan(each.cost.value) and not np.isnan(each.quality.value) for each in dials if not each.thin
    )
    console = Console(width=200, file=io.StringIO())
    console.print(_build_table(build_report(unknown)), _build_dial_table(dials))
    told = console.file.getvalue()
    assert "decisions of unknown cost" in told
    assert "nan" not in told


def test_costs_that_are_unknown_in_part_are_no_part_of_the_sum_and_are_counted(logged):  # noqa: F811
    some, further = np.arange(len(logged)) < 3, np.zeros(len(logged))
    further[7] = np.nan
    told = build_report(replace(logged, cost=np.where(some, np.nan, logged.cost), further=further))
    assert told.unknown == 4  # one of them as to an escalation's further calls alone
    assert told.usd == pytest.approx(logged.cost[~some].sum())
    assert sum(row.unknown for row in told.rows) == 3
    assert "and 4 of unknown cost" in _told(told)
    assert "unknown" not in _told(build_report(logged))


def test_how_many_decisions_could_have_gone_elsewhere_is_told(logged):  # noqa: F811
    alone = np.eye(logged.propensity.shape[1])[logged.chosen]
    never = replace(logged, propensity=alone)
    assert build_report(never).explorable == 0
    assert "None of them could have gone to another candidate" in _told(build_report(never))
    half = replace(logged, propensity=np.where((np.arange(len(logged)) % 2 == 0)[:, None], alone, 0.5))
    assert build_report(half).explorable == pytest.approx(0.5, abs=0.01)
    assert "50.0% of them could have gone to another" in _told(build_report(half))
    reasons = [each.thin for each in estimate_dials(never) if each.thin]
    assert reasons
    assert all("more of it changes nothing" in reason for reason in reasons)


def test_a_few_sampled_grades_do_not_leave_out_all_others(logged):  # noqa: F811
    def sampled(count):
        weight = np.where(np.arange(len(logged)) < count, 20.0, 1.0)
        return replace(logged, weight=weight).graded

    assert len(sampled(FEWEST)) == FEWEST
    assert set(sampled(FEWEST).weight) == {20.0}
    assert len(sampled(FEWEST - 1)) == len(logged.graded) > FEWEST
    assert set(sampled(FEWEST - 1).weight) == {1.0}


def _told(report):
    console = Console(width=200, file=io.StringIO())
    console.print(_build_table(report))
    return console.file.getvalue()


def test_an_unknown_cost_does_not_count_as_free(logged, router):  # noqa: F811
    """A router that sends all to a candidate of unknown costs gains nothing by them."""
    dear = logged.names.index("large")
    hidden = replace(logged, cost=np.where(logged.chosen == dear, np.nan, logged.cost))
    known, unknown = (
        compare_policies(router.subset(["large"]), router, each.graded, cost_preference=0.8).gain.value
        for each in (logged, hidden)
    )
    assert unknown == pytest.approx(known, abs=0.03)


def test_why_nothing_is_told_of_a_dial_stands_under_the_table_and_takes_no_column(logged):  # noqa: F811
    console = Console(width=90, file=io.StringIO())
    console.print(_build_dial_table(estimate_dials(logged.take(np.arange(10)))))
    told = console.file.getvalue()
    assert "No room for" not in told
    assert "USD a call" in told
    assert told.count("overlap too thin") == len(WORTH)
    assert told.count("no chance in this log") <= 1
