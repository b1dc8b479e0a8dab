"""Collecting: prompts, grades, judges, designs; interrupted, limited, killed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from crossroute import Answer, Price, read_outcomes
from crossroute.cli import app
from crossroute.collection import (
    GRADERS,
    Collected,
    CollectionSettings,
    JudgeSettings,
    Prompt,
    acollect,
    asked_model,
    collect,
    read_prompts,
)
from crossroute.collection.design import Design
from crossroute.collection.run import Collection
from crossroute.collection.writing import write_collected
from crossroute.errors import DataError

PRICES = {"small": Price(input=1, output=1), "large": Price(input=10, output=10)}
PROMPTS = tuple(
    Prompt(f"What is {n} plus {n}?", "sums" if n % 2 else "doubles", str(2 * n), {"n": n}) for n in range(24)
)


def right(prompt: str) -> str:
    return str(2 * int(prompt.split()[2]))


def small(prompt: str) -> Answer:
    """Knows numbers under ten."""
    said = right(prompt) if int(prompt.split()[2]) < 10 else "unknown"
    return Answer(text=said, input_tokens=10, output_tokens=10)


def large(prompt: str) -> Answer:
    return Answer(text=right(prompt), input_tokens=10, output_tokens=10)


def models(**others):
    made = {"small": small, "large": large, **others}
    return [asked_model(name, model=model, price=PRICES.get(name)) for name, model in made.items()]


def test_each_candidate_answers_each_prompt_once():
    collected = collect(PROMPTS, models())
    outcomes = collected.outcomes
    assert outcomes.pool.names == ("small", "large")
    assert outcomes.quality.mean(axis=0).tolist() == [pytest.approx(10 / 24), 1.0]
    assert outcomes.cost[0].tolist() == [20e-6, 200e-6]
    assert collected.cost == pytest.approx(24 * 220e-6)
    assert set(outcomes.tasks) == {"sums", "doubles"}


def test_an_event_loop_and_async_candidates_serve_as_well():
    async def slow(prompt: str) -> str:
        await asyncio.sleep(0)
        return right(prompt)

    asked = asked_model("slow", model=slow, price=PRICES["small"])
    collected = asyncio.run(acollect(PROMPTS[:3], [asked]))
    assert collected.outcomes.quality.ravel().tolist() == [1, 1, 1]


def test_a_second_run_asks_and_pays_for_nothing(tmp_path):
    first = collect(PROMPTS, models(), folder=tmp_path)

    def refuse(prompt: str) -> str:
        raise AssertionError(prompt)

    again = collect(PROMPTS, models(small=refuse, large=refuse), folder=tmp_path)
    assert again.cost == pytest.approx(first.cost)
    assert again.outcomes.quality.tolist() == first.outcomes.quality.tolist()


def test_the_limit_holds_for_all_candidates_together_and_over_runs(tmp_path):
    settings = CollectionSettings(limit=10 * 220e-6, concurrency=2)
    for _ in range(2):
        limited = collect(PROMPTS, models(), folder=tmp_path, settings=settings)
        assert limited.cost <= 10 * 220e-6
        assert "limit" in limited.stopped
        assert 0 < len(limited.rows) < 48
    assert not collect(PROMPTS, models(), folder=tmp_path).stopped


def test_one_candidate_that_fails_lets_the_others_end(tmp_path):
    def broken(prompt: str) -> str:
        raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        collect(PROMPTS, models(small=broken), folder=tmp_path)
    kept = (tmp_path / "large.jsonl").read_text().splitlines()
    assert len(kept) == 24


KILLED = """
import time
from crossroute import Answer, Price
from crossroute.collection import asked_model, collect, read_prompts

def slow(prompt):
    with open("paid", "a") as file:
        file.write(prompt + "\\n")
    time.sleep(0.01)
    return Answer(text="1", input_tokens=1, output_tokens=1)

