"""Files routed by a cluster of two nodes: the same bytes as here, whatever is killed in between."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossroute import DataError, Router
from crossroute.batch.cluster import STRETCH, route_file_on_cluster
from crossroute.batch.run import Batch, DialSettings, route_file
from crossroute.batch.texts import locate
from tests.support.made import made_router
from tests.support.ray_cluster import started

DIALLING = DialSettings(cost_preference=0.3)
BLOCK = 4
TEXTS = [*(f"What is {n} times {n + 1}? Answer with a number." for n in range(200)), None, " ", "One more?"]


@pytest.fixture(scope="module")
def router():
    return made_router()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("queries") / "queries.parquet"
    pq.write_table(pa.table({"text": TEXTS}), path, row_group_size=37)
    return path


@pytest.fixture(scope="module")
def whole(router, source, tmp_path_factory):
    """The folder that a run here writes: name -> bytes."""
    folder = tmp_path_factory.mktemp("here") / "routed"
    route_file(router, Batch(source, folder, block=BLOCK), DIALLING)
    return contents(folder)


def contents(folder):
    """Return what a reader of the folder sees: a process that was killed may leave a hidden file half-written."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("part-*")}


def test_two_nodes_write_what_one_process_writes(cluster, router, source, whole, tmp_path):
    seen = []
    route_file_on_cluster(router, Batch(source, tmp_path / "routed", block=BLOCK), DIALLING, seen.append)
    assert contents(tmp_path / "routed") == whole
    assert sum(seen) == len(TEXTS)
    assert max(seen) == STRETCH * BLOCK


def test_a_cluster_goes_on_with_what_was_begun_here_and_redoes_nothing(
    cluster, router, source, whole, tmp_path
):
    batch = Batch(source, tmp_path / "routed", block=BLOCK)
    route_file(router, batch, DIALLING)
    for number in (0, 7, 8, 30):
        batch.part(number).unlink()
    before, seen = times(batch.folder), []
    route_file_on_cluster(router, batch, DIALLING, seen.append)
    assert sorted(seen) == [BLOCK, BLOCK, 2 * BLOCK]
    assert contents(batch.folder) == whole
    assert {name: times(batch.folder)[name] for name in before} == before
    route_file_on_cluster(router, batch, DIALLING, pytest.fail)


def test_the_example_routes_a_file(cluster, run_example):
    printed = run_example("ray_cluster.py").splitlines()
    chosen = printed[printed.index("100 queries routed") + 1 :]  # Ray may tell of another test's node before
    assert sum(int(line.rpartition(": ")[2]) for line in chosen) == 100
    assert len(chosen) > 1


def test_a_killed_node_loses_nothing_that_is_finished(cluster, router, source, whole, tmp_path):
    extra = started(cluster)
    batch, before = Batch(source, tmp_path / "routed", block=BLOCK), {}

    def kill(_):
        if not before:
            before.update(times(batch.folder))
            cluster.remove_node(extra, allow_graceful=False)

    route_file_on_cluster(router, batch, DIALLING, kill)
    assert before
    assert contents(batch.folder) == whole
    assert {name: times(batch.folder)[name] for name in before} == before


DRIVER = """
import sys
from pathlib import Path
from crossroute import Router
from crossroute.batch.cluster import route_file_on_cluster
from crossroute.batch.run import Batch, DialSettings

router, source, folder, address = sys.argv[1:]
batch = Batch(Path(source), Path(folder), block=4)
route_file_on_cluster(Router.from_pretrained(router), batch, DialSettings(cost_preference=0.3), address=address)
"""


def test_what_a_killed_driver_had_finished_is_not_done_twice(cluster, router, source, tmp_path):
    folder, saved = tmp_path / "routed", tmp_path / "router"
    router.save_pretrained(saved)
    router = Router.from_pretrained(saved)
    words = [saved, source, folder, cluster.address]
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, *map(str, words)], start_new_session=True)
    while driver.poll() is None and len(list(folder.glob("part-*"))) < 3:
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    before = times(folder)
    assert len(before) >= 3
    for written in (folder, tmp_path / "here"):
        route_file(router, Batch(source, written, block=BLOCK), DIALLING)
    assert contents(folder) == contents(tmp_path / "here")
    assert {name: times(folder)[name] for name in before} == before


def test_a_file_that_cannot_be_reached_in_parts_is_refused(router, tmp_path):
    batch = Batch(tmp_path / "queries.jsonl", tmp_path / "routed")
    with pytest.raises(DataError, match="A cluster reads parquet"):
        route_file_on_cluster(router, batch, DIALLING)


def test_an_address_is_read_and_written_as_a_path_is(router, source, whole, tmp_path):
    pytest.importorskip("upath", reason="the extra ray is not installed")
    bucket = locate("memory://bucket")
    bucket.mkdir(parents=True, exist_ok=True)
    (bucket / "queries.parquet").write_bytes(source.read_bytes())
    route_file(router, Batch(bucket / "queries.parquet", bucket / "routed", block=BLOCK), DIALLING)
    assert contents(bucket / "routed") == whole
    assert locate("a/b.parquet") == Path("a/b.parquet")


def test_an_address_of_no_known_kind_is_told():
    pytest.importorskip("upath", reason="the extra ray is not installed")
    with pytest.raises(DataError, match=r"nowhere://bucket/queries\.parquet cannot be opened"):
        locate("nowhere://bucket/queries.parquet")
