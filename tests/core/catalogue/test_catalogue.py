"""The catalogue: what it holds, that it is what the script writes, and that it never confuses."""

import csv
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.candidate import Pool, Price
from crossroute.catalogue import Catalogue, Entry
from crossroute.errors import UnknownCandidateError, UnknownModelError
from crossroute.profiler.scores import BENCHMARKS as BENCHMARKS_KNOWN

CATALOGUE = Catalogue.bundled()
BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
UNLIKE = (
    *("-vision", "-audio", "-audio-preview", "-realtime", "-transcribe", "-tts", "-search-preview", "-base"),
    *("-instruct-v9", "-2031-01-01", "-20310101", "-abliterated", "-lora", "-code-lora", ":online", ":batch"),
    *("-mini", "-nano", "-pro", "-x", "x", "-q2_k", ":latest-9", "-distill"),
)


def test_it_holds_at_least_a_hundred_candidates_with_evidence_price_and_source():
    measured = [entry for entry in CATALOGUE if entry.sources]
    assert len(measured) >= 100
    assert sum(entry.price is not None for entry in measured) >= 130
    for entry in measured:
        assert entry.evidence == sum(entry.sources.values()) > 0
        assert set(entry.sources) == set(entry.recorded_as)


def test_it_holds_every_model_of_the_facts_that_has_a_price():
    with (BENCHMARKS / "model_facts.csv").open() as file:
        stated = {row["name"]: row for row in csv.DictReader(file) if row["price_in"]}
    assert len(stated) > 500
    for name, row in stated.items():
        entry = CATALOGUE[name]
        assert (entry.maker, entry.open_weights) == (row["maker"], row["open"] == "yes")
        assert entry.price.input == pytest.approx(float(row["price_in"]))
        assert entry.price.output == pytest.approx(float(row["price_out"]))


def test_each_price_says_where_it_comes_from_and_when():
    for entry in CATALOGUE:
        if entry.price:
            assert entry.price.source
            assert entry.price.as_of is not None


def test_published_scores_say_where_they_stand_and_are_of_models_without_outcomes():
    scored = [entry for entry in CATALOGUE if entry.scores]
    assert len(scored) >= 5
    for entry in scored:
        assert set(entry.scores) <= set(BENCHMARKS_KNOWN)
        assert re.search(r"[a-z]\.[a-z]{2,}/?.*; read \d{4}-\d\d-\d\d$", entry.scores_from)
        assert not entry.sources
        assert entry.writes_like is None or CATALOGUE[entry.writes_like].sources


def test_the_models_that_newcomers_have_are_in_it():
    for name in ("gpt-5-mini", "claude-sonnet-4", "gemini-2.5-flash", "qwen3-8b", "llama-3.3-70b-instruct"):
        entry = CATALOGUE.resolve(name).entry
        assert entry.price
        assert entry.context_window


def test_it_makes_a_pool():
    pool = Pool(entry.candidate for entry in CATALOGUE)
    assert pool["gpt-4o-mini-2024-07-18"].name == "gpt-4o-mini"
    assert pool["gpt-4o-mini"].price == CATALOGUE["gpt-4o-mini"].price


def test_it_is_small():
    path = Path(sys.modules["crossroute.catalogue"].__file__ or "").with_name("catalogue.json")
    assert path.stat().st_size < 200_000
    held = json.loads(path.read_text("utf-8"))
    assert held.keys() == {"candidates", "price_lists", "refused", "left_out"}