model = asked_model("slow", model=slow, price=Price(input=1, output=1))
from crossroute.collection import CollectionSettings
from pathlib import Path
collect(read_prompts("prompts.txt"), [model], folder=Path("kept"), settings=CollectionSettings(concurrency=1))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_goes_on_and_pays_at_most_for_what_was_under_way(tmp_path):
    (tmp_path / "prompts.txt").write_text("".join(f"prompt {n}\n" for n in range(60)))
    process = subprocess.Popen([sys.executable, "-c", KILLED], cwd=tmp_path)
    paid = tmp_path / "paid"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (paid.exists() and len(paid.read_text().splitlines()) >= 10):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = paid.read_text().splitlines()
    assert 10 <= len(before) < 60
    subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=True)
    asked = paid.read_text().splitlines()
    assert set(asked) == {f"prompt {n}" for n in range(60)}
    assert len(asked) <= 61  # the one call under way at most


@pytest.mark.parametrize(
    ("kind", "answer", "reference", "quality"),
    [
        ("exact", "The Answer is no.", "no", 0),
        ("exact", "No.", "no", 1),
        ("exact", "**B**", ["a", "b"], 1),
        ("number", "So it is 1,250 in all.", 1250, 1),
        ("choice", "(C) because", "C", 1),
        ("contains", "It is in Oslo, I think.", ["Oslo", "Bergen"], 1),
        ("json", '{"a": 1, "b": 3}', {"a": 1, "b": 2}, 0.5),
        (
            "code",
            "```python\ndef f(x):\n    return x + 1\n```",
            ["assert f(1) == 2", "assert f(1) == 3"],
            0.5,
        ),
        ("code", "def f(:", "assert True", 0),
    ],
)
def test_grades(kind, answer, reference, quality):
    prompt = Prompt("?", reference=reference)
    graded = collect([prompt], [asked_model("m", model=lambda _: answer, price=PRICES["small"])], grade=kind)
    assert graded.outcomes.quality[0, 0] == quality


def test_code_that_hangs_or_reads_the_environment_is_worth_nothing(monkeypatch):
    monkeypatch.setattr("crossroute.collection.grading.TEST_SECONDS", 1)
    monkeypatch.setenv("SECRET_OF_MINE", "x")
    grade = GRADERS["code"]
    assert grade("while True:\n    pass", "pass") == 0
    assert grade("import os", "assert 'SECRET_OF_MINE' in os.environ") == 0


def test_a_reference_that_does_not_fit_is_named():
    for kind, reference in (("number", "many"), ("choice", "Paris"), ("json", "{")):
        with pytest.raises(DataError, match=f"is not a {kind}. Correct it, or choose another grader"):
            collect([Prompt("?", reference=reference)], models(), grade=kind)


def test_a_grader_of_ones_own_sees_the_line():
    graded = collect(PROMPTS[:4], models()[:1], grader=lambda answer, line: line["n"] / 4)
    assert graded.outcomes.quality.ravel().tolist() == [0, 0.25, 0.5, 0.75]


def judge(text: str) -> str:
    """Knows the sums, and prefers what stands first where it does not."""
    parts = text.split("\n\n")
    asked = next(part for part in parts if part.startswith("Question:")).splitlines()[1]
    said = [part.splitlines()[1] for part in parts if part.startswith("Answer")]
    is_right = [one == right(asked) for one in said]
    if len(said) == 1:
        return f"Fine.\n{9 if is_right[0] else 2}/10"
    return "Better is\n" + ("1" if is_right[0] >= is_right[1] else "2")


@pytest.mark.parametrize("way", ["rubric", "pairwise"])
def test_a_judge_grades_what_no_reference_does_and_its_agreement_is_told(way):
    prompts = [p if n % 2 else Prompt(p.text, p.task) for n, p in enumerate(PROMPTS)]
    asked = asked_model("judge", model=judge, price=PRICES["small"])
    collected = collect(prompts, models(), judge=asked, judging=JudgeSettings(way=way, samples=2))
    assert collected.outcomes.observed.all()
    assert collected.ungraded == 0
    assert collected.agreement.answers == 24
    assert collected.agreement.calibrated
    assert collected.agreement.ordered == 1.0
    by_judge = collected.outcomes.quality[::2].mean(axis=0)
    if way == "rubric":
        assert by_judge.tolist() == pytest.approx([10 / 24, 1.0], abs=0.1)  # as the references would
        assert collected.agreement.alike == 1.0
    else:
        assert by_judge[1] > by_judge[0]


