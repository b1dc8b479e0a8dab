"""`--json` means one thing: one JSON document on standard output, all else on standard error, the same exit code."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crossroute import cli
from crossroute.catalogue import Catalogue
from crossroute.catalogue.layers import FOLDER
from tests.support.commands import MODELS, commands

POOL = f'default = "gpt-5-mini"\n{MODELS}'
STAND_INS = """
def parrot(text):
    return "I am a parrot"

def judge(text):
    return "8"
"""
PRICES = [{"id": "openai", "models": [{"id": "gpt-5.5", "prices": {"input_mtok": 4, "output_mtok": 20}}]}]

COMMANDS = {
    "route": "route Hello --router router",
    "route --out": "route texts.jsonl --router router --out routed",
    "data": "data outcomes.jsonl",
    "compare": "compare prompts.jsonl --config crossroute.toml",
    "collect": "collect prompts.jsonl --reference answer --candidates parrot=stand_ins:parrot --price parrot=1/1 "
    "--out o.jsonl",
    "collect --estimate": "collect prompts.jsonl --candidates parrot=stand_ins:parrot --price parrot=1/1 --out o.jsonl "
    "--estimate",
    "train": "train outcomes.jsonl --out trained --config settings.json",
    "train LOG": "train traffic.db --from router",
    "floor": "floor router outcomes.jsonl --drop 0.5 --confidence 0.5 --out promised",
    "evaluate": "evaluate router outcomes.jsonl",
    "evaluate LOG": "evaluate router traffic.db",
    "candidates": "candidates router",
    "prices": "prices router",
    "prices --out": "prices router --set small=1/2 --out priced",
    "config": "config crossroute.toml",
    "profile": "profile parrot --object stand_ins:parrot --price 1/1 --out profiles",
    "demo": "demo --router router --html demo.html",
    "traffic report": "traffic report traffic.db --html report.html",
    "traffic feedback": "traffic feedback traffic.db export.jsonl",
    "traffic judge": "traffic judge traffic.db --judge judge=stand_ins:judge --price judge=1/1 --share 0.5",
    "traffic adopt": "traffic adopt traffic.db router",
    "traffic back": "traffic back traffic.db",
    "traffic prune": "traffic prune traffic.db --days 0",
    "keys add": "keys add bob",
    "keys list": "keys list",
    "keys revoke": "keys revoke ann",
    "catalogue update": "catalogue update other.json",
    "catalogue undo": "catalogue undo",
    "catalogue show": "catalogue show",
    "catalogue release": "catalogue release universal --candidates gpt-5.5 --out release.json",
}
"""What each command is tried with, in a folder that holds what it needs."""

UNLIKE = {"serve"}
"""A server answers over HTTP, until it is stopped: it prints nothing to wait for."""

NEEDS_NO_FILE = ("catalogue show", "catalogue release")
"""Commands that succeed in an empty folder."""


@pytest.fixture(scope="module")
def kept(saved, jsonl, tmp_path_factory) -> Path:
    """What the commands read, without a log."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(saved, folder / "router")
    shutil.copy(jsonl, folder / "outcomes.jsonl")
    texts = {
        "crossroute.toml": POOL,
        "stand_ins.py": STAND_INS,
        "settings.json": json.dumps({"clusters": 4, "epochs": 1, "hidden": 8, "batch_size": 32}),
        "prompts.jsonl": '{"prompt": "Who are you?", "answer": "I am a parrot"}\n' * 2,
        "texts.jsonl": '{"text": "What is 2 + 2?"}\n{"text": "Tell me a story."}\n',
        "prices.json": json.dumps(PRICES),
        "other.json": json.dumps(PRICES).replace("20", "21"),
        "export.jsonl": '{"id": "r-1", "feedback": [{"key": "correct", "score": 1}], "inputs": {}, "run_type": "llm"}',
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def answer_some(folder: Path) -> None:
    """Have a router decide 40 calls that a log holds, and grade them."""
    from crossroute import Query, Router
    from crossroute.calls.dispatch import Dispatcher
    from crossroute.calls.spend import Usage
    from crossroute.routing.members import Ability
    from crossroute.traffic import TrafficLog, labelled
    from crossroute.traffic.recorder import Recorder
    from crossroute.traffic.registry import adopt

    router = Router.from_pretrained(folder / "router")
    with closing(TrafficLog(folder / "traffic.db", keep_text=True)) as log:
        recorder = Recorder(log)
        members = {"small": Ability(), "large": Ability()}
        dispatcher = Dispatcher(router, members, observers=[recorder], exploration=0.5)
        recorder.follow(dispatcher)
        for number in range(40):
            with labelled([], run_id=f"r-{number}"):
                decision = dispatcher.attempts(dispatcher.decide(Query(f"What is {number} + 1?"))).decision
                with dispatcher.ledger.entry(decision) as entry:
                    entry.usage = Usage(input_tokens=20, output_tokens=100)
                    entry.said.append(str(number + 1))
            log.feedback(entry.decision.id, number % 2)
        adopt(log, router)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in the test's folder: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv(FOLDER, str(tmp_path / "updates"))
    monkeypatch.delitem(sys.modules, "stand_ins", raising=False)
    Catalogue.bundled.cache_clear()

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crossroute", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, *capsys.readouterr()

    yield run
    monkeypatch.undo()
    sys.modules.pop("stand_ins", None)
    Catalogue.bundled.cache_clear()


def test_every_command_is_tried():
    tried = {command.partition(" -")[0].removesuffix(" LOG") for command in COMMANDS}
    assert tried == commands().keys() - UNLIKE


@pytest.mark.parametrize("command", COMMANDS)
def test_the_answer_is_one_document_and_nothing_else(command, kept, run, tmp_path):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    if "traffic.db" in COMMANDS[command]:
        pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")
        answer_some(tmp_path)
    before = {"keys revoke": "keys add ann", "catalogue undo": "catalogue update prices.json"}.get(command)
    if before:
        assert run(*before.split())[0] == 0
    code, printed, told = run(*COMMANDS[command].split(), "--json")
    assert code == 0, told
    answer = json.loads(printed, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert answer or command == "keys list"


@pytest.mark.parametrize("command", [each for each in COMMANDS if each not in NEEDS_NO_FILE])
def test_an_error_is_told_on_standard_error_with_the_same_exit_code(command, run):
    words = COMMANDS[command].split()
    code, printed, told = run(*words, "--json")
    assert code in (1, 2)
    assert printed == ""
    assert (code, printed, told) == run(*words)


def test_of_many_queries_each_is_a_document_on_a_line_of_its_own(kept, run, tmp_path, monkeypatch):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "prompts.jsonl").open() as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        code, printed, _ = run("route", "-", "--router", "router", "--json")
    assert code == 0
    assert len([json.loads(line) for line in printed.splitlines()]) == 2
