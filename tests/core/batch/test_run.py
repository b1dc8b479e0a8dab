import csv
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossroute import Constraints, DataError, Query
from crossroute.batch.run import Batch, DialSettings, route_file
from crossroute.batch.texts import read_blocks
from tests.support.made import TEXTS, made_router

ROWS = [*TEXTS, None, "  ", "One more?"]


@pytest.fixture(scope="module")
def router():
    return made_router()


def written(path, column="text"):
    """Write the rows to a file of the form that its name tells."""
    if path.suffix == ".parquet":
        pq.write_table(pa.table({column: ROWS, "other": range(len(ROWS))}), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[column, "other"], *([text or "", 1] for text in ROWS)])
    else:
        lines = "".join(json.dumps({column: text}) + "\n" for text in ROWS).encode()
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def read(folder, suffix):
    rows = []
    for part in sorted(folder.glob("part-*")):
        assert part.suffix == suffix
        if suffix == ".parquet":
            rows += pq.read_table(part).to_pylist()
        elif suffix == ".csv":
            with part.open(newline="", encoding="utf-8") as file:
                rows += list(csv.DictReader(file))
        else:
            rows += map(json.loads, part.read_text("utf-8").splitlines())
    return rows


@pytest.mark.parametrize("name", ["queries.parquet", "queries.csv", "queries.jsonl", "queries.jsonl.gz"])
def test_each_row_goes_where_the_router_sends_it(router, tmp_path, name):
    source, folder, seen = written(tmp_path / name), tmp_path / "routed", []
    route_file(router, Batch(source, folder, block=4), DialSettings(cost_preference=0.2), seen.append)
    assert seen == [4, 4, 4, 4, 1]
    rows = read(folder, ".jsonl" if name.endswith(".gz") else source.suffix)
    assert [int(row["row"]) for row in rows] == list(range(len(ROWS)))
    for text, row in zip(ROWS, rows, strict=True):
        if not text or not text.strip():
            assert not row["candidate"]
            assert row["quality"] in (None, "")
            continue
        decision = router.route(Query.of_call(text), cost_preference=0.2)
        assert row["candidate"] == decision.candidate
        assert float(row["quality"]) == pytest.approx(decision.quality, abs=1e-6)
        assert float(row["cost"]) == pytest.approx(decision.cost, rel=2e-5)


def test_what_is_finished_is_not_done_twice(router, tmp_path):
    batch = Batch(written(tmp_path / "queries.jsonl"), tmp_path / "routed", block=4)

    def stop(rows):
        if len(list(batch.folder.glob("part-*"))) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        route_file(router, batch, DialSettings(), stop)
    first = {part.name: part.stat().st_mtime_ns for part in batch.folder.glob("part-*")}
    assert len(first) == 2
    seen = []
    route_file(router, batch, DialSettings(), seen.append)
    assert len(seen) == 3
    assert {name: (batch.folder / name).stat().st_mtime_ns for name in first} == first
    whole = Batch(batch.source, tmp_path / "whole", block=4)
    route_file(router, whole, DialSettings())
    for part in whole.folder.iterdir():
        assert (batch.folder / part.name).read_bytes() == part.read_bytes()


@pytest.mark.parametrize(
    ("dial", "told"),
    [
        (DialSettings(cost_preference=0.9), "dial"),
        (DialSettings(constraints=Constraints(deny={"a"})), "constraints"),
    ],
)
def test_another_run_is_not_gone_on_with(router, tmp_path, dial, told):
    batch = Batch(written(tmp_path / "queries.csv"), tmp_path / "routed")
    route_file(router, batch, DialSettings())
    with pytest.raises(DataError, match=f"holds another run, of another {told}"):
        route_file(router, batch, dial)


@pytest.mark.parametrize(
    ("name", "held", "told"),
    [
        ("queries.txt", "What?", "is of another form"),
        ("queries.csv", "prompt\nWhat?\n", "has no column 'text'"),
        ("queries.csv", "text,text\nWhat?,Why?\n", "two columns that are called 'text'"),
        ("queries.jsonl", "{", "not JSON"),
    ],
)
def test_a_refused_file_leaves_no_folder_behind(router, tmp_path, name, held, told):
    (tmp_path / name).write_text(held)
    with pytest.raises(DataError, match=told):
        route_file(router, Batch(tmp_path / name, tmp_path / "routed"), DialSettings())
    assert not (tmp_path / "routed").exists()


def test_a_changed_file_is_not_gone_on_with(router, tmp_path):
    batch = Batch(written(tmp_path / "queries.csv"), tmp_path / "routed")
    route_file(router, batch, DialSettings())
    with batch.source.open("a") as file:
        file.write("One more,1\n")
    with pytest.raises(DataError, match="another run, of another version of the source"):
        route_file(router, batch, DialSettings())


def test_a_run_that_wrote_nothing_stands_in_the_way_of_no_other(router, tmp_path):
    batch = Batch(tmp_path / "queries.jsonl", tmp_path / "routed")
    batch.source.write_text('{"text": "One?"}\n{"prompt": "Two?"}\n')
    with pytest.raises(DataError, match="line 2, has no column 'text'"):
        route_file(router, batch, DialSettings())
    batch.source.write_text('{"text": "One?"}\n{"text": "And two?"}\n')
    route_file(router, batch, DialSettings(cost_preference=0.9))
    assert len(read(batch.folder, ".jsonl")) == 2
    with pytest.raises(DataError, match="another run, of another dial"):
        route_file(router, batch, DialSettings())


def test_a_folder_of_other_files_is_left_alone(router, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(DataError, match="is not empty, and holds no run"):
        route_file(router, Batch(written(tmp_path / "queries.csv"), tmp_path / "mine"), DialSettings())


def test_what_a_killed_run_left_half_written_does_not_bar_its_folder(router, tmp_path):
    batch = Batch(written(tmp_path / "queries.csv"), tmp_path / "routed")
    batch.folder.mkdir()
    (batch.folder / ".plan.json.scratch").write_text("{")
    route_file(router, batch, DialSettings())
    assert batch.part(0).exists()


@pytest.mark.parametrize("name", ["queries.parquet", "queries.csv", "queries.jsonl"])
def test_a_file_without_the_column_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="has no column 'text', only prompt"):
        list(read_blocks(written(tmp_path / name, column="prompt"), "text", 4))
    assert [len(block) for block in read_blocks(tmp_path / name, "prompt", 10)] == [10, 7]


def test_a_file_of_another_form_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"expected a file that ends in \.parquet, \.jsonl, \.csv"):
        list(read_blocks(tmp_path / "queries.txt", "text", 4))
