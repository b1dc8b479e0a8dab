import numpy as np
import pytest

from crossroute.encoder.features import EASE, PEOPLE, SCORES
from crossroute.model.doubt import (
    A_RUN,
    AS_PEOPLE,
    LEAST_EASE,
    MOST_EASE,
    Doubt,
)
from crossroute.numeric import means_by

P, KINDS, K = 3, 2, 3
OF_KIND, OF_EASE, OF_LENGTH = 0.5, 0.75, 0.25
LIKE, UNLIKE = np.array([[1.0, 0, 0]]), np.array([[-9.0, 0, 0]])
A_TASK = [-9.0, 2.0, 0]
"""For an agent's run where the second feature tells it, and far from training."""


def doubt(**changes) -> Doubt:
    tensors = {
        "location": np.zeros(P),
        "within": np.eye(P),
        "overall": np.zeros((P, P)),
        "familiar": np.array([[1.0, 0, 0]]),
        "own": np.zeros((0, P)),
        "gate": np.array([[9.0, 0.5], [1e6, 1.0]]),
        "heads": np.zeros((P, KINDS + 2)),
        "heads_bias": np.array([0.0, 0.0, 1.0, 5.0]),
        "ordinary_heads": np.zeros((P, KINDS + 2)),
        "ordinary_bias": np.array([0.0, 0.0, 1.0, 5.0]),
        "typical": np.array([0.5, 0.5, 1.0, 5.0]),
        "manner": np.zeros((P, 3)),
        "manner_bias": np.array([0.0, -30.0, -30.0]),
        "run": np.array([1.0, 0.0, -1.0, 10.0]),
        "reading": np.array([OF_KIND, OF_EASE, OF_LENGTH]),
        "near_spread": np.full(K, 0.3),
        "far_spread": np.array([2.0, 1.0, 3.0]),
    }
    return Doubt(("code", "math"), tensors | changes)


def test_a_query_like_a_class_of_training_is_trusted_and_one_far_from_all_is_not():
    found = doubt().situate(np.concatenate([LIKE, UNLIKE]))
    assert found.trust[0] > 0.99
    assert found.trust[1] < 1e-6


def test_the_ease_of_words_counts_where_a_query_asks_as_people_do():
    x, scores = np.repeat(UNLIKE, 2, axis=0), np.zeros((2, SCORES))
    scores[:, EASE] = 2.0, -2.0
    parts = {"by_words": np.ones(1), "reading": np.ones(3)}
    people, training = (
        doubt(manner_bias=np.array(bias), **parts) for bias in ([-30.0, 0.0, -30.0], [0.0, -30.0, -30.0])
    )
    read, plain = people.situate(x, None, scores).read, people.situate(x).read
    assert read[:, -2] - plain[:, -2] == pytest.approx(scores[:, EASE])
    np.testing.assert_array_equal(np.delete(read, -2, axis=1), np.delete(plain, -2, axis=1))
    for other in (training, doubt()):
        np.testing.assert_allclose(other.situate(x, None, scores).read, other.situate(x).read)


def test_a_hidden_layer_adds_to_the_ease_of_what_people_ask():
    layer = {
        "ease_hidden": np.array([[1.0, -1.0], [0, 0], [0, 0]]),
        "ease_hidden_bias": np.array([0.5, 0.0]),
        "ease_output": np.array([2.0, -1.0]),
    }
    x, people = np.array([[-9.0, 0, 0], [-8.0, 0, 0], [1.5, 0, 0]]), np.array([-30.0, 0.0, -30.0])
    parts = {"manner_bias": people, "reading": np.ones(3)}
    read, plain = (doubt(**parts, **more).situate(x).read for more in (layer, {}))
    assert (read - plain)[:, -2] == pytest.approx([-5.0, -5.0, 4.0])  # clipped at the least ease
    assert doubt(reading=np.ones(3), **layer).situate(x).read[:, -2] == pytest.approx([1.0] * 3)
    with pytest.raises(KeyError, match="ease_output"):
        doubt(**{name: layer[name] for name in ("ease_hidden", "ease_hidden_bias")})
    with pytest.raises(ValueError, match="ease_hidden does not fit"):
        doubt(**layer | {"ease_hidden": np.zeros((7, 7))})


def test_words_tell_how_a_query_asks():
    by_words = doubt(manner_bias=np.array([0.0, -5.0, -9.0]), manner_words=np.array([0, 1.0, 0]))
    scores = np.zeros((2, SCORES))
    scores[1, PEOPLE] = 10.0
    found = by_words.situate(np.repeat(LIKE, 2, axis=0), None, scores)
    assert found.trust == pytest.approx([1, 0], abs=1e-3)


