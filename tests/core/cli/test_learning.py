"""crossroute train: its settings, and how far it says that it is."""

import json

import pytest
from typer.testing import CliRunner

from crossroute import Candidate, FloorError, Outcomes, Price, Router, cli, read_outcomes
from crossroute.cli import learning, shared

QUICK = {"clusters": 4, "epochs": 1, "hidden": 8, "batch_size": 32}


def test_settings_may_begin_with_a_byte_order_mark_and_all_that_is_counted_is_encoded(
    jsonl, tmp_path, monkeypatch
):
    bars = []
    monkeypatch.setattr(
        learning, "make_progress_bar", lambda: bars.append(shared.make_progress_bar()) or bars[0]
    )
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(QUICK), "utf-8-sig")
    command = ["train", str(jsonl), "--out", str(tmp_path / "router"), "--config", str(settings)]
    done = CliRunner().invoke(cli.app, command)
    assert done.exception is None
    encoding = bars[0].tasks[0]
    assert encoding.completed == encoding.total == 90


def test_tokens_cost_what_their_own_file_says(tmp_path):
    paths = []
    for name, usd in (("one", 1), ("other", 10)):
        rows = {"query_id": [name], "candidate": ["a"], "quality": [1.0]}
        tokens = {"input_tokens": [1000.0], "output_tokens": [1000.0]}
        candidate = Candidate(name="a", price=Price(input=usd, output=usd))
        outcomes = Outcomes.from_rows([{"query_id": name, "text": name}], rows | tokens, [candidate])
        outcomes.write(tmp_path / name)
        paths.append(tmp_path / name)
    for order in (paths, paths[::-1]):
        read = shared.read(order, None)
        costs = dict(zip(read.query_ids, read.cost[:, 0].tolist(), strict=True))
        assert costs == {"one": 0.002, "other": 0.02}


def test_a_bundled_router_and_a_folder_of_its_name_are_two(jsonl, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"epochs": 1}))
    command = [
        "train",
        str(jsonl),
        "--from",
        "routerbench",
        "--config",
        str(settings),
        "--out",
        "routerbench",
    ]
    done = CliRunner().invoke(cli.app, command)
    assert done.exception is None, done.output
    assert "--router ./routerbench" in done.output
    again = CliRunner().invoke(cli.app, [*command, "--from", "./routerbench"])
    assert "--from and --out are both routerbench" in str(again.exception)


def test_a_promise_is_over_the_models_of_the_outcomes(jsonl, tmp_path):
    rows = [json.loads(line) for line in jsonl.read_text("utf-8").splitlines()]
    named = {"small": "gpt-4o-mini", "large": "claude-opus-4-5-20251101"}
    kept = [row | {"candidate": named[row["candidate"]]} for row in rows if row["candidate"] in named]
    source, folder = tmp_path / "graded.jsonl", tmp_path / "promised"
    source.write_text("".join(json.dumps(row) + "\n" for row in kept), "utf-8")
    words = ["floor", "universal", str(source), "--drop", "0.9", "--confidence", "0.5", "--out", str(folder)]
    done = CliRunner().invoke(cli.app, words)
    assert done.exception is None, done.output
    assert "does not contain the 523 others" in " ".join(done.stderr.split())
    promised = Router.from_pretrained(folder)
    assert set(promised.pool.names) == set(named.values())
    assert promised.floor.promise.drop == 0.9
    with pytest.raises(
        FloorError, match=r"523 in all, .* to the others: router.subset\(\['claude-opus-4-5', 'gpt-4o"
    ):
        Router.from_pretrained("universal").with_floor(read_outcomes(source), 0.9)
