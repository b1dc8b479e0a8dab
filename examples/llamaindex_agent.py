"""An agent: the model that begins a tool turn finishes it."""

import asyncio

from llama_index.core.agent.workflow import AgentOutput, FunctionAgent
from llama_index.core.llms import LLM
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llamaindex_crossroute import CrossRouteLLM

# with keys: llms = {name: OpenAI(model=name) for name in ("gpt-3.5-turbo-1106", "gpt-4-1106-preview")}
llms: dict[str, LLM] = {
    name: MockFunctionCallingLLM(is_chat_model=True) for name in ("gpt-3.5-turbo-1106", "gpt-4-1106-preview")
}


def weather(city: str = "Paris") -> str:
    """Say what the weather is."""
    return f"It rains in {city}."


async def main() -> None:
    """Ask once."""
    pool = CrossRouteLLM(llms=llms, router="routerbench", cost_preference=0.5)
    output: AgentOutput = await FunctionAgent(tools=[weather], llm=pool).run("What is the weather in Paris?")
    print([call.tool_name for call in output.tool_calls], output)
    for name, spent in pool.spend.by_candidate.items():
        print(f"{name}: {spent.calls} calls, ${spent.cost:.6f}")


asyncio.run(main())
