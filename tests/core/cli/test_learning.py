"""crossroute train: its settings, and how far it says that it is."""

import json

from typer.testing import CliRunner

from crossroute import cli
from crossroute.cli import learning, shared

QUICK = {"clusters": 4, "epochs": 1, "hidden": 8, "batch_size": 32}


def test_settings_may_begin_with_a_byte_order_mark_and_all_that_is_counted_is_encoded(
    jsonl, tmp_path, monkeypatch
):
    bars = []
    monkeypatch.setattr(learning, "progress_bar", lambda: bars.append(shared.progress_bar()) or bars[0])
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(QUICK), "utf-8-sig")
    command = ["train", str(jsonl), "--out", str(tmp_path / "router"), "--config", str(settings)]
    done = CliRunner().invoke(cli.app, command)
    assert done.exception is None
    encoding = bars[0].tasks[0]
    assert encoding.completed == encoding.total == 90
