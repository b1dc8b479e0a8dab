"""Published benchmarks: names are understood, and one score leads to another."""

import numpy as np
import pytest

from crossroute.profiler.published import BENCHMARKS, benchmark_of, expected


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
    assert benchmark_of(name) == scored_on


@pytest.mark.parametrize("wanted", ["mmlu_pro", "gpqa", "gsm8k", "humaneval", "ifeval", "winogrande"])
def test_a_model_of_the_table_is_expected_near_what_it_has(wanted):
    for mmlu, score in zip(BENCHMARKS["mmlu"], BENCHMARKS[wanted], strict=True):
        if not np.isnan(score):
            assert expected("mmlu", mmlu / 100, wanted) == pytest.approx(score / 100, abs=0.11)


def test_a_score_carried_there_and_back_is_the_same():
    there = expected("mmlu", 0.8, "gpqa")
    assert expected("gpqa", there, "mmlu") == pytest.approx(0.8)


def test_a_better_score_leads_to_expect_more():
    found = [expected("mmlu_pro", score, "gsm8k") for score in (0.3, 0.6, 0.9, 1.0)]
    assert found == sorted(found)
    assert found[-1] < 1


def test_beyond_the_models_of_the_table_a_score_hardly_counts():
    best, above, perfect = (expected("gpqa", score, "mmlu") for score in (0.507, 0.8, 1.0))
    assert best < above < perfect < 0.95


def test_what_the_table_lacks_leads_nowhere():
    assert expected("mmlu", 0.8, "medmcqa") is None
    assert expected("medmcqa", 0.8, "mmlu") is None
