"""What notebooks show: the tables of the console as HTML, escaped, wide ones scrolling by themselves."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from crossroute import Candidate, Pool, Price, Router
from crossroute.calls.spend import Spend, Usage
from crossroute.tables import list_names, plain_table, to_html, to_page

PRICE = Price(input=1, output=2)


class Cells(HTMLParser):
    """The texts of a page's cells, and whether all of its tags are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


@pytest.fixture(scope="module")
def router():
    return Router.from_pretrained("universal").subset(["gpt-5-mini", "claude-opus-4-5"])


def test_a_pool_lists_its_candidates():
    pool = Pool([Candidate(name="<b>", price=PRICE), Candidate(name="plain", price=PRICE)])
    page = Cells(pool._repr_html_())
    assert page.open == []
    assert "<b>" in page.cells  # as text
    assert "plain" in page.cells
    assert repr(pool) == "Pool(<b>, plain)"


def test_a_router_says_what_it_holds(router):
    page = router._repr_html_()
    assert {"gpt-5-mini", "claude-opus-4-5"} <= set(Cells(page).cells)
    assert "Text encoder: static" in page
    assert repr(router) == "Router(gpt-5-mini, claude-opus-4-5; encoder='static')"
    assert "535 in all" in repr(Pool(Candidate(name=str(n)) for n in range(535)))


def test_a_decision_marks_the_chosen_candidate(router):
    decision = router.route("What is 2 + 2?")
    page = decision._repr_html_()
    chosen = next(row for row in page.split("<tr") if "font-weight:bold" in row)
    assert decision.candidate in chosen
    assert "overflow-x:auto" in page
    assert Cells(page).open == []
    assert repr(decision).startswith(f"Decision({decision.candidate!r}, quality=0.")
    assert repr(decision).endswith(f", of 2; id={decision.id!r})")


def test_spend_lists_what_calls_took():
    spend = Spend()
    assert repr(spend) == "Spend($0; calls: none)"
    spend.add("small", Usage(input_tokens=1_000, output_tokens=100), PRICE)
    spend.add("large", Usage(input_tokens=1_000_000), PRICE)
    cells = Cells(spend._repr_html_()).cells
    assert [cell for cell in cells if cell in ("small", "large", "all")] == ["large", "small", "all"]
    assert repr(spend) == "Spend($1.001; calls: large 1, small 1)"


def test_titles_captions_and_styles_are_kept():
    table = plain_table("name", title="[b]A[/b] & B", caption="c")
    table.add_row("faint", style="dim")
    page = to_html([table, "last [red]line[/]"])
    assert "<b>A &amp; B</b>" in page
    assert "opacity" in page
    assert page.endswith("<p>last line</p>")


def test_many_names_are_cut():
    assert list_names("abc") == "a, b, c"
    assert list_names("abcdefgh") == "a, b, c, d, e, f, ... 8 in all"


def test_a_page_of_its_own_holds_the_table_and_asks_for_nothing():
    table = plain_table("name", caption="all")
    table.add_row("<small>")
    page = to_page("A & B", table)
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>A &amp; B</title>" in page
    assert "&lt;small&gt;</td>" in page
    assert "http" not in page
    assert page.endswith("</body></html>\n")
