"""Many calls at once: none lost, none mixed, and the event loop goes on while texts are encoded."""

import asyncio
import itertools
import random
import threading
import time

from llama_index.core import PromptTemplate

from crossroute import Decision
from crossroute.calls.dispatch import Dispatcher
from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import ChatFake, RateLimitError, said, user

CALLS = 200


class Flaky(ChatFake):
    """Fails three calls in ten; answers after a while."""

    async def achat(self, messages, **kwargs):
        await asyncio.sleep(CHANCE.random() / 100)
        if CHANCE.random() < 0.3:
            raise RateLimitError("slow down")
        return self._response(messages, kwargs)


CHANCE = random.Random(0)


async def test_200_calls_with_30_percent_failures(router, ear):
    members = {name: Flaky(name) for name in ("small", "coder", "large")}
    llm = CrossRouteLLM(members, router, max_attempts=12)
    llm._routing.dispatcher  # noqa: B018 # loads the router
    texts = [f"Tell me story number {number} about foxes." for number in range(CALLS)]
    responses = await asyncio.gather(*(llm.achat([user(text)]) for text in texts))
    for text, response in zip(texts, responses, strict=True):
        decision = Decision.model_validate(response.additional_kwargs["crossroute"])
        assert response.message.content == said(decision.candidate, [user(text)])
        assert response.raw["by"] == decision.candidate
    failed = sum(len(event.decision.failures) for event in ear.of(CrossRouteAnswerEvent))
    assert failed > CALLS * 0.2
    assert llm.spend.total.calls == CALLS


async def test_usage_is_not_mixed_between_concurrent_predictions(llm, ear):
    prompt = PromptTemplate("{query_str}")
    await asyncio.gather(*(llm.apredict(prompt, query_str=f"Sum {n} and {n}?") for n in range(50)))
    usages = [event.usage for event in ear.of(CrossRouteAnswerEvent)]
    assert len(usages) == 50
    assert {usage.input_tokens for usage in usages} == {1000}


async def test_the_event_loop_goes_on_while_texts_are_encoded(llm, monkeypatch):
    decide, loop_thread, threads = Dispatcher.decide, threading.get_ident(), []

    def slow(self, *args, **kwargs):
        threads.append(threading.get_ident())
        time.sleep(0.3)  # as a large encoder takes, or a long text
        return decide(self, *args, **kwargs)

    monkeypatch.setattr(Dispatcher, "decide", slow)
    llm._routing.dispatcher  # noqa: B018 # loads the router
    beats = []

    async def heart():
        while True:
            beats.append(time.perf_counter())
            await asyncio.sleep(0.01)

    beating = asyncio.create_task(heart())
    await asyncio.gather(llm.achat([user("Hi")]), llm.acomplete("Hi"), _drained(llm))
    beating.cancel()
    longest = max(later - earlier for earlier, later in itertools.pairwise(beats))
    assert loop_thread not in threads
    assert longest < 0.2, f"the event loop stood still for {longest:.3f} s"


async def _drained(llm):
    return [chunk async for chunk in await llm.astream_chat([user("Hi")])]
