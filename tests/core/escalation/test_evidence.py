"""Evidence: parts that may be missing, in their ranges."""

import pytest
from pydantic import ValidationError

from crossroute.escalation.evidence import Evidence


def test_nothing_seen_is_silent_and_a_length_alone_says_nothing():
    assert Evidence().is_silent
    assert Evidence(length_ratio=1.3).is_silent


@pytest.mark.parametrize(
    "told",
    [{"mean_logprob": -0.1}, {"flaws": {"refusal"}}, {"agreement": 0.5}, {"check": 0.5}, {"judge": 0.0}],
)
def test_any_other_part_speaks(told):
    assert not Evidence.model_validate(told).is_silent


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean_logprob": 0.1},
        {"min_logprob": float("-inf")},
        {"length_ratio": -1},
        {"agreement": 1.1},
        {"check": -0.1},
        {"judge": float("nan")},
        {"flaws": {"dull"}},
        {"guess": 1},
    ],
)
def test_what_is_out_of_range_is_refused(wrong):
    with pytest.raises(ValidationError):
        Evidence.model_validate(wrong)


def test_it_survives_json():
    told = Evidence(mean_logprob=-0.25, flaws={"cut off", "schema"}, agreement=1.0)
    assert Evidence.model_validate_json(told.model_dump_json()) == told
