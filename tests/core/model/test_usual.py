"""What is read of strange queries leans to what is read of those like them, once a router was shown some."""

import numpy as np
import pytest

from crossroute import Query, Router
from crossroute.model.doubt import Doubt
from crossroute.model.usual import (
    LEANING,
    MOST_GROUPS,
    MOST_SHARE,
    OF_GROUP,
    TRUSTED,
    USUAL,
    usual_tensors,
)
from tests.core.model.test_doubt import A_RUN, KINDS, LIKE, P, asking, doubt

AWAY = -9.0
EASE = np.array([0.0, 0.0, 1.0, 0.0])
"""What the third feature tells: ease, in logits."""


def reads_ease(**changes) -> Doubt:
    """A doubt that reads ease of the third feature, wholly."""
    heads = np.zeros((P, KINDS + 2))
    heads[2] = EASE
    told = {"heads": heads, "ordinary_heads": heads, "reading": np.ones(3)}
    return doubt(**told, **changes)


def strange(ease: list[float], task: float = 0.0) -> np.ndarray:
    return np.array([[AWAY, task, each] for each in ease])


def test_a_strange_query_is_read_in_part_as_those_like_it():
    shown = strange([2.0, 3.0, 4.0])
    known = reads_ease()
    used = known.accustomed(shown)
    plain, leaning = (each.situate(strange([6.0, -2.0])).read[:, -2] for each in (known, used))
    usual = known.situate(shown).read[:, -2].mean()
    assert leaning == pytest.approx(plain + LEANING * (usual - plain), abs=1e-3)
    assert used.accustomed(shown).situate(strange([6.0, -2.0])).read[:, -2] == pytest.approx(
        leaning, abs=1e-6
    )


def test_one_is_read_as_one_of_several():
    rows = np.concatenate([strange([6.0, -2.0, 0.3]), LIKE])
    said = np.array([0, 1, -1, 0])
    known = reads_ease(manner=asking(A_RUN))
    used = known.accustomed(strange([2.0, 3.0], task=1.0))
    several = used.situate(rows, said)
    for row in range(len(rows)):
        alone = used.situate(rows[row : row + 1], said[row : row + 1])
        for one, of_all in zip(alone, several, strict=True):
            np.testing.assert_allclose(one[0], of_all[row], rtol=1e-9, atol=1e-15)


def test_a_query_is_trusted_in_part_as_those_like_it():
    known = doubt()
    shown = np.concatenate([LIKE, strange([0.0])])
    used, rows = known.accustomed(shown), strange([0.0, 0.0])
    was, usual = known.situate(rows).trust, known.situate(shown).trust.mean()
    assert was.max() < 0.1 < usual < 0.9
    trust = used.situate(rows, np.array([0, -1])).trust
    assert trust == pytest.approx([was[0] + TRUSTED * (usual - was[0]), was[1]], abs=1e-6)


def test_ordinary_requests_and_stated_runs_stay_as_they_are():
    as_people = reads_ease(manner_bias=[0, 40, 0])
    rows = strange([6.0, -2.0])
    used = as_people.accustomed(strange([2.0, 3.0]))
    assert used.situate(rows).read == pytest.approx(as_people.situate(rows).read, abs=1e-6)
    known, runs = reads_ease(), np.array([-1, -1])
    used = known.accustomed(strange([2.0, 3.0]))
    assert used.situate(rows, runs).read == pytest.approx(known.situate(rows, runs).read)


def test_calls_lean_to_calls_and_what_may_be_a_run_to_what_may_be_one():
    known = reads_ease(manner=asking(A_RUN))
    tasks = strange([0.0, 0.0], task=2.0)
    used = known.accustomed(tasks)
    for said in (0, 1):
        one_call = np.full(2, said)
        read, was = (each.situate(tasks, one_call) for each in (used, known))
        assert read.written == pytest.approx(was.written, abs=1e-3)
        assert read.read == pytest.approx(was.read, abs=1e-3)