def test_one_query_is_situated_as_one_of_several():
    heads, x = np.random.default_rng(0).normal(size=(P, 4)), np.random.default_rng(1).normal(size=(40, P)) * 2
    for own in ({}, {"own": np.array([[0.5, 1.0, 0]])}):
        known = doubt(
            ordinary_heads=heads,
            manner=heads[:, :3],
            reading=np.array([0.5, 0.4, 0.2]),
            by_words=np.array([0.7]),
            ease_hidden=heads,
            ease_hidden_bias=heads[0],
            ease_output=heads[1],
            manner_words=heads[0, :3] * 3,
            **own,
        )
        one_call, scores = np.arange(len(x)) % 3 - 1, x[:, [0, 1]] / 2
        several = known.situate(x, one_call, scores)
        assert 0.05 < several.trust.mean() < 0.95
        for row in range(len(x)):
            part = slice(row, row + 1)
            alone = known.situate(x[part], one_call[part], scores[part])
            for one, of_all in zip(alone, several, strict=True):
                np.testing.assert_allclose(one[0], of_all[row], rtol=1e-9, atol=1e-15)


def test_strangeness_is_the_distance_to_the_nearest_class_less_that_to_all():
    both = doubt(familiar=np.array([[1.0, 0, 0], [0, 2.0, 0]]), overall=0.5 * np.eye(P))
    strangeness, away = both.distances(np.array([[0.0, 2.0, 1.0]]))
    assert away == pytest.approx([1])
    assert strangeness == pytest.approx([1 - 0.25 * 5])


def test_what_lies_far_from_all_classes_is_not_trusted_though_it_lies_farther_from_all():
    outer = doubt(overall=np.eye(P), gate=np.array([[9.0, 0.5], [50.0, 1.0]]))
    outlying = np.array([[9.0, 0, 0]])  # 64 from its class, 81 from all: the difference alone tells nothing
    assert outer.distances(outlying)[0][0] < 0
    assert outer.situate(outlying).trust[0] < 1e-6


def asking(column: int) -> np.ndarray:
    """Manners of which one is told by the second feature."""
    manner = np.zeros((P, 3))
    manner[1, column] = 40.0
    return manner


def test_a_query_that_is_asked_as_people_ask_is_as_easy_and_short_as_is_read():
    ordinary = doubt(manner=asking(AS_PEOPLE), ordinary_bias=np.array([0.0, 0.0, 4.0, 2.0]))
    found = ordinary.situate(np.array([[1.0, 0, 0], [1.0, 1.0, 0]]))
    assert found.read[:, -2] == pytest.approx([1 + OF_EASE * 3, 4], abs=1e-3)
    assert found.read[:, -1] == pytest.approx([5 - OF_LENGTH * 3, 2], abs=1e-3)
    assert found.spread == pytest.approx([2, 1], abs=1e-3)
    assert found.trust == pytest.approx([1, 0], abs=1e-3)


def test_where_nothing_is_known_what_is_read_counts_in_part():
    heads = np.zeros((P, KINDS + 2))
    heads[0] = [9.0, -9.0, 2.0, 1.0]
    found = doubt(ordinary_heads=heads, ordinary_bias=[0, 0, 1, 5]).situate(np.array([[1.0, 0, 0]]))
    assert found.read[0, -2] == pytest.approx(1 + OF_EASE * 2)
    assert found.read[0, -1] == pytest.approx(5 + OF_LENGTH * 1)
    assert found.kinds[0] == pytest.approx([OF_KIND + (1 - OF_KIND) / 2, (1 - OF_KIND) / 2], abs=1e-6)


def test_a_task_of_an_agents_run_is_as_long_as_runs_are():
    found = doubt(manner=asking(A_RUN)).situate(np.array([[0, 0, 0.0], A_TASK]))
    assert found.read[:, -1] == pytest.approx([5, 10])
    assert found.read[:, -2] == pytest.approx([1, -1])
    assert found.kinds[1] == pytest.approx([1, 0])
    assert found.spread == pytest.approx([2, 3], abs=1e-3)
    assert found.trust[1] == pytest.approx(0, abs=1e-6)


def test_one_call_within_a_run_is_work_of_its_kind_and_neither_as_hard_nor_as_long():
    known, task = doubt(manner=asking(A_RUN)), np.array([A_TASK, A_TASK])
    found = known.situate(task, np.array([1, 0]))
    assert found.kinds == pytest.approx(np.array([[1, 0], [1, 0]]))
    assert found.read[:, -2:] == pytest.approx(np.array([[1, 5], [-1, 10]]))
    assert found.written == pytest.approx(np.array([[0, 1, 1, 5], [1, 0, -1, 10]]))  # its length is no run's
    assert found.spread == pytest.approx([1, 3], abs=1e-3)


def test_what_is_said_to_be_a_whole_run_is_read_as_one_however_it_asks():
    known = doubt(manner_bias=[0, 1, -1])
    found = known.situate(np.concatenate([LIKE, UNLIKE]), np.array([-1, -1]))
    assert found.read == pytest.approx(np.tile(known.tensors["run"], (2, 1)))
    assert found.written == pytest.approx(found.read)
    assert found.spread == pytest.approx([3, 3])
    assert found.trust == pytest.approx(known.situate(np.concatenate([LIKE, UNLIKE])).trust)


