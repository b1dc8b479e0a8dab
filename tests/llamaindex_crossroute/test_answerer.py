import pytest
from llama_index.core.llms import MockLLM
from llama_index.llms.openai_like import OpenAILike

from crossroute import Price, profile_model
from crossroute.profiler.answerers import adapt_model
from llamaindex_crossroute.members import answerer
from tests.support.profiled import MODEL, QUERIES, check_faults, check_kill

FREE = Price(input=0, output=0)
LINES = """
from llama_index.llms.openai_like import OpenAILike
from llamaindex_crossroute.members import answerer
ask = answerer(OpenAILike(model=MODEL, api_base={url!r}, api_key="test", max_retries=0, is_chat_model=True))
"""


@pytest.fixture
def ask(server):
    """What profiling asks; its client hangs up in the end."""
    llm = OpenAILike(model=MODEL, api_base=server.openai, api_key="test", max_retries=0, is_chat_model=True)
    yield answerer(llm)
    llm._get_client().close()


def test_a_provider_that_fails_in_every_way_is_profiled(ask, server, tmp_path):
    check_faults(ask, server, tmp_path / "m.jsonl")


def test_a_killed_run_goes_on_and_asks_nothing_twice(ask, server, tmp_path):
    check_kill(LINES.format(url=server.openai), ask, server, tmp_path / "m.jsonl")


def test_one_model_object_serves_several_runs(ask):
    for _ in range(2):
        outcomes = profile_model(ask, name="m", price=FREE, queries=QUERIES[:6])
        assert outcomes.input_tokens.tolist() == [[100]] * 6


def test_the_core_finds_llms_and_leaves_other_callables_alone():
    assert "17 + 25" in adapt_model(MockLLM())("What is 17 + 25?").text
    assert answerer(lambda text: text) is None
