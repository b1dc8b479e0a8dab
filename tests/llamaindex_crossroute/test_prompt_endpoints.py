"""Prompt endpoints: the members' own system prompts, parsers, adapters and native structured output."""

import pytest
from llama_index.core import ChatPromptTemplate, PromptTemplate
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.output_parsers import BaseOutputParser
from llama_index.core.program import FunctionCallingProgram, LLMTextCompletionProgram
from pydantic import BaseModel

from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteDecisionEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import ChatFake, RateLimitError, TextFake, tool_call, user
from tests.support.routers import ARITHMETIC, STORY

QUESTION = PromptTemplate("Context: {context_str}\nQuestion: {query_str}")
ASKED = {"context_str": "None.", "query_str": ARITHMETIC}


class Song(BaseModel):
    """A song."""

    name: str


def sings(messages, kwargs):
    return tool_call("Song", "call-1", name="Ja") if kwargs.get("tools") else '{"name": "Ja"}'


class Loud(BaseOutputParser):
    def parse(self, output):
        return output.upper()

    def format(self, query):
        return query + " Loud!"


async def every_endpoint(llm, prompt=QUESTION, **arguments):
    arguments = arguments or ASKED
    return {
        "predict": llm.predict(prompt, **arguments),
        "apredict": await llm.apredict(prompt, **arguments),
        "stream": "".join(llm.stream(prompt, **arguments)),
        "astream": "".join([token async for token in await llm.astream(prompt, **arguments)]),
    }


async def every_structure(llm, prompt=QUESTION, **arguments):
    arguments = arguments or ASKED
    return {
        "predict": llm.structured_predict(Song, prompt, **arguments),
        "apredict": await llm.astructured_predict(Song, prompt, **arguments),
        "stream": list(llm.stream_structured_predict(Song, prompt, **arguments))[-1],
        "astream": [song async for song in await llm.astream_structured_predict(Song, prompt, **arguments)][
            -1
        ],
    }


async def test_prompts_are_routed_on_their_question(llm, ear):
    for endpoint, text in (await every_endpoint(llm)).items():
        assert text == f"large: Context: None.\nQuestion: {ARITHMETIC}", endpoint
    assert {event.decision.candidate for event in ear.of(CrossRouteAnswerEvent)} == {"large"}
    assert all(event.usage.output_tokens == 100 for event in ear.of(CrossRouteAnswerEvent))


async def test_the_members_prompts_parsers_and_adapters_live_on(router):
    chat = ChatFake("large", system_prompt="Be kind.", output_parser=Loud())
    text = TextFake(name="small", completion_to_prompt=lambda prompt: f"<s>{prompt}</s>")
    llm = CrossRouteLLM({"large": chat, "small": text}, router)
    assert llm.predict(QUESTION, **ASKED).startswith("LARGE: ")
    assert llm.predict(QUESTION, **ASKED).endswith("LOUD!")
    assert chat.asked[-1][0][0].content == "Be kind."
    assert llm.predict(PromptTemplate("{query_str}"), query_str=STORY) == f"small: <s>{STORY}</s>"
    assert "".join(llm.stream(QUESTION, **ASKED)).startswith("small: "), (
        "large does not stream what it parses"
    )
    with pytest.raises(NotImplementedError, match="Output parser"):
        list(CrossRouteLLM({"large": chat}, router).stream(QUESTION, **ASKED))


@pytest.mark.parametrize("tools", [True, False])
async def test_structured_output_is_the_members(router, ear, tools):
    native = ChatFake("large", sings, tools=tools)
    llm = CrossRouteLLM({"large": native}, router)
    for endpoint, song in (await every_structure(llm)).items():
        assert song.name == "Ja", endpoint
    answered = ear.of(CrossRouteAnswerEvent)
    assert len(answered) == len(ear.of(CrossRouteDecisionEvent)) == 4
    assert all(event.usage.input_tokens == 1000 for event in answered)