def test_difficulty_that_is_read_far_from_training_counts_beyond_what_may_be_noise():
    ease = np.array([0.3, -0.3, 2.0, -2.0])
    heads = np.zeros((P, 4))
    heads[2, 2] = 1.0
    far = np.concatenate([UNLIKE] * 4)
    far[:, 2] = ease
    told = {"heads": heads, "ordinary_heads": heads, "reading": np.ones(3)}
    read = doubt(**told, ordinary_bias=[0, 0, 1, 5]).situate(far).read[:, -2] - 1
    assert read == pytest.approx([0, 0, 1.5, -1.5], abs=1e-3)
    asked = doubt(**told, ordinary_bias=[0, 0, 1, 5], manner_bias=[0, 40, 0]).situate(far).read[:, -2] - 1
    assert asked == pytest.approx(ease, abs=1e-3)


@pytest.mark.parametrize("odds", [1.0, 1 / 9, 9.0])
def test_what_may_well_be_a_run_is_as_long_as_one_where_nothing_is_known(odds):
    manner = np.array([-40.0, 0, np.log(odds)])
    found = doubt(manner_bias=manner, reading=np.ones(3)).situate(UNLIKE)
    assert found.read[0, -2] == pytest.approx(1 - 2 * odds / (1 + odds), abs=1e-3)
    assert found.written[0, -1] == pytest.approx(5 + 5 * (1 - 1 / (1 + 5 * odds**1.5)), abs=1e-3)


def test_what_asks_as_training_does_near_a_class_of_answers_is_not_as_long_as_a_run():
    known = doubt(manner_bias=[0, -40, 0], reading=np.ones(3))  # as probably a run as not, and the class, too
    near, far = known.situate(np.concatenate([LIKE, UNLIKE])).written[:, -1]
    assert near == pytest.approx(5 + 5 * 5 / 6 * (1 - 0.5 * 0.5), abs=1e-3)
    assert far == pytest.approx(5 + 5 * 5 / 6, abs=1e-3)


def test_where_all_work_is_of_one_kind_one_call_is_of_it_too():
    known = doubt(manner=asking(A_RUN), typical=np.array([1.0, 0.0, 1.0, 5.0]))
    task = np.array([[0, 2.0, 0]])
    found, read = known.situate(task, np.array([1])), doubt(typical=known.tensors["typical"]).situate(task)
    assert found.written == pytest.approx(read.read)


def test_trust_falls_as_the_distance_grows():
    away = np.linspace(0, 9, 20)[:, None] * np.array([[0, 1.0, 0]]) + LIKE
    assert (np.diff(doubt().situate(away).trust) <= 0).all()


def test_ease_is_bounded_whatever_the_features():
    heads = np.zeros((P, KINDS + 2))
    heads[0, -2] = 1.0
    extreme = np.array([[1e9, 0, 0], [-1e9, 0, 0]])
    found = doubt(ordinary_heads=heads).situate(extreme).read[:, -2]
    assert found.tolist() == [MOST_EASE, LEAST_EASE]


def test_further_queries_count_as_trained_on_by_class_however_they_ask():
    asked = np.concatenate([UNLIKE, UNLIKE + 2, LIKE + 5])
    ordinary = doubt(manner_bias=np.array([0.0, 30.0, 0.0]))
    wider = ordinary.extended(asked, np.array([0, 0, 1]))
    assert len(wider.tensors["own"]) == 2
    assert ordinary.situate(UNLIKE + 1).trust[0] < 1e-6
    assert wider.situate(UNLIKE + 1).trust[0] > 0.99
    assert len(wider.extended(asked, np.array([0, 1, 1])).tensors["own"]) == 4


def test_the_nearest_class_agrees_with_all_distances():
    random = np.random.default_rng(1)
    x, classes = random.normal(size=(50, P)), random.normal(size=(7, P))
    expected = ((x[:, None] - classes) ** 2).sum(axis=2).min(axis=1)
    assert doubt(familiar=classes).distances(x)[1] == pytest.approx(expected)
    assert (doubt(familiar=classes[:0]).distances(x)[1] > 1e6).all()


def test_means_are_of_each_group():
    assert means_by(np.array([4, 2, 4]), np.array([[1.0], [5.0], [3.0]])).tolist() == [[5.0], [2.0]]


@pytest.mark.parametrize(
    "name",
    ["within", "familiar", "own", "gate", "manner", "reading", "heads", "run", "far_spread"],
)
def test_tensors_that_do_not_fit_are_refused(name):
    with pytest.raises(ValueError, match=rf"doubt\.{name} does not fit 2 kinds of work"):
        doubt(**{name: np.zeros((7, 7))})