def test_queries_of_two_kinds_make_two_groups():
    random = np.random.default_rng(0)
    each = random.normal(size=(2, OF_GROUP)) / 10
    shown = np.concatenate([strange(4 + each[0], task=-6.0), strange(-3 + each[1], task=6.0)])
    used = reads_ease().accustomed(shown)
    assert sorted(used.tensors["usual_read"][0][:, -2]) == pytest.approx([-1.5, 4.5], abs=0.1)
    many = reads_ease().accustomed(random.normal(size=(OF_GROUP * 20, P)) * 9)
    assert 2 < len(many.tensors["usual"]) <= MOST_GROUPS


def test_each_group_holds_a_query_and_reads_numbers():
    random = np.random.default_rng(1)
    for count in (1, 2 * OF_GROUP, 9 * OF_GROUP):
        for shown in (
            random.normal(size=(count, P)),
            np.ones((count, P)),
            random.integers(2, size=(count, P)),
        ):
            tensors = reads_ease().accustomed(shown.astype(float)).tensors
            assert len(tensors["usual"]) == tensors["usual_read"].shape[1] >= 1
            assert all(np.isfinite(tensors[name]).all() for name in USUAL)


def test_shapes_that_do_not_fit_are_refused():
    used = reads_ease().accustomed(strange([2.0]))
    with pytest.raises(ValueError, match=r"doubt.usual_read is not \(2, 1, 4\)"):
        Doubt(used.kinds, used.tensors | {"usual_read": np.zeros((1, 1, 4))})


def test_a_calibrated_router_comes_back_from_disk_as_it_was(tmp_path):
    router = Router.from_pretrained("universal").subset(["gpt-5-mini", "claude-opus-4-5"])
    puzzles = [
        f"A frog at {n} jumps by {n + 2} on a ring of {3 * n + 7}. Where does it land first twice?"
        for n in range(40)
    ]
    used = router.calibrated(puzzles)
    before, after = (each.predict(puzzles).quality for each in (router, used))
    assert np.ptp(after, axis=0).max() < np.ptp(before, axis=0).max()
    used.save_pretrained(tmp_path / "own")
    again = Router.from_pretrained(tmp_path / "own")
    assert again.predict(puzzles).quality == pytest.approx(after, abs=1e-6)
    assert again.route(Query.of_call(puzzles[0])).candidate == used.route(Query.of_call(puzzles[0])).candidate


def test_what_is_read_changes_smoothly_between_two_groups():
    used = reads_ease().accustomed(
        np.concatenate([strange([4.0] * OF_GROUP, task=-3.0), strange([-3.0] * OF_GROUP, task=3.0)])
    )
    between = np.concatenate([strange([0.0], task=task) for task in np.linspace(-6, 6, 121)])
    read = used.situate(between).read[:, -2]
    assert (np.diff(read) < 0).all()
    assert np.ptp(read) > 2
    assert np.abs(np.diff(read)).max() < 0.2  # where it would jump from one group to the other


def groups_of(count: int, *, odd: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return centres and readings of four groups of queries that are hardly strange, and of one that is wholly so."""
    random = np.random.default_rng(0)
    z = random.standard_normal((count, 6)) + 6 * np.eye(4, 6)[np.arange(count) % 4]
    read, weight = random.standard_normal((count, 3)), np.full(count, 0.05)
    if odd is not None:
        z, read, weight = np.vstack([z, z[:1]]), np.vstack([read, np.full(3, odd)]), np.append(weight, 1.0)
    told = usual_tensors(z, [(read, read)] * 2, 1 - weight, weight)
    order = told["usual"].argmax(axis=1).argsort()
    return told["usual"][order], told["usual_read"][0][order]


def test_one_odd_query_moves_its_group_by_no_more_than_its_share():
    count, odd = 4 * OF_GROUP, 100.0
    (centers, read), (moved, after) = groups_of(count), groups_of(count, odd=odd)
    assert moved == pytest.approx(centers, abs=0.1)
    changed = np.abs(after - read).max(axis=1)
    assert np.sort(changed)[:-1].max() < 0.1 * changed.max()  # the others stay nearly
    assert changed.max() < 1.5 * MOST_SHARE * odd / OF_GROUP
