"""The examples run offline and show what they say."""

import asyncio

import pytest
from llama_index_instrumentation import get_dispatcher


@pytest.fixture
def run(run_example):
    handlers = get_dispatcher().event_handlers
    before = list(handlers)

    loop = asyncio.new_event_loop()  # LlamaIndex takes the thread's, and would leave one of its own open
    asyncio.set_event_loop(loop)
    yield run_example
    asyncio.set_event_loop(None)
    loop.close()
    handlers[:] = before


def test_the_query_engine(run):
    lines = run("llamaindex_rag.py").splitlines()
    assert lines[:4] == [
        "What does delivery to Norway cost?",
        "  Delivery to Norway costs 12 euros and takes four days.",
        "Compare the warranty of the watch with that of the jacket.",
        "  The warranty of the watch is two years. The warranty of the jacket is five.",
    ]
    spent = [line.strip(" │").split() for line in lines[4:] if "$" in line]
    assert [line[0] for line in spent] == ["gpt-4o-mini", "all"]
    assert "$0" not in [line[-1] for line in spent]


def test_the_agent(run):
    lines = run("llamaindex_agent.py").splitlines()
    assert lines[:3] == ["What is the weather in Paris?", "  called weather", "  Tool calls complete."]
    assert lines[3].startswith("gpt-4o-mini: 2 calls, $0.0000"), "one member, from the call of the tool on"


def test_the_router_query_engine(run):
    lines = run("llamaindex_router.py").splitlines()
    assert lines[1].startswith("  gpt-4o-mini: predicted quality 0.")
    assert lines[4].startswith("  gpt-4o-mini: predicted quality 0.")


def test_the_two_real_models_say_what_they_lack(run, monkeypatch):
    import local_models

    monkeypatch.setattr(local_models, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install xllamacpp"):
        run("llamaindex_escalation.py")
