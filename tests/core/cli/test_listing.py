"""The rows of `crossroute candidates`."""

from io import StringIO

from rich.console import Console

from crossroute.candidate import Candidate, Pool, Price, Profile
from crossroute.cli.listing import build_table, list_catalogue, list_pool, search_rows

PROFILE = Profile(quality=(0.5, 0.9), log_tokens=(1, 1), evidence=(10, 30))
POOL = Pool(
    [
        Candidate(name="openai/gpt-4o-mini", price=Price(input=1, output=2), profile=PROFILE),
        Candidate(name="mine", capabilities={"vision"}, context_window=32_000),
    ]
)


def shown(rows) -> str:
    console = Console(width=120, record=True, file=StringIO())
    console.print(build_table(rows))
    return console.export_text()


def test_a_pools_evidence_is_its_profiles_and_its_sources_the_routers():
    first, second = list_pool(POOL, {"openai/gpt-4o-mini": {"zeroeval": 40}})
    assert (first.outcomes, first.sources) == (40, {"zeroeval": 40})
    assert "gpt-4o-mini-2024-07-18" in first.aliases
    assert (second.outcomes, second.sources, second.entry) == (0, {}, None)


def test_the_catalogues_evidence_is_what_is_recorded():
    rows = {row.candidate.name: row for row in list_catalogue()}
    assert rows["gpt-5"].sources["frontier-2025"] == 33
    assert rows["gpt-5"].outcomes == sum(rows["gpt-5"].sources.values()) > 33
    assert rows["gpt-5.1"].outcomes == 0


def test_a_spelling_finds_its_model_and_words_find_the_rest():
    rows = list_catalogue()
    assert [row.candidate.name for row in search_rows(rows, "openai:gpt-4o")] == ["gpt-4o-2024-08-06"]
    assert {row.candidate.name for row in search_rows(rows, "x-ai grok")} > {"grok-4", "grok-4.7"}
    assert [row.candidate.name for row in search_rows(list_pool(POOL, {}), "vision")] == ["mine"]
    assert search_rows(rows, "gpt-99") == []


def test_a_record_is_plain_data_with_its_evidence():
    record = list_pool(POOL, {})[0].record()
    assert record["name"] == "openai/gpt-4o-mini"
    assert record["outcomes"] == 40
    assert record["profile"]["evidence"] == [10, 30]


def test_a_table_shows_what_is_known_and_leaves_out_what_nobody_knows():
    text = shown(list_pool(POOL, {}))
    for part in ("openai/gpt-4o-mini", "1/2", "32k", "0.800", "40", "V", "2 candidates"):
        assert part in text
    assert "From:" not in text  # nor explains a column that is not there
    assert "from" not in text
    assert "quality" not in shown(list_catalogue())
