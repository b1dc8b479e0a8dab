"""A prompt is formatted to route and to ask; what it calls and renders, it does once a call."""

import pytest
from llama_index.core import ChatPromptTemplate, PromptTemplate
from llama_index.core.llms import ChatMessage
from llama_index.core.output_parsers import PydanticOutputParser
from llama_index.core.prompts import RichPromptTemplate, SelectorPromptTemplate
from pydantic import BaseModel

from llamaindex_crossroute import CrossRouteLLM
from llamaindex_crossroute.prompts import render_once
from tests.llamaindex_crossroute.fakes import ChatFake, RateLimitError, user
from tests.support.routers import ARITHMETIC

RICH = '{% chat role="user" %}{{ x }}{{ seen() }} {{ query_str }}{% endchat %}'
SEEN = []


def see():
    SEEN.append(1)
    return ""


def prompts(function):
    """Templates of each kind with one function behind `x`."""
    text = PromptTemplate("{x} {query_str}", function_mappings={"x": function})
    return {
        "text": text,
        "chat": ChatPromptTemplate([user("{x} {query_str}")], function_mappings={"x": function}),
        "rich": RichPromptTemplate(RICH.replace("{{ seen() }}", ""), function_mappings={"x": function}),
        "plain rich": RichPromptTemplate("{{ x }} {{ query_str }}", function_mappings={"x": function}),
        "selector": SelectorPromptTemplate(text, [(lambda llm: False, text)]),
    }


@pytest.mark.parametrize("kind", prompts(dict))
async def test_functions_are_called_once_a_call_also_where_it_fails_over(llm, members, kind):
    called = []

    def x(**arguments):
        called.append(arguments["query_str"])
        return f"x{len(called)}"

    prompt = prompts(x)[kind]
    members["large"]._script = lambda *_: RateLimitError("slow")
    assert llm.predict(prompt, query_str=ARITHMETIC) == f"coder: x1 {ARITHMETIC}"
    assert await llm.apredict(prompt, query_str=ARITHMETIC) == f"coder: x2 {ARITHMETIC}"
    assert called == [ARITHMETIC] * 2


def test_a_rich_prompt_is_rendered_once_and_its_messages_are_the_callers_own():
    said = {"query_str": "?", "seen": see}
    SEEN.clear()
    prompt = render_once(RichPromptTemplate(RICH, x="x"))
    first, second = prompt.format_messages(**said), prompt.format_messages(**said)
    assert len(SEEN) == 1
    assert [message.content for message in first] == ["x ?"]
    first[0].blocks[0].text = "altered"
    assert second == prompt.format_messages(**said) == [ChatMessage(role="user", content="x ?")]
    assert prompt.partial_format(x="y").format_messages(**said)[0].content == "y ?"
    partial = RichPromptTemplate("{{ x[0] }}").partial_format(x=["no text"])
    assert render_once(partial).format_messages() == partial.format_messages()


class City(BaseModel):
    name: str


@pytest.mark.parametrize(
    "template", ["City of {{ x }}", '{% chat role="user" %}City of {{ x }}{% endchat %}']
)
def test_a_rich_prompt_tells_the_schema_to_members_without_tools(router, template):
    member = ChatFake("small", lambda *_: '{"name": "Oslo"}', tools=False)
    llm = CrossRouteLLM({"small": member}, router)
    assert llm.structured_predict(City, RichPromptTemplate(template), x="Norway") == City(name="Oslo")
    pooled, _ = member.asked.pop()
    member.structured_predict(City, RichPromptTemplate(template), x="Norway")
    assert pooled == member.asked.pop()[0], "as the member alone is asked"
    assert "JSON schema" in pooled[0].content


def test_a_parser_of_a_rich_prompts_own_is_applied_once():
    prompt = RichPromptTemplate("City of {{ x }}", output_parser=PydanticOutputParser(City))
    rendered = render_once(prompt)
    for _ in range(2):
        assert rendered.format_messages(x="Norway") == prompt.format_messages(x="Norway")
