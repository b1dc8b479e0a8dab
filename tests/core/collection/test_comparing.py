"""crossroute compare: what is expected before anything is asked, and the page of answers after."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from crossroute import Router
from crossroute.cli import app
from crossroute.collection.forecast import PREFERENCES, forecast
from tests.support.routers import ARITHMETIC, CODE, STORY, make_router


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("router")
    make_router().save_pretrained(folder)
    return folder


def test_each_candidates_share_is_told_at_each_dial(saved):
    router = Router.from_pretrained(saved)
    seen = forecast(router, [ARITHMETIC, CODE, STORY])
    assert [row.preference for row in seen.dials] == list(PREFERENCES)
    costs = [row.cost for row in seen.dials]
    assert costs == sorted(costs, reverse=True)
    for row in seen.dials:
        assert sum(row.shares) == pytest.approx(1)
        decided = [router.route(text, cost_preference=row.preference) for text in (ARITHMETIC, CODE, STORY)]
        shares = [sum(one.candidate == name for one in decided) / 3 for name in seen.names]
        assert list(row.shares) == pytest.approx(shares)
        assert row.cost == pytest.approx(sum(one.cost for one in decided) / 3)
    assert all(one.evidence.endswith("outcomes") for one in seen.alone)


def test_the_command_prints_it_and_the_page_shows_answers(saved, tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("What is <b>2</b> plus 2?\nTell me a story.\n")
    told = CliRunner().invoke(
        app,
        ["compare", str(prompts), "--candidates", "small,large", "--router", str(saved), "--calls", "500"],
    )
    assert told.exit_code == 0, told.exception
    assert "500 such calls a month" in " ".join(told.stdout.split())
    rows = [
        {
            "query_id": f"prompt-1-{text}",
            "text": text,
            "candidate": name,
            "quality": quality,
            "cost_usd": 0.001,
            "latency_s": 1.5,
            "answer": f"<i>{name}</i>",
        }
        for text in ("What is <b>2</b> plus 2?", "Tell me a story.")
        for name, quality in (("small", 0.0), ("large", 1.0))
    ]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "o.answers").mkdir()
    (tmp_path / "o.answers" / "all.jsonl").write_text((tmp_path / "o.jsonl").read_text())
    page = tmp_path / "page.html"
    words = ["compare", str(prompts), "--candidates", "small,large", "--router", str(saved)]
    done = CliRunner().invoke(app, [*words, "--outcomes", str(tmp_path / "o.jsonl"), "--page", str(page)])
    assert done.exit_code == 0, done.exception
    shown = page.read_text()
    assert "&lt;i&gt;large&lt;/i&gt;" in shown
    assert "What is &lt;b&gt;2&lt;/b&gt; plus 2?" in shown
    assert "grade 1.00, $0.0010, 1.50 s" in shown
    assert "<script" not in shown


def test_what_does_not_go_together_is_told(tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("Hello\n")
    for words, told in (
        ([], "Give the candidates either with --candidates"),
        (["--candidates", "a", "--page", str(tmp_path / "p.html")], "--page shows answers"),
    ):
        done = CliRunner().invoke(app, ["compare", str(prompts), *words])
        assert told in str(done.exception)