def test_two_positions_cancel_a_judge_that_prefers_the_first():
    asked = asked_model("judge", model=lambda _: "1", price=PRICES["small"])
    prompts = [Prompt("One?"), Prompt("Two?")]
    talkers = [asked_model(n, model=lambda _: "yes", price=PRICES["small"]) for n in "abc"]
    collected = collect(prompts, talkers, judge=asked, judging=JudgeSettings(way="pairwise"))
    assert (collected.outcomes.quality == 0.5).all()
    assert collected.agreement is None


def test_what_nothing_grades_is_counted_and_kept(tmp_path):
    prompts = [Prompt("What is 1 plus 1?"), PROMPTS[2]]
    collected = collect(prompts, models()[:1], folder=tmp_path)
    assert (collected.ungraded, len(collected.rows)) == (1, 1)
    renamed = [Prompt(PROMPTS[1].text, "renamed", "2"), Prompt("It is 4 ?", reference="8")]
    again = collect(renamed, models()[:1], folder=tmp_path)
    assert again.outcomes.tasks == ("renamed", "own")
    assert len((tmp_path / "small.jsonl").read_text().splitlines()) == 3  # asked once, whatever it is called


def test_how_many_prompts_nothing_will_grade_is_known_before_any_is_asked():
    prompts, pool = [Prompt("What is 1 plus 1?"), PROMPTS[2]], models()[:1]
    assert Collection(prompts, pool).ungradable == 1
    assert Collection(prompts, pool, judge=pool[0]).ungradable == 0
    assert Collection(prompts, pool, grader=lambda answer, line: 1.0).ungradable == 0


def hashed(name: str, prompt: str, chance: float) -> bool:
    return int.from_bytes(hashlib.sha256(f"{name}{prompt}".encode()).digest()[:4], "big") / 2**32 < chance


def test_a_design_asks_half_and_spends_it_where_the_choice_is_open():
    kinds = {
        "Translate the sentence into French": (0.95, 0.5, 0.1),
        "Prove that the number": (0.5, 0.95, 0.1),
    }
    prompts = [Prompt(f"{kind} {n} {'x' * (n % 7)}", kind, "yes") for kind in kinds for n in range(60)]
    chances = {p.text: kinds[p.task] for p in prompts}

    def stand_in(column: int, name: str):
        def ask(prompt: str) -> Answer:
            is_right = hashed(name, prompt, chances[prompt][column])
            return Answer(text="yes" if is_right else "no", input_tokens=10, output_tokens=10)

        return asked_model(name, model=ask, price=Price(input=1, output=(1, 1, 20)[column]))

    pool = [stand_in(column, name) for column, name in enumerate(("a", "b", "dear"))]
    collected = collect(prompts, pool, design=Design(share=0.5))
    observed = collected.outcomes.observed
    assert 0.4 * 360 <= observed.sum() <= 0.5 * 360
    share_of_dear = observed[:, 2].sum() / observed.sum()
    assert share_of_dear < 0.25  # bad and dear: it is soon left alone
    quality = collected.outcomes.quality
    tasks = np.array(collected.outcomes.tasks)
    for kind, (a, b, _) in kinds.items():
        mean = np.nanmean(quality[tasks == kind], axis=0)
        assert (mean[0] > mean[1]) == (a > b)
    (none, now), *_, (rest, best) = collected.accuracy
    assert none == 0 < rest < 360 * 2e-4
    assert 0 < best < now < 0.3  # further answers make it surer


def test_what_dollars_buy_is_told_before_anything_is_asked():
    prompts = [Prompt(f"Prompt {n}", None, "yes") for n in range(40)]
    pool = [asked_model(name, model=lambda _: "yes", price=Price(input=1, output=1)) for name in ("a", "b")]
    collection = Collection(prompts, pool, design=Design())
    usd, half = zip(*collection.accuracy(), strict=True)
    assert usd[0] == 0
    assert all(np.diff(half) < 0)
    # a spread of 0.4, by what 4 answers would weigh
    assert half[0] == pytest.approx(1.96 * 0.4 / 2, rel=0.01)
    assert Collection(prompts, pool).accuracy() == ()


