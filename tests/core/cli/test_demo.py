import json
import re

import pytest
from rich.console import Console

from crossroute import Pool, Query, Router
from crossroute.cli.demo import (
    EASY,
    HARD,
    OF_TODAY,
    PREFERENCES,
    QUERIES,
    build_savings_table,
    show,
    write_files,
)
from crossroute.cli.demo_page import STEPS, write_page


def shown(router, width=140, **look):
    console = Console(width=width, **look)
    with console.capture() as capture:
        show(router, console)
    return capture.get()


def renamed(router, name):
    return router.over(
        Pool(
            each.model_copy(update={"name": name(each, place), "aliases": ()})
            for place, each in enumerate(router.pool)
        )
    )


def test_the_queries_are_two_dozen_and_different():
    assert len(set(QUERIES)) == len(QUERIES) == 24


def test_each_query_is_shown_with_its_candidates(router):
    text = shown(router)
    for query in QUERIES:
        assert query.partition("\n")[0][:20] in text
    for preference in PREFERENCES:
        assert f"preference {preference:g}" in text
    assert "always " in text
    assert "saving" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_line_fits_the_terminal(width):
    assert max(map(len, shown(Router.from_pretrained(), width=width).splitlines())) <= width


@pytest.mark.parametrize(
    "name",
    [lambda each, _: each.name, lambda _, place: f"m{place}", lambda _, place: f"thirteen-c-{place:02}"],
    ids=["bundled", "shorter than headings", "as long"],
)
def test_eighty_columns_show_every_heading_and_candidate_whole_on_the_line_of_its_query(name):
    router = renamed(Router.from_pretrained(), name)
    lines = shown(router, width=80).splitlines()
    assert "query preference 0 preference 0.5 preference 0.9" in (" ".join(line.split()) for line in lines)
    columns = [router.route_many(QUERIES, cost_preference=dial) for dial in PREFERENCES]
    for query, *decisions in zip(QUERIES, *columns, strict=True):
        (line,) = [line for line in lines if line.startswith(query.partition("\n")[0][:18])]
        assert line.split()[-3:] == [decision.candidate.rpartition("/")[2] for decision in decisions]


def test_a_narrow_terminal_folds_names_and_cuts_none(router):
    told = shown(renamed(router, lambda each, _: f"{each.name}-{'very' * 5}-long"), width=60)
    table = told.partition("queries, by cost preference")[2].partition("always")[0]
    cells = [line[22:] for line in table.splitlines()]
    assert not [cell for cell in cells if "…" in cell]
    assert "-long" in "".join("".join(cells).split())


def test_colours_are_for_terminals_that_want_them(router, monkeypatch):
    assert "\x1b" not in shown(router)
    assert "\x1b[3" in shown(router, force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in shown(router, force_terminal=True, color_system="standard")


def test_the_saving_is_that_of_the_predictions(router):
    prediction = router.predict(QUERIES)
    best = prediction.quality.mean(axis=0).argmax()
    decisions = list(router.route_many(QUERIES, cost_preference=PREFERENCES[-1]))
    spent = sum(decision.cost for decision in decisions) / len(decisions)
    assert f"{1 - spent / prediction.cost[:, best].mean():.0%}" in shown(router)


def test_free_candidates_divide_nothing(router):
    assert "always free" in shown(router.subset(["free"]))


def test_the_dial_is_drawn(router, tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="the plots extra is not installed")
    path = tmp_path / "demo.png"
    write_files(router, path, None)
    assert "Drew the dial into" in capsys.readouterr().err
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_bundled_router_saves_money():
    router = Router.from_pretrained()
    text = shown(router)
    assert "always " in text
    prediction = router.predict(QUERIES)
    best = prediction.cost[:, prediction.quality.mean(axis=0).argmax()].mean()
    frugal = [decision.cost for decision in router.route_many(QUERIES, cost_preference=0.9)]
    assert sum(frugal) / len(frugal) < best / 2


def test_an_easy_and_a_hard_query_go_different_ways():
    router = Router.from_pretrained("universal").subset([name for name in OF_TODAY if "@" not in name])
    easy, hard = router.route(EASY), router.route(HARD)
    assert easy.candidate != hard.candidate
    assert easy.cost < hard.cost / 5
    text = shown(router, width=200)
    assert f"An easy query goes to {easy.candidate} " in text
    assert f"A hard one goes to {hard.candidate} " in text
    assert " ".join(HARD.text.split()) in " ".join(text.split())
    assert "\nA) Yes" not in text


def test_what_was_measured_is_shown_with_intervals(router):
    text = shown(router, width=200)
    assert "Measured savings on recorded answers" in text
    table = build_savings_table()
    assert len(table.rows) >= 3
    assert all(re.fullmatch(r"-?\d+% \(-?\d+% to -?\d+%\)", cell) for cell in table.columns[-1].cells)


def test_the_page_holds_what_its_dial_shows(router, tmp_path):
    path = tmp_path / "demo.html"
    queries = [Query("What is 2 + 2?"), Query("</script><b>Prove it.")]
    write_page(path, router, queries, build_savings_table(), "About.")
    page = path.read_text("utf-8")
    assert page.count("</script>") == 1
    assert "http" not in page.replace("data:,", "")  # it needs no network
    data = json.loads(re.search(r"const data = (.*);\n", page)[1])
    assert data["queries"] == [query.text for query in queries]
    for step, chosen in zip(STEPS, data["chosen"], strict=True):
        decisions = router.route_many(queries, cost_preference=float(step))
        assert [data["names"][column] for column in chosen] == [each.candidate for each in decisions]
