import sys

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_openai import ChatOpenAI

from crossroute import Price, cli, profile_model
from crossroute.profiler.answerers import adapt_model
from crossroute.profiler.cards import read_card
from langchain_crossroute.members import answerer
from tests.support.profiled import MODEL, QUERIES, check_faults, check_kill

FREE = Price(input=0, output=0)
LINES = """
from langchain_openai import ChatOpenAI
from langchain_crossroute.members import answerer
ask = answerer(ChatOpenAI(model=MODEL, base_url={url!r}, api_key="test", max_retries=0))
"""


def ask(server):
    return answerer(ChatOpenAI(model=MODEL, base_url=server.openai, api_key="test", max_retries=0))


def test_a_provider_that_fails_in_every_way_is_profiled(server, tmp_path):
    check_faults(ask(server), server, tmp_path / "m.jsonl")


def test_a_killed_run_goes_on_and_asks_nothing_twice(server, tmp_path):
    check_kill(LINES.format(url=server.openai), ask(server), server, tmp_path / "m.jsonl")


def test_one_model_object_serves_several_runs(server):
    model = ask(server)
    for _ in range(2):
        outcomes = profile_model(model, name="m", price=FREE, queries=QUERIES[:6])
        assert outcomes.input_tokens.tolist() == [[100]] * 6


def test_a_wrong_key_ends_the_run_at_once(server):
    server.behave(MODEL, *[401] * 8)
    with pytest.raises(Exception, match="refused with 401"):
        profile_model(ask(server), name="m", price=FREE, queries=QUERIES)
    assert len(server.requests) <= 8


def test_the_core_finds_chat_models_and_leaves_other_callables_alone():
    model = FakeListChatModel(responses=["42"])
    assert adapt_model(model)("What is 17 + 25?").text == "42"
    assert adapt_model(model.with_retry())("What is 17 + 25?").text == "42"
    assert answerer(lambda text: text) is None


def test_a_missing_key_is_told_in_one_line(monkeypatch, capsys, tmp_path):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cli.err, "_width", 1_000)
    command = ["crossroute", "profile", "openai:gpt-5-mini", "--price", "1/1", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: openai:gpt-5-mini: OpenAIError: ")
    assert "OPENAI_API_KEY" in told
    assert told.count("\n") == 1


def test_the_command_line_profiles_a_model_by_its_name(server, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai)
    queries = tmp_path / "own.jsonl"
    queries.write_text('{"text": "Who are you?", "reference": "I am gpt-5-mini"}')
    command = ["crossroute", "profile", "openai:gpt-5-mini", "--price", "1/1", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*command, "--queries", str(queries)])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 0
    assert read_card("openai:gpt-5-mini", tmp_path).quality == {"own": 1.0}