async def test_structured_options_are_copied_for_each_attempt(router):
    class Native(ChatFake):
        def structured_predict(self, output_cls, prompt, llm_kwargs=None, **prompt_args):
            llm_kwargs["response_format"] = self.name
            seen.append(dict(llm_kwargs))
            if self.name == "large":
                raise RateLimitError("slow")
            return output_cls(name=self.name)

    seen, options = [], {"temperature": 0}
    llm = CrossRouteLLM({name: Native(name) for name in ("large", "coder")}, router)
    assert llm.structured_predict(Song, QUESTION, llm_kwargs=options, **ASKED).name == "coder"
    assert options == {"temperature": 0}
    assert seen == [
        {"temperature": 0, "response_format": "large"},
        {"temperature": 0, "response_format": "coder"},
    ]


async def test_as_structured_llm_routes_on_the_last_user_message(router, members):
    for member in members.values():
        member._script = sings
    song = CrossRouteLLM(members, router).as_structured_llm(Song)
    messages = [ChatMessage(role="system", content="Sing."), user(ARITHMETIC)]
    assert song.chat(messages).raw == Song(name="Ja")
    assert (await song.achat(messages)).raw == Song(name="Ja")
    assert list(song.stream_chat(messages))[-1].raw.name == "Ja"
    assert [chunk async for chunk in await song.astream_chat(messages)][-1].raw.name == "Ja"
    assert song.complete(ARITHMETIC).raw == Song(name="Ja")
    assert members["large"].asked
    assert not members["small"].asked


async def test_programs_over_the_pool(router):
    alone = ChatFake("large", sings, system_prompt="Be kind.")
    llm = CrossRouteLLM({"large": alone}, router)
    program = FunctionCallingProgram.from_defaults(Song, "{query_str}", llm=llm)
    assert program(query_str=ARITHMETIC).name == "Ja"
    assert alone.asked[-1][0][0].content == "Be kind.", "shared by all members"
    assert (await program.acall(query_str=ARITHMETIC)).name == "Ja"
    assert list(program.stream_call(query_str=ARITHMETIC))[-1].name == "Ja"
    text = LLMTextCompletionProgram.from_defaults(output_cls=Song, prompt_template_str="{query_str}", llm=llm)
    assert text(query_str=ARITHMETIC).name == "Ja"


async def test_chat_prompts_are_routed_on_their_last_user_message(llm):
    prompt = ChatPromptTemplate([ChatMessage(role="system", content="Be kind."), user("{q}")])
    assert (await every_endpoint(llm, prompt, q=STORY))["predict"] == f"small: {STORY}"


@pytest.mark.parametrize("awaited", [False, True])
async def test_an_answer_that_cannot_be_read_is_counted_and_its_error_raised(router, ear, awaited):
    llm = CrossRouteLLM({"large": ChatFake("large", lambda *_: "no JSON", tools=False)}, router)

    async def predicted():
        if awaited:
            return await llm.astructured_predict(Song, QUESTION, **ASKED)
        return llm.structured_predict(Song, QUESTION, **ASKED)

    with pytest.raises(ValueError, match="JSON"):
        await predicted()
    [event] = ear.of(CrossRouteAnswerEvent)
    assert (event.final, event.usage) == (False, llm.spend.total.usage)
    assert (llm.spend.total.calls, llm.spend.total.usage.output_tokens) == (1, 100)
    assert llm.spend.total.cost == event.decision.actual_cost > 0


@pytest.mark.parametrize("error", [ValueError("no JSON"), RateLimitError("slow")])
async def test_so_is_one_that_came_before_its_stream_began(router, error):
    class Whole(ChatFake):
        def stream_structured_predict(self, *args, **kwargs):
            self.chat([user(ARITHMETIC)])
            raise error

        async def astream_structured_predict(self, *args, **kwargs):
            await self.achat([user(ARITHMETIC)])
            raise error

    llm = CrossRouteLLM({"large": Whole("large")}, router, max_attempts=1)
    with pytest.raises(type(error)):
        list(llm.stream_structured_predict(Song, QUESTION, **ASKED))
    assert llm.spend.total.calls == 1

    async def read():
        return [song async for song in await llm.astream_structured_predict(Song, QUESTION, **ASKED)]

    with pytest.raises(type(error)):
        await read()
    assert llm.spend.total.calls == 2
