"""The report on a log: what another dial would do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute.traffic.report import other_dials
from tests.core.traffic.test_learning import logged, router  # noqa: F401


def test_a_call_that_is_worth_more_gets_dearer_and_better_answers(logged):  # noqa: F811
    dials = other_dials(logged)
    assert [each.label for each in dials] == ["a quarter", "half", "as it was", "twice", "four times"]
    costs, quality = ([getattr(each, name).value for each in dials] for name in ("cost", "quality"))
    assert costs[0] < costs[-1]
    assert quality[0] < quality[-1] + 0.05
    assert all(each.cost.low < each.cost.value < each.cost.high for each in dials)


def test_without_overlap_it_says_what_it_would_take(logged):  # noqa: F811
    alone = logged.take(np.arange(10))
    assert "overlap too thin" in (other_dials(alone)[0].thin or "")
