"""CallSettings: checked once, overridden as a whole where the dial is."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from crossroute import Constraints, Escalation
from crossroute.calls.settings import CallSettings


def test_both_dials_are_refused():
    with pytest.raises(ValidationError, match="not both"):
        CallSettings(cost_preference=0.5, willingness_to_pay=0.1)


@pytest.mark.parametrize("wrong", [{"cost_preference": 1.5}, {"willingness_to_pay": 0}, {"dial": 1}])
def test_what_is_out_of_range_or_unknown_is_refused(wrong):
    with pytest.raises(ValidationError):
        CallSettings(**wrong)


def test_escalation_in_short_is_spelled_out():
    assert CallSettings().escalate is None
    assert CallSettings(escalate=False).escalate is None
    assert CallSettings(escalate=True).escalate == Escalation()
    assert CallSettings(escalate="buffer").escalate == Escalation(buffer_streams=True)
    with pytest.raises(ValidationError, match="must be True"):
        CallSettings(escalate="always")


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
def test_overriding_one_dial_replaces_the_other(kind):
    limits = Constraints(max_cost=1)
    settings = CallSettings(cost_preference=0.3, constraints=limits, escalate=True)
    paying = settings.overridden(kind(willingness_to_pay=0.2, escalate=False))
    assert paying == CallSettings(willingness_to_pay=0.2, constraints=limits)
    assert settings.overridden(kind()) is settings.overridden(None) is settings
    with pytest.raises(ValidationError):
        settings.overridden(kind(cost_preference=2))


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
def test_a_misspelt_setting_is_told_once_and_others_keys_are_not(kind, caplog):
    given = kind(cost_prefrence=0.2, thread_id="7", candidates=3)
    for _ in range(2):
        assert CallSettings().overridden(given) == CallSettings()
    told = [record.getMessage() for record in caplog.records]
    assert told == (
        [
            "'cost_prefrence' is no setting of a call, and is passed over. Did you mean 'cost_preference'?",
            "'candidates' is no setting of a call, and is passed over. Did you mean 'candidate'?",
        ]
        if kind is dict
        else []
    )