def test_more_dollars_buy_a_smaller_error():
    planner = Design().planner({str(n): f"prompt {n}" for n in range(40)}, PRICES)
    rows = {
        name: [{"query_id": str(n), "quality": float(n % 2), "cost_usd": 0.01} for n in range(6)]
        for name in PRICES
    }
    errors = [planner.accuracy(rows, usd) for usd in (0, 0.1, 1, 10)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.5 * errors[0]


@pytest.mark.parametrize("name", ["o.parquet", "o.jsonl", "o.csv", "folder"])
def test_what_is_written_is_read(tmp_path, name):
    collected = collect(PROMPTS, models())
    write_collected(tmp_path / name, collected)
    outcomes = read_outcomes(tmp_path / name)
    assert outcomes.quality.tolist() == collected.outcomes.quality.tolist()
    with pytest.raises(ValueError, match=r"expected a name that ends in \.parquet"):
        write_collected(tmp_path / "o.xlsx", collected)


def test_prompts_are_read_from_tables_and_lines(tmp_path):
    (tmp_path / "p.csv").write_text("question,answer,task\nOne?,1,a\nTwo?,2,b\nOne?,1,a\n")
    prompts = read_prompts(tmp_path / "p.csv", reference="answer")
    assert [(p.text, p.task, p.reference) for p in prompts] == [("One?", "a", "1"), ("Two?", "b", "2")]
    (tmp_path / "p.txt").write_text("One?\n\nTwo?\n")
    assert [p.text for p in read_prompts(tmp_path / "p.txt")] == ["One?", "Two?"]
    with pytest.raises(
        DataError, match=r"no column 'answr' among question, answer, task\. Name another with --ref"
    ):
        read_prompts(tmp_path / "p.csv", reference="answr")
    with pytest.raises(DataError, match="no column 'ask' among"):
        read_prompts(tmp_path / "p.csv", text="ask")


def test_seconds_are_what_is_paid():
    def slow(prompt: str) -> Answer:
        time.sleep(0.02)
        return small(prompt)

    asked = asked_model("slow", model=slow, usd_per_second=2.0)
    outcomes = collect(PROMPTS[:3], [asked]).outcomes
    np.testing.assert_allclose(outcomes.cost, 2 * outcomes.latency, rtol=0.5)
    assert (outcomes.cost >= 0.04).all()


def test_a_price_that_nobody_knows_is_asked_for():
    with pytest.raises(ValueError, match=r"No price is known for 'mine'\. State it: --price mine="):
        asked_model("mine", model=small)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "stand_ins.py").write_text("def parrot(text):\n    return 'I am gpt-one'\n")
    (tmp_path / "prompts.jsonl").write_text('{"prompt": "Who are you?", "answer": "I am gpt-one"}\n' * 2)
    yield tmp_path
    sys.modules.pop("stand_ins", None)


def test_the_command_line_asks_any_spelling(folder, server, monkeypatch):
    pytest.importorskip("langchain_openai")
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai)
    spelled = (
        f"openai:gpt-5-mini,gpt-one={server.openai},other={server.openai}#gpt-two,parrot=stand_ins:parrot"
    )
    words = ["collect", "prompts.jsonl", "--reference", "answer", "--candidates", spelled, "--out", "o.jsonl"]
    told = CliRunner().invoke(app, [*words, "--price", "parrot=0/0", "--estimate"])
    assert told.exit_code == 0, told.exception
    assert not Path("o.jsonl").exists()
    done = CliRunner().invoke(app, [*words, "--price", "parrot=0/0", "--limit", "1"])
    assert done.exit_code == 0, done.exception
    rows = {row["candidate"]: row for row in map(json.loads, Path("o.jsonl").read_text().splitlines())}
    assert {name: row["quality"] for name, row in rows.items()} == {
        "openai:gpt-5-mini": 0,
        "gpt-one": 1,
        "other": 0,
        "parrot": 1,
    }
    assert rows["other"]["answer"] == "I am gpt-two"
    assert rows["openai:gpt-5-mini"]["cost_usd"] > 0


