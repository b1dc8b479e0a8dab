"""Logs of evaluations: those that the tools wrote here, and one of each other layout."""

from __future__ import annotations

import json
import random
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossroute.data.readers import read_outcomes
from crossroute.errors import DataError, DataWarning

REAL = Path(__file__).parent / "real"
"""What lm_eval 0.4.13, inspect_ai 0.3.285, promptfoo 0.121 and deepeval 4.3 wrote of a local server's answers."""

quiet = pytest.mark.filterwarnings("ignore::crossroute.errors.DataWarning")


def written(path: Path, data: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = data if path.suffix == ".jsonl" else [data]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_lm_evaluation_harness():
    path = next(REAL.glob("lm_eval/gpt-a/samples_own*"))
    with pytest.warns(
        DataWarning, match="graded by 'exact_match'. Others: exact_match,plain, exact_match,upper"
    ):
        outcomes = read_outcomes(path)
    assert outcomes.pool.names == ("gpt-a",)
    assert outcomes.query_ids == ("own/0", "own/1", "own/2")
    assert outcomes.texts[1] == "Question: What is the capital of France?\nAnswer:"  # out of a chat template
    assert outcomes.quality.ravel().tolist() == [1.0, 0.0, 0.0]
    upper = read_outcomes(path, columns={"quality": "exact_match,upper"})
    assert upper.quality.ravel().tolist() == [0.0, 0.0, 0.0]


@quiet
def test_a_folder_of_a_harness_is_read_as_a_whole():
    outcomes = read_outcomes(REAL / "lm_eval")
    assert set(outcomes.tasks) == {"own", "mc"}
    assert len(outcomes) == 6


def test_inspect():
    with pytest.warns(DataWarning) as told:
        outcomes = read_outcomes(REAL / "inspect_ai")
    assert any("3 rows repeat" in str(one.message) for one in told)  # two epochs
    assert outcomes.pool.names == ("openai/gpt-a", "openai/gpt-b")
    assert outcomes.query_ids == ("capitals/1", "capitals/2", "capitals/long", "small/1")
    assert outcomes.texts[0] == "Who are you?"
    assert outcomes.quality[:3].tolist() == [[1, 0], [0, 0], [1, 1]]
    assert outcomes.input_tokens[0].tolist() == [100, 100]
    assert (outcomes.latency[:3] > 0).all()
    with pytest.warns(DataWarning):
        by_match = read_outcomes(REAL / "inspect_ai" / "capitals-gpt-a.eval", columns={"quality": "match"})
    assert by_match.quality.ravel().tolist() == [1, 0, 0]


def test_a_score_that_a_log_does_not_have_is_named():
    with pytest.raises(DataError, match=r"no column 'mtach' among .*--column quality=match"):
        read_outcomes(REAL / "inspect_ai" / "capitals-gpt-a.eval", columns={"quality": "mtach"})


@quiet
@pytest.mark.parametrize("name", ["results.json", "results.jsonl"])
def test_promptfoo(name):
    outcomes = read_outcomes(REAL / "promptfoo" / name)
    assert set(outcomes.pool.names) == {"b", "openai:chat:gpt-a"}
    column = outcomes.pool.position("openai:chat:gpt-a")
    graded = dict(zip(outcomes.texts, outcomes.quality[:, column].tolist(), strict=True))
    assert graded == {"Answer: Who are you?": 1.0, "Answer: What is the capital of France?": 0.0}
    assert outcomes.output_tokens.ravel().tolist() == [20] * 4
    assert np.isnan(outcomes.cost).all()  # it knows no price of these


@quiet
def test_deepeval():
    outcomes = read_outcomes(REAL / "deepeval" / "test_run.json")
    assert outcomes.pool.names == ("gpt-a",)
    assert outcomes.quality.ravel().tolist() == [1, 0]
    assert outcomes.cost[0, 0] == 0.001
    assert outcomes.latency[0, 0] == 0.5


def test_openai_evals(tmp_path):
    lines = [
        {"spec": {"completion_fns": ["gpt-4o"], "eval_name": "sums.dev.v0", "run_id": "r"}},
        {
            "sample_id": "sums.dev.0",
            "type": "sampling",
            "data": {
                "prompt": [{"role": "system", "content": "Add."}, {"role": "user", "content": "2 + 2"}],
                "sampled": ["4"],
                "usage": {"prompt_tokens": 9, "completion_tokens": 1},
            },
        },
        {
            "sample_id": "sums.dev.0",
            "type": "match",
            "data": {"correct": True, "expected": "4", "picked": "4"},
        },
        {"final_report": {"accuracy": 1.0}},
    ]
    outcomes = read_outcomes(written(tmp_path / "log.jsonl", lines))
    assert (outcomes.pool.names, outcomes.texts, outcomes.tasks) == (
        ("gpt-4o",),
        ("2 + 2",),
        ("sums.dev.v0",),
    )
    assert (outcomes.quality[0, 0], outcomes.input_tokens[0, 0]) == (1.0, 9)


def helm(folder: Path, model: str, mean: float) -> Path:
    def stat(name: str, value: float) -> dict[str, Any]:
        return {"name": {"name": name, "split": "test"}, "count": 1, "sum": value, "mean": value}

    written(folder / "run_spec.json", {"scenario_spec": {"class_name": "helm.mmlu.MMLUScenario"}})
    state = {
        "instance": {"id": "id7", "input": {"text": "What is 2 + 2?"}, "split": "test"},
        "request": {"model": model, "prompt": "Question: What is 2 + 2?"},
        "result": {"request_time": 0.5},
    }
    perturbed = {**state, "instance": {**state["instance"], "perturbation": {"name": "typos"}}}
    written(folder / "scenario_state.json", {"request_states": [state, perturbed]})
    stats = [stat("num_prompt_tokens", 12), stat("exact_match", mean), stat("quasi_exact_match", mean)]
    written(
        folder / "per_instance_stats.json", [{"instance_id": "id7", "train_trial_index": 0, "stats": stats}]
    )
    return folder


@quiet
def test_helm(tmp_path):
    for model, mean in (("openai/gpt-4o", 1.0), ("meta/llama-3-8b", 0.0)):
        helm(tmp_path / model.replace("/", "_"), model, mean)
    outcomes = read_outcomes(tmp_path)
    assert set(outcomes.pool.names) == {"openai/gpt-4o", "meta/llama-3-8b"}
    assert sorted(outcomes.quality.ravel().tolist()) == [0, 1]
    assert (outcomes.tasks, outcomes.texts) == (("MMLUScenario",), ("What is 2 + 2?",))
    assert outcomes.latency.ravel().tolist() == [0.5, 0.5]


LANGSMITH = {
    "id": "r1",
    "run_type": "llm",
    "inputs": {"messages": [[{"type": "human", "content": "Hello"}]]},
    "outputs": {},
    "extra": {"metadata": {"ls_model_name": "gpt-5-mini"}},
    "prompt_tokens": 5,
    "total_cost": 0.25,
    "start_time": "2026-11-01T10:00:00Z",
    "end_time": "2026-11-01T10:00:02.5Z",
    "feedback_stats": {"correctness": {"n": 2, "avg": 0.5}},
}
LANGFUSE = {
    "id": "o1",
    "traceId": "t1",
    "input": [{"role": "user", "content": "Hello"}],
    "output": "Hi",
    "model": "claude-opus-4-5",
    "usageDetails": {"input": 5, "output": 2},
    "totalCost": 0.25,
    "latency": 1.5,
    "scores": [{"name": "helpful", "value": 0.75, "dataType": "NUMERIC"}],
}
ARENA = {
    "global index": "ArcMMLU_12",
    "prompt": "Which planet is red?",
    "prediction": "gpt-4o-mini",
    "generated_result": {"success": True, "token_usage": {"input_tokens": 7, "output_tokens": 3}},
    "cost": 0.25,
    "accuracy": 1.0,
}


@pytest.mark.parametrize(
    ("record", "name", "text", "quality", "latency"),
    [
        (LANGSMITH, "gpt-5-mini", "Hello", 0.5, 2.5),
        ({**LANGSMITH, "feedback": [{"key": "ok", "score": 1}]}, "gpt-5-mini", "Hello", 1.0, 2.5),
        (LANGFUSE, "claude-opus-4-5", "Hello", 0.75, 1.5),
        (ARENA, "gpt-4o-mini", "Which planet is red?", 1.0, None),
    ],
)
def test_records_of_traces_and_arenas(tmp_path, *, record, name, text, quality, latency):
    forms = (
        written(tmp_path / "runs.jsonl", [record]),
        written(tmp_path / "runs.json", [record]),
        written(tmp_path / "page.json", {"data": [record], "meta": {}}),
    )
    for path in forms:
        outcomes = read_outcomes(path)
        assert (outcomes.pool.names, outcomes.texts) == ((name,), (text,))
        assert outcomes.quality[0, 0] == quality
        assert outcomes.cost[0, 0] == 0.25
        assert latency is None or outcomes.latency[0, 0] == latency


def test_embedllm(tmp_path):
    (tmp_path / "train.csv").write_text(
        "prompt_id,model_id,category_id,label,prompt,model_name,category\n0,3,1,1,Which?,qwen/Qwen1.5-7B,mmlu\n"
    )
    outcomes = read_outcomes(tmp_path / "train.csv")
    assert (outcomes.pool.names, outcomes.tasks, outcomes.quality[0, 0]) == (
        ("qwen/Qwen1.5-7B",),
        ("mmlu",),
        1,
    )


def test_llmrouterbench(tmp_path):
    record = {
        "index": 4,
        "prompt": "Which?",
        "prediction": "B",
        "score": 1.0,
        "prompt_tokens": 9,
        "cost": 0.25,
    }
    path = written(tmp_path / "aime" / "test" / "gpt-5" / "run.json", {"records": [record], "demo": False})
    outcomes = read_outcomes(path)
    assert (outcomes.pool.names, outcomes.tasks, outcomes.query_ids) == (("gpt-5",), ("aime",), ("aime/4",))
    assert outcomes.cost[0, 0] == 0.25


def test_swe_bench_leaderboards_need_the_texts(tmp_path):
    details = {"django__1": {"resolved": True, "cost": 0.5, "api_calls": 9}}
    board = {"name": "Verified", "results": [{"name": "agent", "per_instance_details": details}]}
    path = written(tmp_path / "leaderboards.json", {"leaderboards": [board]})
    with pytest.raises(DataError, match=r"that of 'django__1' is not known\. Give the data set with --texts"):
        read_outcomes(path)
    texts = written(
        tmp_path / "texts.jsonl", [{"instance_id": "django__1", "problem_statement": "It fails."}]
    )
    outcomes = read_outcomes(path, texts=texts)
    assert (outcomes.texts, outcomes.quality[0, 0], outcomes.cost[0, 0]) == (("It fails.",), 1, 0.5)


def test_answers_without_a_grade_are_left_out_and_told(tmp_path):
    unanswered = {**LANGFUSE, "scores": []}
    with pytest.warns(DataWarning, match="1 answer without text or grade left out"):
        outcomes = read_outcomes(written(tmp_path / "runs.jsonl", [LANGFUSE, unanswered]))
    assert len(outcomes) == 1


def mutated(draw: random.Random, content: bytes) -> bytes:
    """Return a log with a few bytes cut out, doubled, or replaced."""
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(content))
        to = min(len(content), at + draw.randint(1, 60))
        part = draw.choice([b"", content[at:to] * 2, b"null", b"[]", b'"x"', b"-1e9", b"{}", b"\xff"])
        content = content[:at] + part + content[to:]
    return content or b"{"


