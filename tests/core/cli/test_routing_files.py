import json

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