def test_the_command_line_says_what_is_missing(folder):
    for words, told in (
        (["--candidates", "parrot=stand_ins:parrot"], "No price is known for 'parrot'"),
        (["--candidates", "parrot=stand_ins:nobody", "--price", "parrot=0/0"], "has no 'nobody'"),
        ([], "Give the candidates either with --candidates"),
    ):
        done = CliRunner().invoke(app, ["collect", "prompts.jsonl", "--out", "o.jsonl", *words])
        assert told in str(done.exception)


def test_collected_shows_no_answer():
    assert "unknown" not in repr(collect(PROMPTS, models()))
    assert isinstance(collect(PROMPTS[:1], models()), Collected)


def test_a_grader_that_fails_loses_no_answer_and_asks_for_none_twice(tmp_path):
    asked = []

    def counted(prompt: str) -> str:
        asked.append(prompt)
        return right(prompt)

    def wrong(answer: str, fields: dict[str, object]) -> float:
        return fields["no such column"]

    one = [asked_model("small", model=counted, price=PRICES["small"])]
    settings = CollectionSettings(concurrency=1)
    with pytest.raises(ValueError, match="The grader raised KeyError: 'no such column'"):
        collect(PROMPTS, one, folder=tmp_path, settings=settings, grader=wrong)
    assert len(asked) == 1
    assert len(collect(PROMPTS, one, folder=tmp_path, settings=settings).rows) == 24
    assert len(asked) == len(set(asked)) == 24


def test_what_is_no_answer_is_refused_and_not_asked_for_again():
    asked = []

    def nothing(prompt: str) -> None:
        asked.append(prompt)

    with pytest.raises(TypeError, match="must return a str or an Answer, got NoneType"):
        collect(PROMPTS, models(small=nothing), settings=CollectionSettings(concurrency=1))
    assert len(asked) == 1


def test_a_grade_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="Unknown grade 'exakt'; expected one of exact, number"):
        collect(PROMPTS, models(), grade="exakt")


def test_a_wait_is_told_with_its_reason(caplog, monkeypatch):
    monkeypatch.setattr("crossroute.profiler.run.TOLD_S", 0.0)
    monkeypatch.setattr("crossroute.profiler.run.wait_random_exponential", lambda **_: lambda state: 0.0)
    failing = iter([ConnectionError("refused, key sk-abcdefghijklmnop1234")])

    def flaky(prompt: str) -> str:
        for error in failing:
            raise error
        return right(prompt)

    collect(PROMPTS[:1], models(small=flaky))
    [told] = [record.getMessage() for record in caplog.records if record.name == "crossroute.profiler"]
    assert told.startswith("small: ConnectionError: refused, key [removed]. Asking again in 0 s (2 of 8)")


def test_two_references_of_one_prompt_are_refused(tmp_path):
    (tmp_path / "prompts.jsonl").write_text(
        '{"text": "Why?", "reference": "a"}\n{"text": "Why?", "reference": "b"}\n'
    )
    with pytest.raises(DataError, match=r"line 2: the reference of 'Why\?' is 'b', and was 'a' before"):
        read_prompts(tmp_path / "prompts.jsonl")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_prompts_are_read_with_any_separator_and_any_names(tmp_path, separator):
    lines = [["prompt", "answer"], ["What is 2, and 2?", "4"]]
    (tmp_path / "prompts.csv").write_text("\ufeff" + "\n".join(separator.join(line) for line in lines))
    [prompt] = read_prompts(tmp_path / "prompts.csv", reference="answer")
    assert (prompt.text, prompt.reference) == ("What is 2, and 2?", "4")


def test_a_fault_names_its_candidate_as_it_is_written(folder):
    (folder / "faulty.py").write_text("def ask(prompt):\n    raise RuntimeError('broken')\n")
    told = CliRunner().invoke(
        app,
        [
            "collect",
            "prompts.jsonl",
            "--candidates",
            "my:x:1=faulty:ask",
            "--price",
            "my:x:1=0/0",
            "--out",
            "o.jsonl",
        ],
    )
    assert "my:x:1: RuntimeError: broken" in str(told.exception)
