"""A profile from published scores: rough, marked as such, and on the right side of the pool."""

import numpy as np
import pytest

from crossroute import Price, Query, Router
from crossroute.profiler.scores import BENCHMARKS, find_benchmark, predict_score, profile_from_scores

PRICE = Price(input=1, output=4)


@pytest.fixture(scope="module")
def router():
    """The bundled router, as if two tasks had made up its clusters, half each."""
    bundled = Router.from_pretrained("routerbench")
    halves = np.arange(len(bundled.cluster_labels)) < len(bundled.cluster_labels) // 2
    tasks = {"mmlu-law": halves / halves.sum(), "gsm8k": ~halves / (~halves).sum()}
    return Router(
        bundled.predictor,
        calibration=bundled.calibration,
        cluster_labels=bundled.cluster_labels,
        provenance={"tasks": {task: shares.tolist() for task, shares in tasks.items()}},
    )


def quality(router, scores):
    return np.array(profile_from_scores(router, "new", scores, PRICE).profile.quality)


def test_the_profile_is_marked_as_seen_on_nothing_and_can_be_routed_to(router):
    candidate = profile_from_scores(router, "new", {"mmlu": 0.7, "gsm8k": 0.6}, PRICE)
    assert set(candidate.profile.evidence) == {0.0}
    assert candidate.price == PRICE
    wider = router.with_candidates([candidate])
    prediction = wider.predict(["What is 2 + 2?"])
    assert 0 < prediction.quality[0, -1] < 1
    assert 0 < prediction.cost[0, -1] < 0.1


def test_better_scores_make_a_better_profile_in_every_cluster(router):
    low, middle, high = (quality(router, {"mmlu": score, "gsm8k": score}) for score in (0.4, 0.65, 0.9))
    assert (low < middle).all()
    assert (middle < high).all()


def test_the_scores_of_a_known_candidate_give_about_its_profile(router):
    known = router.pool["gpt-4-1106-preview"]
    shares = router.provenance["tasks"]
    of_task = {task: float(np.dot(share, known.profile.quality)) for task, share in shares.items()}
    others = router.without(known.name)
    found = np.array(profile_from_scores(others, "again", of_task, PRICE).profile.quality)
    blind = np.mean([candidate.profile.quality for candidate in others.pool], axis=0)
    actual = np.array(known.profile.quality)
    assert np.abs(found - actual).mean() < 0.35 * np.abs(blind - actual).mean()


def test_a_benchmark_that_is_no_task_of_the_router_still_tells_something(router):
    assert quality(router, {"mmlu_pro": 0.8}).mean() > quality(router, {"mmlu_pro": 0.3}).mean() + 0.1


def test_a_score_moves_most_the_clusters_of_its_own_task(router):
    moved = quality(router, {"gsm8k": 0.95, "mmlu": 0.6}) - quality(router, {"gsm8k": 0.5, "mmlu": 0.6})
    shares = np.array(router.provenance["tasks"]["gsm8k"])
    assert moved[shares > 0].mean() > moved[shares == 0].mean() + 0.03


def test_a_router_without_shares_of_tasks_goes_by_the_labels_of_its_clusters(router):
    bundled = Router.from_pretrained("routerbench")
    bundled.provenance.pop("tasks", None)
    assert quality(bundled, {"mmlu": 0.9}).mean() > quality(bundled, {"mmlu": 0.4}).mean() + 0.2


def test_a_dearer_price_is_a_dearer_call(router):
    candidates = [
        profile_from_scores(router, "new", {"mmlu": 0.7}, Price(input=usd, output=usd)) for usd in (1, 10)
    ]
    cheap, dear = (
        router.with_candidates([each]).predict(["What is 2 + 2?"]).cost[0, -1] for each in candidates
    )
    assert dear == pytest.approx(10 * cheap, rel=0.2)


def test_a_free_candidate_costs_nothing(router):
    free = profile_from_scores(router, "local", {"mmlu": 0.5}, Price(input=0, output=0))
    assert router.with_candidates([free]).predict(["What is 2 + 2?"]).cost[0, -1] == 0


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "at least one score"),
        ({"mmlu": 81}, "81 % is 0.81"),
        ({"vibes": 0.9}, "Unknown benchmark 'vibes'. Known are .*mmlu_pro"),
        ({"mmlu": float("nan")}, "must be in"),
    ],
)
def test_scores_that_cannot_be_are_refused(router, scores, message):
    with pytest.raises(ValueError, match=message):
        profile_from_scores(router, "new", scores, PRICE)


