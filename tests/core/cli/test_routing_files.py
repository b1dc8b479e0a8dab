import io
import json

import pytest

from crossroute import DataError
from crossroute.cli import app


def routed(*words):
    app(["route", *map(str, words)], standalone_mode=False)


def test_a_file_is_routed_into_a_folder_and_a_second_run_does_nothing(tmp_path, saved):
    source, folder = tmp_path / "queries.jsonl", tmp_path / "routed"
    source.write_text("".join(json.dumps({"prompt": f"What is {n} + {n}?"}) + "\n" for n in range(5)))
    routed(source, "--out", folder, "--text", "prompt", "--router", saved, "--cost-preference", "1")
    (part,) = folder.glob("part-*.jsonl")
    rows = [json.loads(line) for line in part.read_text("utf-8").splitlines()]
    assert [row["row"] for row in rows] == list(range(5))
    assert all(row["candidate"] and row["cost"] >= 0 for row in rows)
    before = part.stat().st_mtime_ns
    routed(source, "--out", folder, "--text", "prompt", "--router", saved, "--cost-preference", "1")
    assert part.stat().st_mtime_ns == before


def test_a_file_without_a_folder_is_told_and_a_column_needs_one(tmp_path, capsys):
    source = tmp_path / "queries.jsonl"
    source.write_text('{"text": "Hi"}\n')
    routed(source, "--candidates", "gpt-5-mini")
    assert "only its name is routed. Route the queries in it with --out" in " ".join(
        capsys.readouterr().err.split()
    )
    lines = tmp_path / "two queries.txt"
    lines.write_text("Hi\nBye\n")
    routed(lines, "--candidates", "gpt-5-mini")
    told = " ".join(capsys.readouterr().err.split())
    assert "Route its lines, one query each, with: crossroute route - < '" in told
    with pytest.raises(DataError, match="are routed by: crossroute route - < FILE"):
        routed(lines, "--candidates", "gpt-5-mini", "--out", tmp_path / "routed")
    with pytest.raises(ValueError, match="--text is for a file of queries: add --out FOLDER"):
        routed("Hi", "--text", "prompt")


def test_a_text_is_one_call_unless_runs_are_told_of(tmp_path, monkeypatch, capsys):
    task = "Find out why the parser crashes on empty input, fix it, and add a test. Run the whole suite then."
    source, pool = tmp_path / "tasks.jsonl", ("--candidates", "gpt-5-mini", "--json")
    source.write_text(json.dumps({"text": task}) + "\n")
    costs = {}
    for runs in ((), ("--runs",)):
        folder = tmp_path / f"routed{len(runs)}"
        routed(task, *pool, *runs)
        told = [json.loads(capsys.readouterr().out)["cost"]]
        monkeypatch.setattr("sys.stdin", io.StringIO(task + "\n"))
        routed("-", *pool, *runs)
        told.append(json.loads(capsys.readouterr().out)["cost"])
        routed(source, "--out", folder, *pool, *runs)
        capsys.readouterr()
        told.append(json.loads((folder / "part-00000.jsonl").read_text("utf-8"))["cost"])
        assert told == pytest.approx(told[:1] * 3, rel=2e-5)
        costs[runs] = told[0]
    assert costs["--runs",] > 5 * costs[()]
    with pytest.raises(DataError, match="another reading of its texts, as calls or as agents' runs"):
        routed(source, "--out", folder, *pool)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine", "ray"], "name the output folder with --out"),
        (["--address", "auto"], "--address is for a Ray cluster: add --engine ray"),
        (["--actors", "2"], "--actors is for a Ray cluster: add --engine ray"),
    ],
)
def test_what_belongs_to_a_cluster_is_refused_without_one(words, told):
    with pytest.raises(ValueError, match=told):
        routed("Hi", *words)


def test_a_file_at_an_address_is_routed(tmp_path, saved):
    pytest.importorskip("upath", reason="the extra ray is not installed")
    source = tmp_path / "queries.jsonl"
    source.write_text('{"text": "What is 1 + 1?"}\n')
    routed(source.as_uri(), "--out", (tmp_path / "routed").as_uri(), "--router", saved)
    (part,) = (tmp_path / "routed").glob("part-*.jsonl")
    assert json.loads(part.read_text("utf-8"))["candidate"]
