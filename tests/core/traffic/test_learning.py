"""Learning: lessons move predictions as grades and costs say, survive saving, and take over only on evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute import Router
from crossroute.errors import TrafficError
from crossroute.routing.dial import Dial
from crossroute.traffic.learning import LEAST_SHOWN, learn_from_log, remove_lessons
from crossroute.traffic.logged import Logged
from crossroute.traffic.policies import restrict_to_log
from crossroute.traffic.retraining import REFRESHED, build_outcomes, learn, prove_floor, select_graded_texts
from crossroute.traffic.rows import now
from tests.support.routers import make_outcomes, make_router

MONEY = 0.001


@pytest.fixture(scope="module")
def router():
    return make_router().without("free")


@pytest.fixture(scope="module")
def logged(router):
    """400 calls spread evenly over three candidates, graded and paid as predicted but for chance."""
    random, n = np.random.default_rng(0), 400
    texts = [make_outcomes().texts[row] for row in random.integers(0, 120, n)]
    chosen, one = random.integers(0, len(router.pool), n), np.arange(n)
    log = as_logged(router, texts, chosen, np.full(n, np.nan))
    quality = (random.random(n) < log.predicted[one, chosen]).astype(float)
    return graded(replace(log, cost=log.cost * random.lognormal(0, 0.3, n)), quality)


def as_logged(router, texts, chosen, quality):
    """Return calls of one text each, paid as predicted."""
    queries = router.predictor.query_encoder.read([router_query(text) for text in texts])
    predicted, n, m = router.predictor.predict_encoded(queries), len(texts), len(router.pool)
    one, none = np.arange(n), np.full(n, np.nan)
    return Logged(
        ids=one.astype(str),
        time=60.0 * one,
        texts=np.array(texts, dtype=object),
        vectors=queries.vectors,
        tokens=queries.tokens,
        context=queries.context,
        chosen=chosen,
        propensity=np.full((n, m), 1 / m),
        eligible=np.ones((n, m), dtype=bool),
        predicted=predicted.quality,
        error=predicted.quality_error,
        predicted_cost=predicted.cost,
        pay=np.full(n, MONEY),
        quality=quality,
        own_quality=quality,
        weight=np.ones(n),
        cost=predicted.cost[one, chosen],
        further=np.zeros(n),
        seconds=none,
        output_tokens=none,
        input_tokens=none,
        would=np.full(n, ""),
        would_cost=none,
        would_quality=none,
        names=router.pool.names,
        encoder=router.predictor.query_encoder.name,
    )


def router_query(text):
    from crossroute import Query

    return Query(text)


def graded(logged, quality):
    """Return the log with other grades."""
    return replace(logged, quality=quality, own_quality=quality)


def predicted(router, logged):
    return logged.predict(router)


@pytest.fixture(scope="module")
def known():
    return Router.from_pretrained("universal").subset(["gpt-5-mini", "claude-opus-4-5"])


@pytest.fixture(scope="module")
def puzzles(known):
    """60 calls on strange queries, of which neither cost nor grade is known."""
    jumps = [
        f"A frog at {n} jumps by {n + 2} on a ring of {3 * n + 7}. Where does it land twice?"
        for n in range(60)
    ]
    log = as_logged(known, jumps, np.zeros(60, dtype=int), np.full(60, np.nan))
    return replace(log, cost=np.full(60, np.nan))


def test_queries_alone_teach_as_what_strange_ones_are_read(known, puzzles):
    taught = learn_from_log(known, puzzles)
    before, after = (np.ptp(puzzles.predict(each).quality, axis=0) for each in (known, taught))
    assert (after < 0.9 * before).all()
    few = puzzles.take(np.arange(LEAST_SHOWN - 1))
    assert (few.predict(learn_from_log(known, few)).quality == few.predict(known).quality).all()
    again = puzzles.predict(learn_from_log(taught, puzzles)).quality
    assert again == pytest.approx(puzzles.predict(taught).quality)


def test_the_dial_is_set_once(known, puzzles, monkeypatch):
    times, calibrate = [], Dial.calibrate
    restrict_to_log(known, puzzles)  # kept from here on

    def counted(*told):
        times.append(told)
        return calibrate(*told)

    monkeypatch.setattr(Dial, "calibrate", counted)
    taught = learn_from_log(known, puzzles)
    assert len(times) == 1
    remove_lessons(taught)
    assert len(times) == 2


def test_grades_as_predicted_move_little(router, logged):
    before, after = predicted(router, logged), predicted(learn_from_log(router, logged), logged)
    assert np.abs(after.quality - before.quality).max() < 0.1
    assert np.abs(np.log(after.cost / before.cost)).max() < 0.3


def test_many_grades_that_say_otherwise_move_a_candidate_all_the_way_and_leave_the_others(router, logged):
    large = logged.names.index("large")
    mine = np.flatnonzero(logged.chosen == large)
    quality = logged.quality.copy()
    quality[mine] = np.arange(len(mine)) % 5 < 2  # 0.4
    before, after = (
        predicted(each, logged).quality for each in (router, learn_from_log(router, graded(logged, quality)))
    )
    assert before[mine, large].mean() > 0.6
    assert after[mine, large].mean() == pytest.approx(0.4, abs=0.07)
    assert np.abs(after - before)[:, [i for i in range(3) if i != large]].max() < 0.12


STRANGE = (
    "zxqv {n} blorp: krat the {m} snarfs, wub wub",
    "Mulu tar' {n}: ven osk {m} li pranu?",
    "<{n}><{m}>qq</x>{{}}[[~]]",
    "board: X{n} O{m} .. next?",
    "hex 0x{n}f{m}a -> ??",
    "knight a{n} b{m} tour seal the rune",
    "@@{n}@@ frobnicate --all {m} // quux",
    "Rune {n} over rune {m}; which moon is it?",
)
"""Of several kinds: what grades say of one kind of query alone is not said of all."""


def test_few_grades_move_a_known_candidate_more_where_queries_are_unlike_training():
    # fewer than `shifts.LEAST_GRADES`, from which on a candidate may be said to be another than was measured
    router = Router.from_pretrained("universal").subset(["gpt-4o-2024-08-06", "llama-3.1-70b-instruct"])
    texts = {
        "near": [
            f"A farmer has {n} sheep and buys {n + 7} more. How many sheep has he now?" for n in range(12)
        ],
        "far": [STRANGE[n % len(STRANGE)].format(n=n, m=n + 7) for n in range(12)],
    }
    moved = {}
    for kind, asked in texts.items():
        log = as_logged(router, asked, chosen=np.zeros(12, dtype=int), quality=np.zeros(12))
        before, after = (log.predict(each) for each in (router, learn_from_log(router, log)))
        moved[kind] = before.trust.mean(), np.log(before.quality[:, 0] / after.quality[:, 0]).mean()
    assert moved["near"][0] > 2 * moved["far"][0]
    assert moved["far"][1] > moved["near"][1]


def test_what_was_seen_before_a_change_does_not_count(router, logged):
    large = logged.names.index("large")
    mine = np.flatnonzero(logged.chosen == large)
    quality = logged.quality.copy()
    quality[mine] = (np.arange(len(mine)) % 10 < 9).astype(float)
    late = mine[-40:]
    quality[late] = (np.arange(40) % 10 < 3).astype(float)
    after = predicted(learn_from_log(router, graded(logged, quality)), logged).quality
    assert after[late, large].mean() < 0.45


def test_the_same_query_asked_again_and_again_counts_as_asked_once(router, logged):
    once, row = logged.take(np.arange(120)), int(np.flatnonzero(logged.chosen[:120] == 0)[0])
    wrong = once.quality.copy()
    wrong[row] = 0.0
    asked = np.concatenate([np.arange(120), np.full(200, row)])
    again = graded(once, wrong).take(asked)
    before, after = (
        [candidate.profile.lesson for candidate in learn_from_log(router, log).pool]
        for log in (graded(once, wrong), replace(again, time=np.full(len(asked), once.time[-1])))
    )
    for one, other in zip(before, after, strict=True):
        assert other.quality == pytest.approx(one.quality, abs=0.02)
        assert other.log_tokens == pytest.approx(one.log_tokens, abs=0.02)


def test_one_clock_that_is_ahead_makes_no_other_call_old(router, logged):
    recent = replace(logged, time=now() - 60.0 * np.arange(len(logged))[::-1])
    ahead = recent.time.copy()
    ahead[-1] += 1e9
    before, after = (
        predicted(learn_from_log(router, log), logged) for log in (recent, replace(recent, time=ahead))
    )
    np.testing.assert_allclose(after.quality, before.quality, atol=1e-3)


def test_costs_are_learnt_from_calls_without_a_grade(router, logged):
    none = np.full(len(logged), np.nan)
    double = graded(replace(logged, cost=2 * logged.cost), none)
    of_queries = learn_from_log(router, graded(replace(logged, cost=none), none))
    before, after = predicted(of_queries, logged), predicted(learn_from_log(router, double), logged)
    assert np.median(after.cost / before.cost) == pytest.approx(2, rel=0.15)
    assert (after.quality == before.quality).all()


def test_lessons_are_saved_and_can_be_taken_off(router, logged, tmp_path):
    taught = learn_from_log(router, logged)
    taught.save_pretrained(tmp_path / "taught")
    loaded = Router.from_pretrained(tmp_path / "taught")
    assert loaded.predictor.lessons is not None
    assert predicted(loaded, logged).quality == pytest.approx(predicted(taught, logged).quality, abs=1e-4)
    assert predicted(loaded.subset(["large"]), logged).cost == pytest.approx(
        predicted(taught, logged).cost[:, [logged.names.index("large")]], rel=1e-3
    )
    assert predicted(remove_lessons(loaded), logged).cost == pytest.approx(
        predicted(router, logged).cost, rel=1e-3
    )


def test_learning_again_does_not_count_the_same_grades_twice(router, logged):
    once = learn_from_log(router, logged)
    assert predicted(learn_from_log(once, logged), logged).cost == pytest.approx(predicted(once, logged).cost)


def test_a_router_takes_over_where_the_old_one_is_surely_worse(router, logged):
    large = logged.names.index("large")
    worse = np.where(logged.chosen == large, 0.0, 1.0)
    learnt = learn(
        router, graded(replace(logged, texts=np.full(len(logged), None)), worse), cost_preference=0.0
    )
    assert learnt.router is not None
    assert learnt.verdict.lower > 0


def test_without_evidence_the_old_router_stays(router, logged):
    few = logged.take(np.arange(20))
    learnt = learn(router, replace(few, texts=np.full(20, None)))
    assert learnt.router is None
    with pytest.raises(TrafficError, match="No decision of this log is graded"):
        learn(router, replace(few, quality=np.full(20, np.nan)))


def test_texts_that_no_network_can_be_trained_on_leave_the_corrections(router):
    n, texts = 700, make_outcomes().texts
    log = as_logged(
        router, [texts[row % 120] for row in range(n)], np.zeros(n, dtype=int), np.full(n, np.nan)
    )
    learnt = learn(router, graded(log, np.arange(n) % 2.0))
    assert (learnt.router, learnt.way, "too thin" in learnt.verdict.reason) == (None, REFRESHED, True)


def test_kept_texts_become_outcomes(router, logged):
    texts = logged.texts.copy()
    texts[::2] = None
    kept = replace(logged, texts=texts)
    outcomes = build_outcomes(kept, router)
    assert len(outcomes) == len(select_graded_texts(kept)) == 200
    assert np.nansum(outcomes.quality) == logged.quality[1::2].sum()
    assert (~np.isnan(outcomes.quality)).sum() == 200


def test_a_log_proves_a_floor_by_the_chance_that_each_choice_had(router, logged):
    times = 12
    rows = np.tile(np.arange(len(logged)), times)
    many = logged.take(rows)
    many = replace(
        many,
        ids=np.arange(len(rows)).astype(str),
        texts=np.array([f"{text} ({row})" for row, text in enumerate(many.texts)], dtype=object),
        quality=np.where(many.chosen == logged.names.index("large"), 0.9, 0.6),
    )
    with_floor = prove_floor(router, many, drop=0.2, confidence=0.9)
    assert with_floor.floor.promise.drop == 0.2
    lowest = with_floor.route("Tell a story about owls.", cost_preference=1)
    assert lowest.candidate == "large"  # the others are 0.3 under it
    with pytest.raises(TrafficError, match="No graded decision has its text"):
        prove_floor(router, replace(logged, texts=np.full(len(logged), None)))
