"""The verifier: from a prior and evidence to P(right)."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossroute import Candidate
from crossroute.escalation.correlation import logit
from crossroute.escalation.evidence import Evidence
from crossroute.escalation.verifier import (
    AGREEMENT_SHIFT,
    FLAW_SHIFTS,
    KNOTS,
    LENGTH_SHIFT,
    Reading,
    Verifier,
    confidence,
    stated_shift,
)
from crossroute.routing.storage import BUNDLED, CONFIG
from tests.support.escalating import reading, verifier

MODEL = Candidate(name="model", aliases=("lab/model",))
PRIORS, LOGPROBS = st.floats(0, 1), st.floats(-12, 0)
UNIVERSAL = json.loads((BUNDLED / "universal" / CONFIG).read_text("utf-8"))
COME_ALONG = (Verifier.general(), Verifier.model_validate(UNIVERSAL["verifier"]))


def odds(probability):
    return float(logit(np.array(probability)))


@given(PRIORS)
def test_without_evidence_the_posterior_is_the_prior_exactly(prior):
    for some in (Verifier.general(), verifier()):
        assert some.posterior(MODEL, prior, Evidence()) == prior
        assert some.posterior(MODEL, prior, Evidence(length_ratio=1.0)) == prior


@given(PRIORS, PRIORS, LOGPROBS, LOGPROBS)
def test_a_surer_answer_and_a_likelier_one_are_never_believed_less(low, high, doubtful, sure):
    (low, high), (doubtful, sure) = sorted([low, high]), sorted([doubtful, sure])
    for some in COME_ALONG:
        for name in ("model", *some.readings):
            candidate = Candidate(name=name)
            less, more = Evidence(mean_logprob=doubtful), Evidence(mean_logprob=sure)
            least = some.posterior(candidate, low, less)
            assert some.posterior(candidate, low, more) >= least - 1e-9
            assert some.posterior(candidate, high, less) >= least - 1e-9


def test_the_reading_that_comes_along_tells_sure_answers_from_doubtful_ones():
    doubtful, sure = Evidence(mean_logprob=-3.0), Evidence(mean_logprob=-1e-5)
    for prior in (0.05, 0.5, 0.95):
        posteriors = [Verifier.general().posterior(MODEL, prior, told) for told in (doubtful, sure)]
        assert odds(posteriors[1]) - odds(posteriors[0]) > 1


def test_beyond_its_range_the_prior_changes_no_reading():
    tilted, told = verifier(model=reading().model_copy(update={"slope": (-0.5,) * len(KNOTS)})), {}
    for prior in (0.5, 0.95, 0.981, 0.995, 0.9999):
        told[prior] = tilted.shift(MODEL, prior, Evidence(mean_logprob=-0.2))
    assert told[0.5] > told[0.95] > told[0.981]
    assert told[0.981] == told[0.995] == told[0.9999]


def test_between_knots_it_is_interpolated_and_beyond_them_it_is_flat():
    some = verifier()
    at = np.array([[KNOTS[3]], [(KNOTS[3] + KNOTS[4]) / 2], [KNOTS[0] - 1]])
    found = some.shifts([MODEL], np.full((3, 1), 0.3), -np.exp(-at) + 1e-6)
    shift = some.pooled.shift
    assert found[:, 0] == pytest.approx([shift[3], (shift[3] + shift[4]) / 2, shift[0]])


def test_what_is_not_known_shifts_nothing_known():
    assert np.isnan(verifier().shifts([MODEL], np.array([[0.5]]), np.array([[np.nan]]))).all()


def test_the_slope_counts_the_prior():
    tilted = verifier(model=reading().model_copy(update={"slope": (-0.5,) * len(KNOTS)}))
    plain, told = verifier(model=reading()), Evidence(mean_logprob=-0.2)
    assert tilted.shift(MODEL, 0.9, told) == pytest.approx(plain.shift(MODEL, 0.9, told) - 0.5 * odds(0.9))


def test_a_candidate_is_read_by_name_or_alias_else_as_all_are():
    own, told = reading(2.0), Evidence(mean_logprob=-0.2)
    for name in ("model", "lab/model"):
        assert verifier(**{name: own}).reading(MODEL) == own
    some = verifier(other=own)
    assert some.reading(MODEL) == some.pooled
    assert some.posterior(MODEL, 0.5, told) == verifier().posterior(MODEL, 0.5, told)


@pytest.mark.parametrize(
    ("told", "shift"),
    [
        *(({"flaws": {flaw}}, shift) for flaw, shift in FLAW_SHIFTS.items()),
        ({"flaws": {"refusal", "cut off"}}, FLAW_SHIFTS["refusal"] + FLAW_SHIFTS["cut off"]),
        ({"agreement": 1.0}, AGREEMENT_SHIFT),
        ({"agreement": 1 / 3}, 0.0),
        ({"agreement": 0.0}, -AGREEMENT_SHIFT / 2),
        ({"check": 1.0}, np.log(19)),
        ({"check": 0.5}, 0.0),
        ({"check": 0.0}, -np.log(19)),
        ({"judge": 1.0}, np.log(4)),
        ({"judge": 0.0}, -np.log(4)),
        ({"check": 1.0, "length_ratio": 9.0}, np.log(19) + LENGTH_SHIFT),
        ({"check": 1.0, "length_ratio": 0.1}, np.log(19) + LENGTH_SHIFT),
        ({"check": 1.0, "length_ratio": 7.0}, np.log(19)),
    ],
)
def test_evidence_without_training_data_moves_as_stated(told, shift):
    evidence = Evidence.model_validate(told)
    assert stated_shift(evidence, judge_error=0.2) == pytest.approx(shift)
    posterior = verifier().posterior(MODEL, 0.4, evidence, judge_error=0.2)
    assert odds(posterior) == pytest.approx(odds(0.4) + shift)


def test_kinds_of_evidence_add_up():
    some = verifier()
    parts = [{"mean_logprob": -0.3}, {"check": 0.0}, {"agreement": 1.0}]
    alone = [some.shift(MODEL, 0.5, Evidence.model_validate(part)) for part in parts]
    told = Evidence.model_validate(parts[0] | parts[1] | parts[2])
    assert some.shift(MODEL, 0.5, told) == pytest.approx(sum(alone))


@pytest.mark.parametrize("flaw", ["schema", "empty"])
def test_log_probabilities_of_nothing_usable_do_not_count(flaw):
    told = Evidence(mean_logprob=-1e-6, flaws={flaw})
    assert verifier().shift(MODEL, 0.5, told) == FLAW_SHIFTS[flaw]


def test_the_least_log_probability_stands_in_for_the_mean():
    some = verifier()
    assert some.shift(MODEL, 0.5, Evidence(min_logprob=-0.3)) == some.shift(
        MODEL, 0.5, Evidence(mean_logprob=-0.3)
    )


def test_signals_are_frequencies_and_the_silent_say_nothing():
    told = verifier().signals([MODEL, MODEL], np.array([True, False]))
    assert told.right.sum(axis=1) == pytest.approx(1)
    assert told.wrong.sum(axis=1) == pytest.approx(1)
    assert not told.shift[1].any()
    assert (told.right[1] == told.wrong[1]).all()
    assert told.speaks.tolist() == [True, False]


def test_a_check_makes_everyone_speak():
    told = verifier().signals([MODEL, MODEL], np.array([True, False]), opinion_error=0.05)
    assert told.speaks.all()
    assert told.right.sum(axis=1) == pytest.approx(1)
    assert told.wrong.sum(axis=1) == pytest.approx(1)
    half = len(KNOTS)
    assert told.shift[1, :half] == pytest.approx(np.log(19))
    assert told.right[1, :half].sum() == pytest.approx(0.95)
    assert told.wrong[1, :half].sum() == pytest.approx(0.05)


def test_confidence_never_falls_with_the_log_probability():
    at = confidence(-np.logspace(2, -9, 200))
    assert (np.diff(at) >= 0).all()
    assert confidence(np.array([0.0])) == pytest.approx([13.8], abs=0.02)


def test_it_survives_json():
    some = verifier(model=reading(2.0))
    assert Verifier.model_validate_json(some.model_dump_json()) == some


@pytest.mark.parametrize(
    "change",
    [
        {"right": (0.5,) * len(KNOTS)},
        {"wrong": (-1.0, 2.0, *(0.0,) * (len(KNOTS) - 2))},
        {"shift": (0.0,)},
        {"slope": (float("nan"),) * len(KNOTS)},
    ],
)
def test_a_reading_that_cannot_be_is_refused(change):
    with pytest.raises(ValidationError):
        Reading.model_validate(reading().model_dump() | change)
