"""Settings of escalation, and the plan that follows from them and a decision."""

import numpy as np
import pytest
from pydantic import ValidationError

from crossroute.escalation import Escalation, Judge
from crossroute.escalation.agreement import SAME_WRONG
from crossroute.escalation.evidence import Evidence
from tests.support.escalating import COST, NAMES, QUALITY, decided, plan


class Client:
    def __repr__(self):
        return "Client(key=sk-123)"

    def ask(self, query, answer):
        return 1.0


def test_what_a_guest_is_given_in_short_becomes_settings():
    some = Escalation(max_calls=3)
    assert Escalation.of(some) is some
    assert Escalation.of(True) == Escalation()
    assert Escalation.of("buffer") == Escalation(buffer_streams=True)
    assert Escalation.of(None) is Escalation.of(False) is None
    with pytest.raises(ValueError, match=r"got 'always'"):
        Escalation.of("always")


def test_no_repr_shows_a_key():
    client = Client()
    assert "sk-123" in repr(client.ask)
    settings = Escalation(check=client.ask, judge=Judge(ask=client.ask))
    assert "sk-123" not in repr(settings) + str(settings) + repr(settings.judge)


@pytest.mark.parametrize("wrong", [{"max_calls": 0}, {"max_cost": -1}, {"max_latency_s": -1}, {"calls": 2}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        Escalation.model_validate(wrong)


@pytest.mark.parametrize("wrong", [{"error_rate": 0.5}, {"error_rate": 0.0}, {"cost": -1.0}])
def test_a_judge_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        Judge.model_validate({"ask": Client().ask} | wrong)


def test_a_plan_takes_the_numbers_of_the_decision():
    some = plan(decided())
    assert some.names == list(NAMES)
    assert [some.prior(name, [], []) for name in NAMES] == list(QUALITY)
    assert some.prior("dear", ["cheap"], [-3.0]) < QUALITY[2] < some.prior("dear", ["cheap"], [6.0])


def test_a_plan_leaves_out_candidates_that_are_excluded_or_without_predictions():
    decision = decided()
    first, second, third = decision.alternatives
    changed = (
        first,
        second.model_copy(update={"excluded": "too dear"}),
        third.model_copy(update={"quality": np.nan}),
    )
    assert plan(decision.model_copy(update={"alternatives": changed})).names == ["cheap"]


def test_a_doubted_answer_leads_on_and_a_trusted_one_does_not():
    some = plan(decided())
    assert some.choose_next(["cheap"], [-4.0], np.inf) in ("middle", "dear")
    assert some.choose_next(["cheap"], [6.0], np.inf) is None
    assert some.choose_next(["cheap"], [-4.0], np.inf, barred=["dear", "unknown"]) == "middle"
    assert some.choose_next(["cheap"], [-4.0], np.inf, barred=NAMES) is None
    assert some.choose_next(["cheap"], [-4.0], COST[1]) == "middle"
    assert some.choose_next(["cheap"], [-4.0], 0.0) is None


def test_evidence_that_tells_nothing_shifts_nothing():
    some = plan(decided())
    assert np.isnan(some.shift("cheap", Evidence()))
    assert some.posteriors(["cheap"], [np.nan]) == pytest.approx([QUALITY[0]])
    assert some.posteriors(["cheap"], [1.5]) == pytest.approx([1 / (1 + np.exp(-1.5) * 0.4 / 0.6)])


def test_a_judges_word_weighs_by_its_error_rate():
    def shift(error):
        judge = Judge(ask=Client().ask, error_rate=error)
        return plan(decided(), Escalation(judge=judge)).shift("cheap", Evidence(judge=1.0))

    assert shift(0.2) == pytest.approx(np.log(4))
    assert shift(0.01) == pytest.approx(np.log(99))


def test_where_answers_will_tell_nothing_the_plan_begins_as_routing_does():
    decision = decided(cost=(0.0, 3e-4, 2e-3))
    for some in (plan(decision, silent=NAMES), plan(decision, Escalation(logprobs=False))):
        assert some.choose_first() == "dear"
    assert plan(decision, Escalation(max_cost=0.0)).choose_first() == "dear"
    assert plan(decision).choose_first() == "middle", "a cheaper answer may do, and it tells whether it does"


SAID = [0.2] * 10 + [0.9] * 30
RIGHT = [0.0] * 9 + [1.0] + [1.0] * 20 + [0.0] * 10


def test_a_judge_is_read_as_graded_answers_tell():
    judge = Judge(ask=Client().ask).calibrated(SAID, RIGHT)
    base = np.log(21 / 19)
    assert judge.shift(0.9) == pytest.approx(np.log(21 / 11) - base)  # 20 of 30, and one right, one wrong
    assert judge.shift(0.2) == pytest.approx(np.log(2 / 10) - base)
    assert judge.shift(0.2) < judge.shift(0.5) < judge.shift(0.9) == judge.shift(1.0)
    assert judge.error_rate == pytest.approx((10 * 0.1 + 30 / 3) / 40)


def test_a_surer_word_of_a_calibrated_judge_is_never_believed_less():
    random = np.random.default_rng(0)
    said = random.random(300)
    for truth in (said, 1 - said, np.full(300, 0.5)):
        judge = Judge(ask=Client().ask).calibrated(said, (random.random(300) < truth).astype(float))
        assert np.diff([judge.shift(each) for each in np.linspace(0, 1, 101)]).min() >= 0


@pytest.mark.parametrize(
    ("said", "right"), [([0.5] * 5, [1.0] * 5), ([0.5] * 30, [1.0] * 30), ([0.5], [1, 0])]
)
def test_a_judge_is_not_calibrated_on_next_to_nothing(said, right):
    with pytest.raises(ValueError, match="Calibrating a judge needs at least 20"):
        Judge(ask=Client().ask).calibrated(said, right)


def test_a_calibrated_judge_is_read_by_its_scale_in_a_plan():
    judge = Judge(ask=Client().ask).calibrated(SAID, RIGHT)
    some = plan(decided(), Escalation(judge=judge))
    name = some.names[0]
    assert some.shift(name, Evidence(judge=0.9)) == pytest.approx(judge.shift(0.9))
    both = some.shift(name, Evidence(judge=0.9, check=1.0))
    assert both == pytest.approx(judge.shift(0.9) + some.shift(name, Evidence(check=1.0)))


NUMBERS = Escalation(answers="number", max_calls=3)
WRONG = (("12", "It is 12", "15"), (0, 0, 0))


def test_settings_are_told_how_often_wrong_answers_say_the_same():
    rows = 100
    told = NUMBERS.calibrated([WRONG[0]] * rows, [WRONG[1]] * rows)
    assert told.same_wrong == pytest.approx(1 / 3, abs=0.01)
    assert told.model_copy(update={"same_wrong": None}) == NUMBERS


def test_a_few_pairs_move_what_is_stated_a_little_and_none_not_at_all():
    stated = SAME_WRONG["number"]
    assert NUMBERS.calibrated([], []).same_wrong == stated
    assert NUMBERS.calibrated([("12", "12")], [(1, 0)]).same_wrong == pytest.approx(stated)
    assert stated < NUMBERS.calibrated([("12", "12")], [(0, 0)]).same_wrong < stated + 0.05


def test_what_an_answer_repeats_of_the_query_does_not_count_there_either():
    words = Escalation(answers="text")
    rows = [("Rome", "The capital of Norway is Rome.")] * 50
    grades, queries = [(0, 0)] * 50, ["What is the capital of Norway?"] * 50
    assert words.calibrated(rows, grades, queries).same_wrong > 0.7


def test_agreement_tells_more_where_wrong_answers_seldom_say_the_same():
    compared = NUMBERS.model_copy(update={"logprobs": False})
    agreed = np.ones((2, 2), dtype=bool)
    told = [
        plan(decided(max_calls=3), compared.model_copy(update={"same_wrong": share})).posteriors(
            NAMES[:2], [np.nan, np.nan], agreed
        )[0]
        for share in (0.0, None, 1.0)
    ]
    assert told[0] > told[1] > told[2]


@pytest.mark.parametrize(
    ("settings", "answers", "right", "queries", "told"),
    [
        (Escalation(), [("a", "b")], [(0, 0)], (), "Set the kind of the expected answers"),
        (NUMBERS, [("a", "b")], [(0,)], (), "a grade for each answer"),
        (NUMBERS, [("a", "b")], [], (), "1 rows of answers, 0 of grades and 0 queries"),
        (NUMBERS, [("a", "b")], [(0, 1)], ("?", "?"), "1 rows of answers, 1 of grades and 2 queries"),
    ],
)
def test_what_does_not_fit_together_is_refused(settings, answers, right, queries, told):
    with pytest.raises(ValueError, match=told):
        settings.calibrated(answers, right, queries)


@pytest.mark.parametrize(
    ("answers", "right"),
    [
        ([("12", "12")], [(0, float("nan"))]),
        ([("12", "12")], [(0, float("inf"))]),
        ([("12", "12")], [(0, -7)]),
        ([("12", "12")], [(0, None)]),
        ([("12", None)], [(0, 0)]),
        (["12"], [(0, 0)]),
    ],
)
def test_what_is_no_answer_or_no_grade_is_refused(answers, right):
    with pytest.raises(ValueError, match="Expected"):
        NUMBERS.calibrated(answers, right)


def test_no_single_query_says_how_often_wrong_answers_agree():
    others, grades = [("1", "2", "3")] * 50, [(0, 0, 1)] * 50
    before = NUMBERS.calibrated(others, grades).same_wrong
    after = NUMBERS.calibrated([*others, ["1"] * 1000], [*grades, [0] * 1000]).same_wrong
    assert before < after < before + 3 / 70


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.1, 7])
def test_a_judge_is_calibrated_on_shares_alone(wrong):
    judge = Judge(ask=Client().ask)
    with pytest.raises(ValueError, match=r"Expected opinions in \[0, 1\]"):
        judge.calibrated([*SAID, wrong], [*RIGHT, 1.0])
    with pytest.raises(ValueError, match=r"Expected grades in \[0, 1\]"):
        judge.calibrated([*SAID, 0.5], [*RIGHT, wrong])
