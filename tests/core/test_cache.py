import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from crossroute.cache import Lock, LRUCache


def test_what_was_used_least_recently_makes_room():
    cache = LRUCache[str, int](size=2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_putting_again_replaces_and_refreshes():
    cache = LRUCache[str, int](size=2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        cache.put(key, value)
    assert [cache.get(key) for key in "abc"] == [3, None, 4]


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=60), st.integers(1, 4))
def test_agrees_with_a_list_kept_in_order_of_use(steps, size):
    cache, reference = LRUCache[int, int](size), []
    for key, is_put in steps:
        if is_put:
            cache.put(key, key)
        assert (cache.get(key) is not None) == (is_put or key in reference)
        if is_put or key in reference:
            reference = [other for other in reference if other != key] + [key]
        reference = reference[-size:]


def test_many_threads_never_see_a_wrong_value_or_overfill_it():
    cache = LRUCache[int, int](size=8)

    def work(seed: int) -> bool:
        right = True
        for step in range(2_000):
            key = (seed * 31 + step * 7) % 20
            cache.put(key, key * key)
            right &= cache.get((key + 3) % 20) in (None, ((key + 3) % 20) ** 2)
        return right

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(8)))
    assert sum(cache.get(key) is not None for key in range(20)) == 8


def test_a_copy_of_a_held_lock_is_free():
    lock = Lock()
    with lock, ThreadPoolExecutor(1) as other:
        assert not other.submit(lock.acquire, blocking=False).result()
        for made in (copy.copy, copy.deepcopy, lambda held: pickle.loads(pickle.dumps(held))):  # noqa: S301
            copied = made(lock)
            assert type(copied) is Lock
            assert other.submit(copied.acquire, blocking=False).result()