def test_a_rough_profile_is_no_anchor_for_the_next(router):
    rough = profile_from_scores(router, "rough", {"mmlu": 0.1, "gsm8k": 0.99}, PRICE)
    wider = router.with_candidates([rough])
    for scores in ({"mmlu": 0.7}, {"mmlu_pro": 0.5}):
        again = profile_from_scores(wider, "new", scores, PRICE)
        assert again == profile_from_scores(router, "new", scores, PRICE)


TEXTS = (
    "What is 2 + 2?",
    "Tell me a story about foxes.",
    "Write a function that reverses a list in Python.",
    "Prove that there are infinitely many primes.",
    "Which enzyme rises first after an infarct?\nA) troponin\nB) amylase\nC) lipase\nD) ALT",
)


def test_about_as_many_tokens_are_foreseen_whatever_is_charged_for_them(router):
    """By the profile alone, without doubt, and on the whole: one query's may be off by a factor of two."""

    def cost(price, of):
        made = profile_from_scores(router, "new", {"mmlu": 0.7}, Price(input=of[0], output=of[1]))
        at = made.model_copy(update={"price": Price(input=price[0], output=price[1])})
        predictor = router.with_candidates([at]).predictor.with_doubt(None)
        return np.array([each.cost[-1] for each in predictor.predict([Query(text) for text in TEXTS])])

    for price in ((1, 4), (3, 1), (0, 2), (2, 0)):
        factor = cost(price, of=price) / cost(price, of=(1, 4))
        assert np.exp(np.log(factor).mean()) == pytest.approx(1, abs=0.35), price
        assert (factor > 0.4).all(), price
        assert (factor < 2.5).all(), price
    assert (cost((0, 0), of=(0, 0)) == 0).all()
    repriced = {each.name: Price(input=100, output=1) for each in router.pool}
    made = [
        profile_from_scores(each, "new", {"mmlu": 0.7}, PRICE)
        for each in (router, router.with_prices(repriced))
    ]
    assert made[0].profile.log_tokens == made[1].profile.log_tokens


@pytest.mark.parametrize(
    ("name", "scored_on"),
    [
        ("MMLU-Pro", "mmlu_pro"),
        ("mmlu pro", "mmlu_pro"),
        ("mmlu-pro-computer science", "mmlu_pro"),
        ("mmlu-high-school-physics", "mmlu"),
        ("GPQA Diamond", "gpqa"),
        ("gsm", "gsm8k"),
        ("grade-school-math", "gsm8k"),
        ("ARC-C", "arc_challenge"),
        ("math", "math"),
        ("math-l5", "math_l5"),
        ("crux", "cruxeval"),
        ("medmcqa", "medmcqa"),
    ],
)
def test_spellings_and_tasks_mean_a_benchmark(name, scored_on):
    assert find_benchmark(name) == scored_on


@pytest.mark.parametrize("wanted", ["mmlu_pro", "gpqa", "gsm8k", "humaneval", "ifeval", "winogrande"])
def test_a_model_of_the_table_is_expected_near_what_it_has(wanted):
    for mmlu, score in zip(BENCHMARKS["mmlu"], BENCHMARKS[wanted], strict=True):
        if not np.isnan(score):
            assert predict_score("mmlu", mmlu / 100, wanted) == pytest.approx(score / 100, abs=0.11)


def test_a_score_carried_there_and_back_is_the_same():
    there = predict_score("mmlu", 0.8, "gpqa")
    assert predict_score("gpqa", there, "mmlu") == pytest.approx(0.8)


def test_a_better_score_leads_to_expect_more():
    found = [predict_score("mmlu_pro", score, "gsm8k") for score in (0.3, 0.6, 0.9, 1.0)]
    assert found == sorted(found)
    assert found[-1] < 1


def test_beyond_the_models_of_the_table_a_score_hardly_counts():
    best, above, perfect = (predict_score("gpqa", score, "mmlu") for score in (0.507, 0.8, 1.0))
    assert best < above < perfect < 0.95


def test_what_the_table_lacks_leads_nowhere():
    assert predict_score("mmlu", 0.8, "medmcqa") is None
    assert predict_score("medmcqa", 0.8, "mmlu") is None