@pytest.mark.data
def test_the_script_writes_what_is_there(shared_data):
    if f"genai-prices {version('genai-prices')}" not in CATALOGUE["gpt-5-mini"].price.source:
        pytest.skip("the catalogue was built with another genai-prices")
    command = [sys.executable, str(BENCHMARKS / "build_catalogue.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("suffix", UNLIKE)
def test_what_is_added_to_a_name_is_never_ignored(suffix):
    for entry in CATALOGUE:
        for spelling in (entry.name, *entry.aliases):
            found = CATALOGUE.find(spelling + suffix)
            assert found is None or found.entry is not entry


def test_a_fine_tune_is_no_model_of_the_catalogue():
    for entry in CATALOGUE:
        for spelling in (f"ft:{entry.name}:acme::1", f"acme/{entry.name}", f"azure/acme/{entry.name}"):
            assert CATALOGUE.find(spelling) is None


def test_a_maker_serves_its_own_models_only():
    for entry in CATALOGUE:
        for provider in {"anthropic", "deepseek", "xai", "google_genai"} - {entry.maker}:
            if (provider, entry.maker) not in {("xai", "x-ai"), ("google_genai", "google")}:
                assert CATALOGUE.find(f"{provider}:{entry.name}") is None


@given(st.text(max_size=40))
def test_any_text_is_resolved_or_refused(text):
    found = CATALOGUE.find(text)
    assert found is None or found.entry is CATALOGUE[found.entry.name]


@given(st.sampled_from([entry.name for entry in CATALOGUE]), st.data())
def test_a_slip_of_the_finger_never_lands_on_the_model_it_came_from(name, data):
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"))
    slip = name[:place] + letter + name[place + 1 :]
    found = CATALOGUE.find(slip)
    assert slip == name or found is None or found.entry.name != name


def test_number_formats_are_for_open_weights_alone():
    assert CATALOGUE.find("llama-3.1-8b-instruct-awq").entry.name == "llama-3.1-8b-instruct"
    assert CATALOGUE.find("gpt-4o-mini-awq") is None


def test_the_nearest_names_come_first():
    assert CATALOGUE.nearest("openai:gpt-5-mimi")[0] == "gpt-5-mini"
    assert CATALOGUE.nearest("anthropic/claude-sonet-4")[0] == "claude-sonnet-4"
    assert CATALOGUE.nearest("claude-4.5-sonnet")[0] == "claude-sonnet-4-5"
    assert CATALOGUE.nearest("gpt5.5")[0] == "gpt-5.5"
    assert CATALOGUE.nearest("zzzzzzzzzzzz") == ()


def test_the_nearest_names_are_of_the_same_family():
    assert all("kimi" in name for name in CATALOGUE.nearest("kimi-latest"))
    assert all("opus" in name for name in CATALOGUE.nearest("opus"))


@pytest.mark.parametrize(
    ("spelling", "remedy"),
    [
        ("gpt-5.5-high", "behind an @: 'gpt-5.5@high'"),
        ("openai/gpt-5.5 (xhigh)", "behind an @: 'openai/gpt-5.5@xhigh'"),
        ("claude-opus-4-5-thinking-32k", "behind an @: 'claude-opus-4-5@32k'"),
        ("vertex_ai/claude-opus-5-5@20261001", "'vertex_ai/claude-opus-5-5' names the known one"),
        ("gpt-5-mini-2025-08-08", "no version of gpt-5-mini of that date is known"),
        ("codestral-latest", "it moves from model to model"),
        ("azure/gpt-5-mini-prod", "name the candidate after the model"),
    ],
)
def test_a_refusal_says_what_to_write_instead(spelling, remedy):
    with pytest.raises(UnknownModelError) as refusal:
        CATALOGUE.resolve(spelling)
    assert remedy in str(refusal.value)


@pytest.mark.parametrize("path", ["/srv/models/", "~/", "./", "C:\\models\\", "D:/gguf/"])
def test_a_file_of_weights_is_a_model_of_ones_own(path):
    found = CATALOGUE.find(f"{path}Qwen3-8B-Q4_K_M.gguf")
    assert (found.entry.name, found.free) == ("qwen3-8b", True)
    assert CATALOGUE.find(f"{path}gpt-5.5.gguf") is None


def test_names_that_are_not_alike_are_not_suggested():
    error = UnknownCandidateError("zzzzzzzzz", tuple(entry.name for entry in CATALOGUE))
    assert f"knows {len(CATALOGUE)} others, none alike" in str(error)


def test_the_command_in_a_refusal_can_be_pasted():
    with pytest.raises(UnknownModelError, match="crossroute profile 'my model; v2'"):
        CATALOGUE.resolve("my model; v2")


def test_a_search_finds_by_every_word():
    found = {entry.name for entry in CATALOGUE.search("Anthropic zeroeval haiku")}
    assert found == {"claude-3-haiku", "claude-3-5-haiku"}
    assert CATALOGUE.search("nothing-of-the-kind") == []


def test_an_unknown_model_is_a_lookup_error():
    with pytest.raises(UnknownCandidateError) as raised:
        CATALOGUE.resolve("gpt-9")
    assert isinstance(raised.value, UnknownModelError)
    assert isinstance(raised.value, LookupError)
    assert "gpt-5" in raised.value.nearest


def test_two_models_may_not_share_a_spelling():
    one, two = Entry(name="one", maker="a"), Entry(name="two", maker="a", aliases=("ONE",))
    with pytest.raises(ValueError, match="Two models answer to 'one'"):
        Catalogue([one, two])


def test_a_prefix_may_say_which_of_two_is_meant():
    old = Entry(name="m-1", maker="meta", aliases=("groq/m",))
    new = Entry(name="m-2", maker="meta", aliases=("together_ai/m",))
    catalogue = Catalogue([old, new], {"m": "two models share it"})
    assert catalogue.find("groq/m").entry is old
    assert catalogue.find("together_ai/m").entry is new
    with pytest.raises(UnknownModelError, match="two models share it"):
        catalogue.resolve("m")


def test_an_entry_becomes_a_candidate():
    entry = Entry(
        name="m",
        maker="meta",
        price=Price(input=1, output=2),
        context_window=5,
        capabilities={"tools"},
        aliases=("n",),
    )
    candidate = entry.candidate
    assert (candidate.name, candidate.aliases, candidate.profile) == ("m", ("n",), None)
    assert (candidate.price, candidate.context_window) == (Price(input=1, output=2), 5)
    assert candidate.capabilities == {"tools"}
