"""Every page that CrossRoute writes or serves, in a real browser: narrow and wide, dark and light."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossroute import Query, Router
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.spend import Usage
from crossroute.cli import app
from crossroute.data.outcomes import Outcomes
from crossroute.routing.members import Ability
from crossroute.tables import to_page
from crossroute.traffic import TrafficLog
from crossroute.traffic.recorder import Recorder
from tests.support.browser import CHROMIUM, LARGEST, WIDTHS, browser, look_at
from tests.support.routers import ARITHMETIC, CODE, STORY, make_outcomes

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")


@pytest.fixture(scope="module")
def debugger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browser(tmp_path_factory.mktemp("browser")) as address:
        yield address


def run(*words: str | Path) -> None:
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.exception


def rows_of(outcomes: Outcomes) -> Iterator[dict[str, object]]:
    """Yield outcomes as rows of a file, each with a long answer."""
    for row, text in enumerate(outcomes.texts):
        for column, name in enumerate(outcomes.pool.names):
            yield {
                "query_id": outcomes.query_ids[row],
                "text": text,
                "task": outcomes.tasks[row],
                "split": outcomes.splits[row],
                "candidate": name,
                "quality": outcomes.quality[row, column],
                "cost_usd": outcomes.cost[row, column],
                "answer": "An answer of many words. " * 500 + "unbroken" * 50,
            }


def evaluated(router: Path, folder: Path) -> None:
    rows = (json.dumps(row) for row in rows_of(make_outcomes()))
    (folder / "outcomes.jsonl").write_text("\n".join(rows))
    run("evaluate", router, folder / "outcomes.jsonl", "--report", folder / "page.html")


def compared(router: Path, folder: Path) -> None:
    rows = list(rows_of(make_outcomes()))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    prompts = dict.fromkeys(str(row["text"]) for row in rows)
    (folder / "prompts.jsonl").write_text("".join(json.dumps({"prompt": text}) + "\n" for text in prompts))
    (folder / "o.jsonl").write_text(lines)
    (folder / "o.answers").mkdir()
    (folder / "o.answers" / "all.jsonl").write_text(lines)
    words = [
        "compare",
        folder / "prompts.jsonl",
        "--candidates",
        "small,large,coder,free",
        "--router",
        router,
    ]
    run(*words, "--outcomes", folder / "o.jsonl", "--page", folder / "page.html")


def demonstrated(router: Path, folder: Path) -> None:
    run("demo", "--router", router, "--html", folder / "page.html")


def reported(router: Path, folder: Path) -> None:
    log = folder / "traffic.db"
    with closing(TrafficLog(log)) as kept:
        recorder = Recorder(kept)
        members = {"small": Ability(), "large": Ability()}
        dispatcher = Dispatcher(
            Router.from_pretrained(router), members, observers=[recorder], exploration=0.5
        )
        recorder.follow(dispatcher)
        for number in range(40):
            decision = dispatcher.attempts(dispatcher.decide(Query(f"What is {number} + 1?"))).decision
            with dispatcher.ledger.entry(decision) as entry:
                entry.usage = Usage(input_tokens=20, output_tokens=100)
            kept.feedback(entry.decision.id, number % 2)
    run("traffic", "report", log, "--html", folder / "page.html")


def printed(router: Path, folder: Path) -> None:
    loaded = Router.from_pretrained(router)
    shown = [loaded, loaded.route(ARITHMETIC), loaded.route(CODE), loaded.route(STORY)]
    (folder / "page.html").write_text(to_page("In a notebook", shown))  # type: ignore[arg-type]


@pytest.mark.parametrize("write", [evaluated, compared, demonstrated, reported, printed])
def test_a_page_fits_its_window_and_hides_nothing(
    write: Callable[[Path, Path], None], saved: Path, debugger: str, tmp_path: Path
) -> None:
    write(saved, tmp_path)
    page = tmp_path / "page.html"
    assert page.stat().st_size < LARGEST
    inks = set()
    for width in WIDTHS:
        for dark in (False, True):
            seen = look_at(debugger, page.as_uri(), width=width, dark=dark)
            assert (seen.scroll, seen.wide, seen.overlaps, seen.errors) == (0, (), (), ())
            inks.add((dark, seen.ink))
    assert len(inks) == 2, f"one colour of text in the dark, another in the light: {inks}"


def test_faults_of_a_page_are_found(debugger: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<p style='width:900px'>Too wide</p><p style='overflow-x:auto'><span style='width:900px'>Scrolls</span></p>"
        "<svg><text y=20>One</text><text y=22>Another</text><text y=90>Apart</text></svg>"
        "<script>missing()</script>"
    )
    seen = look_at(debugger, page.as_uri(), width=360, dark=True)
    assert seen.scroll > 500
    assert seen.wide == ("Too wide",)
    assert seen.overlaps == ("One | Another",)
    assert seen.errors == ("Uncaught",)


def test_the_page_of_answers_says_what_it_leaves_out(saved: Path, tmp_path: Path) -> None:
    compared(saved, tmp_path)
    text = (tmp_path / "page.html").read_text()
    assert "120 prompts, 4 candidates. Shown are the first" in text
    assert "all answers are in o.answers." in text
    assert " […] " in text
