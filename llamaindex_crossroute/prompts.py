"""Prompt templates for several attempts: call their functions once, and fetch images once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import BasePromptTemplate, RichPromptTemplate, SelectorPromptTemplate
from pydantic import PrivateAttr
from typing_extensions import override

Prompt = TypeVar("Prompt", bound=BasePromptTemplate)


def render_once(prompt: Prompt) -> Prompt:
    """Return a template for one call, which is read for routing and then formatted by each called member.

    Function mappings are called once; a rich template, which may fetch images, is rendered once.
    """
    if isinstance(prompt, SelectorPromptTemplate):
        update: dict[str, Any] = {"default_template": render_once(prompt.default_template)}
        if prompt.conditionals is not None:
            update["conditionals"] = [
                (holds, render_once(template)) for holds, template in prompt.conditionals
            ]
        return prompt.model_copy(update=update)
    if type(prompt) is RichPromptTemplate:
        prompt = cast(Prompt, _RenderedOnce.of(cast(RichPromptTemplate, prompt)))
    if not prompt.function_mappings:
        return prompt
    functions = {name: _once(function) for name, function in prompt.function_mappings.items()}
    return prompt.model_copy(update={"function_mappings": functions})


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    values: list[Any] = []

    def remembered(**arguments: Any) -> Any:
        if not values:
            values.append(function(**arguments))
        return values[0]

    return remembered


class _RenderedOnce(RichPromptTemplate):  # type: ignore[no-redef] # its parent's, of a field called kwargs
    _messages: list[ChatMessage] | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, prompt: RichPromptTemplate) -> _RenderedOnce:
        fields = {name: getattr(prompt, name) for name in RichPromptTemplate.model_fields if name != "kwargs"}
        copied = cls(**fields)
        copied.kwargs = dict(prompt.kwargs)  # the constructor only accepts texts
        return copied

    @override
    def format_messages(self, llm: BaseLLM | None = None, **kwargs: Any) -> list[ChatMessage]:
        """Return the rendered messages, formatted by the call's output parser, which programs set later."""
        if self._messages is None:
            unparsed = self.model_copy(update={"output_parser": None})
            self._messages = RichPromptTemplate.format_messages(unparsed, llm, **kwargs)
        messages = [message.model_copy(deep=True) for message in self._messages]
        return self.output_parser.format_messages(messages) if self.output_parser else messages

    @override
    def partial_format(self, **kwargs: Any) -> RichPromptTemplate:
        """Return a template that is rendered again."""
        return RichPromptTemplate.partial_format(_RenderedOnce.of(self), **kwargs)
