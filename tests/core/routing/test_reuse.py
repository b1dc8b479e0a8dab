"""Routers and dials that are made once, and anew where anything that they follow from changes."""

import asyncio
import os
import shutil

import numpy as np
import pytest

from crossroute import Pool, Price, Router
from crossroute.catalogue import Catalogue, Layer, add_layer
from crossroute.routing import reuse
from crossroute.routing.reuse import dials_folder, load_router, over

NAMES = ("gpt-4o", "gpt-4o-mini")


@pytest.fixture(scope="module")
def router():
    return Router.from_pretrained("universal")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of dials, an empty one for this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return dials_folder()


def fresh(router):
    """Return the same router, of which nothing was made yet."""
    return router.over(router.pool, dial=router.dial)


def test_a_name_is_loaded_once_and_a_folder_again_when_it_was_written_again(tmp_path):
    assert load_router("routerbench") is load_router("routerbench")
    saved = tmp_path / "saved"
    load_router("routerbench").save_pretrained(saved)
    first = load_router(saved)
    assert load_router(saved) is first
    first.without(first.pool.names[0]).save_pretrained(saved)
    os.utime(saved / "config.json", ns=(1, 1))
    assert load_router(saved).pool.names == first.pool.names[1:]
    assert load_router(first) is first


def test_an_update_of_the_catalogue_loads_the_widest_router_again(tmp_path, monkeypatch):
    known = load_router("universal")
    monkeypatch.setenv("CROSSROUTE_CATALOGUE", str(tmp_path))
    dearer = Catalogue.bundled()["athene-70b"].model_copy(update={"price": Price(input=900, output=900)})
    add_layer(Layer(source="test", made_on="2026-01-01", entries=(dearer,)))
    assert load_router("universal").pool["athene-70b"].price.input == 900
    monkeypatch.undo()
    assert load_router("universal").pool["athene-70b"].price == known.pool["athene-70b"].price


def test_a_dial_is_that_of_a_router_that_sets_it_anew(router, folder):
    pool = router.pool.subset(NAMES)
    set_anew = router.over(pool)
    for made in (over(fresh(router), pool), over(fresh(router), pool)):  # the second from disk
        assert made.dial == set_anew.dial
        assert (
            made.route("Why is the sky blue?").candidate == set_anew.route("Why is the sky blue?").candidate
        )
    assert len([*folder.iterdir()]) == 1


def test_a_warning_comes_with_the_kept_dial(router, folder):
    dear = router.pool["gpt-4o-mini"].model_copy(update={"price": Price(input=900, output=9_000)})
    pool = Pool([dear, router.pool["gpt-4o"]])
    told = [over(fresh(router), pool).route("Hi there").warnings for _ in range(2)]
    assert told[0]
    assert told == [router.over(pool).route("Hi there").warnings] * 2


@pytest.mark.parametrize("change", ["price", "profile", "reward", "calibration"])
def test_what_a_dial_follows_from_sets_it_anew(router, folder, change):
    pool = router.pool.subset(NAMES)
    over(fresh(router), pool)
    other = fresh(router)
    if change == "price":
        pool = pool.with_prices({"gpt-4o": Price(input=1, output=1)})
    elif change == "profile":
        profile = pool["gpt-4o"].profile
        worse = profile.model_copy(update={"quality": tuple(0.5 * each for each in profile.quality)})
        pool = Pool([pool["gpt-4o"].model_copy(update={"profile": worse}), pool["gpt-4o-mini"]])
    elif change == "reward":
        other = other._rebuild(reward="linear")
    else:
        other = other._rebuild(
            calibration=type(other.calibration)(*(part[:50] for part in other.calibration))
        )
    assert over(other, pool).dial == other.over(pool).dial
    assert len([*folder.iterdir()]) == 2


@pytest.mark.parametrize("content", [b"", b"{}", b'{"dial": {"willingness_to_pay": [1]}}', b"\xff\x00"])
def test_a_broken_file_is_passed_over_and_written_anew(router, folder, content):
    pool = router.pool.subset(NAMES)
    dial = over(fresh(router), pool).dial
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(content)
    assert over(fresh(router), pool).dial == dial
    assert path.read_bytes() == whole


def test_what_a_killed_process_left_of_a_dial_goes_when_it_is_written(router, folder):
    pool = router.pool.subset(NAMES)
    over(fresh(router), pool)
    (kept,) = folder.iterdir()
    (folder / f".{kept.name}.mi_fbmz0").write_text("{")
    kept.unlink()
    over(fresh(router), pool)
    assert list(folder.iterdir()) == [kept]


def test_in_an_event_loop_no_file_is_read_or_written(router, folder, monkeypatch):
    pool = router.pool.subset(NAMES)
    expected = over(fresh(router), pool).dial
    shutil.rmtree(folder)
    monkeypatch.setattr(reuse, "dials_folder", None)

    async def make():
        return over(fresh(router), pool)

    assert asyncio.run(make()).dial == expected


def test_where_nothing_can_be_kept_a_dial_is_set_all_the_same(router, folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder should be")
    assert over(fresh(router), router.pool.subset(NAMES)).dial == router.subset(NAMES).dial


def test_old_dials_go_when_there_are_many(router, folder, monkeypatch):
    monkeypatch.setattr(reuse, "MOST_KEPT", 4)
    names = router.pool.names
    for number in range(6):
        over(router, router.pool.subset(names[number : number + 2]))
    assert 2 <= len([*folder.iterdir()]) <= 4
    assert np.isfinite(over(router, router.pool.subset(names[:2])).dial.at(0.5))
    shutil.rmtree(folder)
