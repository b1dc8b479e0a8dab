"""The endpoints that take a prompt template: text and objects out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

from llama_index.core.program.utils import FlexibleModel
from llama_index.core.prompts import BasePromptTemplate, PromptTemplate
from llama_index.core.types import Model, TokenAsyncGen, TokenGen
from typing_extensions import override

from llamaindex_crossroute.pool import MemberPool
from llamaindex_crossroute.prompt_once import once
from llamaindex_crossroute.reading import read_prompt

Options = dict[str, Any] | None


class PromptEndpoints(MemberPool):
    """Each is the member's own: its system prompt, output parser, adapters and native structured output."""

    @override
    def predict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return call.answer(lambda llm: llm.predict(prompt, **prompt_args))

    @override
    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return await call.aanswer(lambda llm: llm.apredict(prompt, **prompt_args))

    @override
    def stream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenGen:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return call.stream(lambda llm: llm.stream(prompt, **prompt_args))

    @override
    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return await call.astream(lambda llm: llm.astream(prompt, **prompt_args))

    @override
    def structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Model:
        prompt = once(prompt)
        predicted: Model = self._call(read_prompt(prompt, prompt_args), llm_kwargs).answer(
            lambda llm: llm.structured_predict(output_cls, prompt, _copied(llm_kwargs), **prompt_args)
        )
        return predicted

    @override
    async def astructured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Model:
        prompt = once(prompt)
        return await self._call(read_prompt(prompt, prompt_args), llm_kwargs).aanswer(
            lambda llm: llm.astructured_predict(output_cls, prompt, _copied(llm_kwargs), **prompt_args)
        )

    @override
    def stream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Generator[Model | FlexibleModel, None, None]:
        prompt = once(prompt)
        return self._call(read_prompt(prompt, prompt_args), llm_kwargs).stream(
            lambda llm: llm.stream_structured_predict(output_cls, prompt, _copied(llm_kwargs), **prompt_args)
        )

    @override
    async def astream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        prompt = once(prompt)
        return await self._call(read_prompt(prompt, prompt_args), llm_kwargs).astream(
            lambda llm: llm.astream_structured_predict(output_cls, prompt, _copied(llm_kwargs), **prompt_args)
        )


def _copied(options: Options) -> Options:
    """Return options that a member may alter, as OpenAI's does; another may be asked after it."""
    return None if options is None else dict(options)
