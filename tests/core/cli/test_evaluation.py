"""crossroute evaluate: which candidates are meant, and what the outcomes leave unsaid."""

import json

import pytest
from typer.testing import CliRunner

from crossroute import Candidate, Outcomes, Router, cli
from crossroute.cli import shared
from crossroute.errors import DataError, UnknownCandidateError
from crossroute.tokens import estimate_tokens


def invoke(*arguments):
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    if done.exception:
        raise done.exception
    return done.stdout


def figures(*arguments, folder):
    path = folder / "figures.json"
    invoke("evaluate", *arguments, "--out", path)
    return json.loads(path.read_text())


def rows(*names, queries=40, **fields):
    """Rows of a weak candidate and a strong one that state their tokens."""
    for row in range(queries):
        text = f"What is {row} plus {row + 1}?"
        for place, name in enumerate(names):
            quality = float(place == 1 or row % 3 == 0)
            written = 20 + row
            yield {
                "text": text,
                "split": "test",
                "candidate": name,
                "quality": quality,
                "input_tokens": estimate_tokens(text),
                "output_tokens": written,
                "cost_usd": (1 + 10 * place) * written / 1e6,
                **fields,
            }


def write(path, found):
    path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return path


@pytest.mark.parametrize("spelled", ["gpt-4o", "openai:gpt-4o", "gpt-4o-2024-08-06"])
def test_a_candidate_is_evaluated_under_any_of_its_names(spelled, tmp_path):
    path = write(tmp_path / "rows.jsonl", rows("openai/gpt-4o-mini", spelled))
    found = figures("universal", path, folder=tmp_path)
    assert found["best_single"] == spelled
    assert list(found["routers"]["CrossRoute"]["shares"]) == ["openai/gpt-4o-mini", spelled]


def test_costs_are_foreseen_at_the_prices_that_were_paid(tmp_path):
    def off(times):
        paid = [{**row, "cost_usd": times * row["cost_usd"]} for row in rows("gpt-4o-mini", "gpt-4o")]
        found = figures("universal", write(tmp_path / "rows.jsonl", paid), folder=tmp_path)
        return found["routers"]["CrossRoute"]["cost_factor"]

    assert off(1000) == pytest.approx(off(1), rel=1e-3)


def test_a_candidate_that_the_router_does_not_know_is_told(saved, tmp_path):
    path = write(tmp_path / "rows.jsonl", rows("small", "huge"))
    with pytest.raises(UnknownCandidateError, match=r"'huge'.*'large'"):
        invoke("evaluate", saved, path)


def test_rows_of_tokens_alone_cost_what_the_router_charges(saved, tmp_path):
    path = write(tmp_path / "rows.jsonl", rows("lab/small", "large", cost_usd=None))
    found = figures(saved, path, "--priced-only", folder=tmp_path)
    read = sum(estimate_tokens(f"What is {row} plus {row + 1}?") for row in range(40)) / 40
    assert found["candidates"]["lab/small"]["cost"] == pytest.approx((read * 0.1 + 39.5 * 0.2) / 1e6)
    assert found["candidates"]["large"]["cost"] == pytest.approx((read * 10 + 39.5 * 30) / 1e6)


@pytest.mark.parametrize("options", [(), ("--baselines",)])
def test_an_empty_split_is_told(options, saved, tmp_path):
    path = write(tmp_path / "rows.jsonl", rows("small", "large", split="train"))
    with pytest.raises(DataError, match=r"No query is in the test split of .*rows\.jsonl.*--split"):
        invoke("evaluate", saved, path, *options)
    if options:
        with pytest.raises(DataError, match=r"No query is in the validation split .*leave out --baselines"):
            invoke("evaluate", saved, path, "--split", "train", *options)


def test_a_candidate_is_known_by_an_alias_of_the_outcomes(tmp_path):
    columns = {"query_id": [], "candidate": [], "quality": []}
    queries = {}
    for row in rows("mine", "gpt-4o"):
        queries[row["text"]] = {"query_id": row["text"], "text": row["text"], "split": "test"}
        for name, value in {**row, "query_id": row["text"]}.items():
            if name not in ("text", "split"):
                columns.setdefault(name, []).append(value)
    candidates = [Candidate(name="mine", aliases=("openai:gpt-4o-mini",))]
    Outcomes.from_rows(list(queries.values()), columns, candidates).write(tmp_path / "set")
    found = figures("universal", tmp_path / "set", folder=tmp_path)
    assert list(found["routers"]["CrossRoute"]["shares"]) == ["mine", "gpt-4o"]
    assert (
        shared.read([tmp_path / "set"], None, router=Router.from_pretrained("universal")).pool["mine"].price
    )
