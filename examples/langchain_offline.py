"""What the LangChain examples run on without a key: stand-ins for chat models.

What a stand-in says is made up. Which of them is asked, why, and what that costs is not: the bundled router
`universal` knows the models that they stand in for by what those did on recorded questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

Answer = Callable[[Sequence[BaseMessage]], AIMessage]
"""What a stand-in says to a conversation."""


class StandIn(BaseChatModel):
    """A chat model that answers by a plain function, and counts four characters as a token.

    Attributes:
        name: The model that it stands in for.
        answer: What it says; by default the name of the model that it stands in for.
        down: Whether it raises what a model raises that cannot be reached.
    """

    name: str | None = None
    answer: Answer | None = None
    down: bool = False

    @property
    def _llm_type(self) -> str:
        return "stand-in"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any], **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Take the tools along to the call, as every chat model does."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        if self.down:
            raise TimeoutError(f"{self.name} is down")
        said = self.answer(messages) if self.answer else AIMessage(f"An answer by {self.name}'s stand-in.")
        read, written = tokens(messages), tokens([said])
        usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
        told = {"usage_metadata": usage, "response_metadata": {"model_name": self.name}}
        return ChatResult(generations=[ChatGeneration(message=said.model_copy(update=told))])


def stand_ins(*names: str, answer: Answer | None = None) -> dict[str, BaseChatModel]:
    """Return a stand-in for each model: name -> chat model."""
    return {name: StandIn(name=name, answer=answer) for name in names}


def tokens(messages: Sequence[BaseMessage]) -> int:
    """Return about how many tokens messages and their tool calls have."""
    calls = [call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]
    return sum(len(str(part)) for part in [*(message.text for message in messages), *calls]) // 4
