"""The blocks and the commands of docs/own-data.md run, in their order, in one folder."""

import json
import random
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from crossroute import Router
from crossroute.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "own-data.md").read_text("utf-8")
PARTS = re.findall(r"```(python|json)\n(.*?)```|^    (crossroute) ([^\n]+)$", PAGE, re.DOTALL | re.MULTILINE)


def more_like(rows, queries=60):
    """The page's rows again, on more queries: the dear candidate is right more often, on sums most of all."""
    draw = random.Random(0)
    for number in range(queries):
        kind = draw.choice(["Summarize in one line:", "What is the sum of"])
        for row in rows:
            right = 0.9 if row["candidate"] == "gpt-4o" else 0.7 if kind.startswith("Sum") else 0.3
            yield row | {"text": f"{kind} {number} {draw.random()}", "quality": float(draw.random() < right)}


def test_the_page_runs_from_its_top_to_its_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    for kind, block, command, arguments in PARTS:
        if kind == "json":
            rows = list(map(json.loads, block.splitlines()))
            Path("mine.jsonl").write_text("\n".join(map(json.dumps, (*rows, *more_like(rows)))))
        elif kind:
            exec(block, {})  # noqa: S102
        elif command:
            ended = CliRunner().invoke(app, shlex.split(arguments))
            assert ended.exit_code == 0, (arguments, ended.output, ended.exception)
            told.append(arguments.split()[0])
    assert told == ["data", "train", "train", "evaluate", "route"]
    assert "CrossRoute" in json.loads(Path("figures.json").read_text())["routers"]
    assert set(Router.from_pretrained("my-router").pool.names) == {"gpt-4o", "gpt-4o-mini"}