def swapped(draw: random.Random, data: Any) -> Any:
    """Return JSON with one value, anywhere, replaced by one of another kind."""
    if isinstance(data, dict) and data and draw.random() < 0.9:
        key = draw.choice(list(data))
        return {**data, key: swapped(draw, data[key])}
    if isinstance(data, list) and data and draw.random() < 0.9:
        at = draw.randrange(len(data))
        return [*data[:at], swapped(draw, data[at]), *data[at + 1 :]]
    return draw.choice([None, [], {}, "x", -7, 1e400, True, [None], {"a": None}, [["x"]]])


def read_or_refused(path: Path) -> tuple[str, Any]:
    """Return what an error says, and the qualities that were read."""
    try:
        return "", read_outcomes(path).quality
    except DataError as error:
        return str(error), np.zeros(0)


@quiet
def test_mutated_logs_are_read_or_refused_in_one_line(tmp_path):
    draw, refused = random.Random(0), 0
    logs = sorted(path for path in REAL.rglob("*") if path.is_file() and not path.name.startswith("results_"))
    for number in range(200):
        source = logs[number % len(logs)]
        content = source.read_bytes()
        if number % 2 and source.suffix == ".json":
            content = json.dumps(swapped(draw, json.loads(content))).encode()
        elif number % 2 and source.suffix == ".jsonl":
            content = b"".join(
                json.dumps(swapped(draw, json.loads(line))).encode() + b"\n" for line in content.splitlines()
            )
        else:
            content = mutated(draw, content)
        path = tmp_path / source.name
        path.write_bytes(content)
        told, quality = read_or_refused(path)
        assert told == "" or told.startswith(str(path))
        assert "\n" not in told.replace("\\n", "")
        assert len(told) < 1000
        assert not np.isinf(quality).any()
        refused += bool(told)
    assert refused > 100


def test_an_archive_without_the_codec_of_its_members_names_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'pip install "crossroute\[train\]"'):
        read_outcomes(REAL / "inspect_ai" / "capitals-gpt-a.eval")


def test_an_archive_of_older_compression_is_read(tmp_path):
    header = {"eval": {"task": "sums", "model": "m"}}
    sample = {"id": 1, "epoch": 1, "input": "attachment://7", "attachments": {"7": "2 + 2?"}}
    sample["scores"] = {"choice": {"value": {"right": "C", "brief": "P"}}}
    with zipfile.ZipFile(tmp_path / "a.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(header))
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        assert read_outcomes(tmp_path / "a.eval").quality.tolist() == [[1.0]]
        brief = read_outcomes(tmp_path / "a.eval", columns={"quality": "choice.brief"})
    assert (brief.texts, brief.quality.tolist()) == (("2 + 2?",), [[0.5]])
