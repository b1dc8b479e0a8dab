"""Tables on a narrow terminal: names stay, and what has no room is said."""

import io

import pytest
from rich.console import Console

from crossroute.tables import plain_table

FIGURES = {"quality": "0.716", "USD a month": "1,234.56", "outcomes": "10,000", "tokens/s": "18,000"}


def printed(width, names=("gpt-5-mini", "WizardLM/WizardLM-13B-V1.2")):
    table = plain_table("")
    table.add_column("candidate", overflow="fold")
    for heading in FIGURES:
        table.add_column(heading, justify="right", no_wrap=heading == "outcomes")
    for name in names:
        table.add_row("●", name, *FIGURES.values())
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    return console.file.getvalue()


def test_where_there_is_room_all_is_shown():
    told = printed(100)
    assert all(figure in told for figure in (*FIGURES.values(), "WizardLM/WizardLM-13B-V1.2"))
    assert "No room" not in told


@pytest.mark.parametrize("width", [32, 36, 40, 50, 60])
def test_names_stay_and_no_figure_is_cut(width):
    told = printed(width)
    assert max(map(len, told.splitlines())) <= width
    assert "gpt-5-mini" in told
    assert "…" not in told
    shown = [heading for heading, figure in FIGURES.items() if figure in told]
    assert shown == list(FIGURES)[: len(shown)]
    missing = list(FIGURES)[len(shown) :]
    assert ("No room for" in told) == bool(missing)
    assert all(heading.split()[0] in told for heading in missing)


def test_the_name_stays_however_narrow():
    assert "gpt-5" in printed(12, names=["gpt-5-mini"])
