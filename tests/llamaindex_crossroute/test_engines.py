"""Query engines, chat engines, rerankers and extractors over a pool that is `Settings.llm`."""

import json
import re

import pytest
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.chat_engine.types import ChatMode
from llama_index.core.extractors import KeywordExtractor, PydanticProgramExtractor, TitleExtractor
from llama_index.core.postprocessor import LLMRerank, StructuredLLMRerank
from llama_index.core.program import LLMTextCompletionProgram
from llama_index.core.query_engine import SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import QueryEngineTool
from pydantic import BaseModel

from llamaindex_crossroute import CrossRouteAnswerEvent
from tests.llamaindex_crossroute.fakes import tool_call
from tests.support.routers import ARITHMETIC, STORY

MODES = ["compact", "refine", "tree_summarize", "accumulate", "simple_summarize"]


@pytest.fixture
def index(llm):
    """Two documents, under a pool as the global LLM."""
    Settings.llm = llm
    return VectorStoreIndex.from_documents(
        [Document(text="Foxes and owls."), Document(text="Sums: 12 + 30.")]
    )


@pytest.mark.parametrize("mode", MODES)
async def test_query_engines_route_on_the_question(index, ear, mode):
    engine = index.as_query_engine(response_mode=mode)
    assert "large: " in str(engine.query(ARITHMETIC))
    assert "large: " in str(await engine.aquery(ARITHMETIC))
    assert "small: " in str(engine.query(STORY))
    answers = ear.of(CrossRouteAnswerEvent)
    assert {event.decision.candidate for event in answers} == {"large", "small"}
    assert all(event.usage.input_tokens == 1000 for event in answers)


@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize", "simple_summarize"])
async def test_query_engines_stream(index, mode):
    engine = index.as_query_engine(response_mode=mode, streaming=True)
    assert "large: " in str(engine.query(ARITHMETIC))
    asynchronous = index.as_query_engine(response_mode=mode, streaming=True, use_async=True)
    response = await asynchronous.aquery(ARITHMETIC)
    assert "large: " in "".join([token async for token in response.async_response_gen()])


@pytest.mark.parametrize("mode", ["simple", "context", "condense_question", "condense_plus_context", "best"])
async def test_chat_engines_route_on_the_last_user_message(index, llm, mode):
    engine = (
        index.as_chat_engine(chat_mode=ChatMode(mode))
        if mode != "best"
        else index.as_chat_engine(ChatMode.CONTEXT)
    )
    assert re.match(r"(small|coder|large): ", str(engine.chat(ARITHMETIC)))
    assert re.match(r"(small|coder|large): ", str(await engine.achat(STORY)))
    assert re.match(r"(small|coder|large): ", "".join(engine.stream_chat(ARITHMETIC).response_gen))
    response = await engine.astream_chat(STORY)
    assert re.match(
        r"(small|coder|large): ", "".join([token async for token in response.async_response_gen()])
    )
    assert llm.spend.total.calls >= 4


def nodes():
    return [NodeWithScore(node=TextNode(text=text), score=0.5) for text in ("Foxes.", "Sums.")]


def test_llm_rerank(llm, members):
    for member in members.values():
        member._script = lambda *_: "Doc: 2, Relevance: 9\nDoc: 1, Relevance: 3"
    ranked = LLMRerank(llm=llm, top_n=1).postprocess_nodes(nodes(), query_str=ARITHMETIC)
    assert [node.node.text for node in ranked] == ["Sums."]
    assert members["large"].asked


def test_structured_rerank(llm, members):
    said = tool_call("DocumentRelevanceList", "call-1", documents=[{"document_number": 2, "relevance": 9}])
    for member in members.values():
        member._script = lambda *_: said
    ranked = StructuredLLMRerank(llm=llm, top_n=1).postprocess_nodes(nodes(), query_str=ARITHMETIC)
    assert [node.node.text for node in ranked] == ["Sums."]
    assert members["large"].asked


class Facts(BaseModel):
    """Facts of a text."""

    animals: list[str]


async def test_extractors(llm, members):
    keywords = await KeywordExtractor(llm=llm, num_workers=1).aextract([TextNode(text=STORY)])
    assert "excerpt_keywords" in keywords[0]
    titles = await TitleExtractor(llm=llm, num_workers=1).aextract([TextNode(text=STORY)])
    assert "document_title" in titles[0]
    for member in members.values():
        member._script = lambda *_: '{"animals": ["fox"]}'
    program = LLMTextCompletionProgram.from_defaults(
        output_cls=Facts, prompt_template_str="Facts of {input}", llm=llm
    )
    facts = await PydanticProgramExtractor(program=program, num_workers=1).aextract([TextNode(text=STORY)])
    assert facts == [{"animals": ["fox"]}]


async def test_sub_question_query_engine(index, llm, members):
    def asks(messages, kwargs):
        if (
            "sub-question" in str(messages[-1].content).lower()
            and "tools" in str(messages[-1].content).lower()
        ):
            question = {"sub_question": STORY, "tool_name": "facts"}
            return f"```json\n{json.dumps({'items': [question]})}\n```"
        return f"answer to {len(messages)}"

    for member in members.values():
        member._script = asks
    tool = QueryEngineTool.from_defaults(index.as_query_engine(), name="facts", description="Facts.")
    engine = SubQuestionQueryEngine.from_defaults(
        [tool],
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        llm=llm,
        verbose=False,
        use_async=False,
    )
    assert str(engine.query(ARITHMETIC)).startswith("answer to")
    assert str(await engine.aquery(ARITHMETIC)).startswith("answer to")
