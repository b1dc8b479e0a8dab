"""What the examples run on without a key: two chat models that pretend, and a router of 60 outcomes.

Real models take their place by one line in an example; the router knows them as "small" and "large".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from crossroute import Candidate, Outcomes, Price, Router, TrainingConfig, fit
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

QUESTION = "What is {a} plus {b}, and what is their product minus {a}?"
STORY = "Tell me a short story about {a} foxes and {b} friendly owls."


class PretendModel(BaseChatModel):
    """Says who it is; calls the first tool that it is given, once a question; fails where it is told to."""

    name: str | None = "pretend"
    down: bool = False

    @property
    def _llm_type(self) -> str:
        return "pretend"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any], **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Keep the tools for the call."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        if self.down:
            raise TimeoutError(f"{self.name} is down")
        calls = []
        if kwargs.get("tools") and not isinstance(messages[-1], ToolMessage):
            function = kwargs["tools"][0]["function"]
            args = dict.fromkeys(function["parameters"]["properties"], "Paris")
            calls = [{"name": function["name"], "args": args, "id": f"call_{len(messages)}"}]
        usage = {"input_tokens": 40, "output_tokens": 20, "total_tokens": 60}
        metadata = {"model_name": self.name}
        said = f"{self.name} answers." if not calls else ""
        message = AIMessage(said, tool_calls=calls, usage_metadata=usage, response_metadata=metadata)
        return ChatResult(generations=[ChatGeneration(message=message)])


def models() -> dict[str, BaseChatModel]:
    """Two models that pretend."""
    return {"small": PretendModel(name="small"), "large": PretendModel(name="large")}


@cache
def router() -> Router:
    """A router for which "small" tells stories as well as "large", and cannot reckon."""
    texts = [(STORY if i % 2 else QUESTION).format(a=i + 2, b=3 * i + 5) for i in range(60)]
    splits = [("train", "train", "validation")[i // 2 % 3] for i in range(60)]
    queries = [
        {"query_id": str(i), "text": text, "task": "stories" if i % 2 else "sums", "split": split}
        for i, (text, split) in enumerate(zip(texts, splits, strict=True))
    ]
    rows: dict[str, list[Any]] = {
        "query_id": [],
        "candidate": [],
        "quality": [],
        "input_tokens": [],
        "output_tokens": [],
    }
    for i in range(60):
        for name, quality in (("small", float(i % 2)), ("large", 1.0)):
            for column, value in zip(rows, (str(i), name, quality, 20.0, 100.0), strict=True):
                rows[column].append(value)
    candidates = [
        Candidate(name="small", price=Price(input=0.25, output=2, cached_input=0.025)),
        Candidate(name="large", price=Price(input=5, output=25, cached_input=0.5)),
    ]
    outcomes = Outcomes.from_rows(queries, rows, candidates)
    from crossroute import priced

    return fit(priced(outcomes), TrainingConfig(epochs=2, clusters=2, hidden=16, members=1))
