"""An agent: the model that begins a tool turn finishes it."""

import asyncio

from crossroute.decision import format_usd
from llama_index.core.agent.workflow import AgentOutput, FunctionAgent
from llama_index.core.llms import LLM
from llamaindex_crossroute import CrossRouteLLM

from llamaindex_offline import StandIn

# with a key: {"gpt-5": OpenAI(model="gpt-5"), ...}; by default LlamaIndex's mock calls every tool, then says so
llms: dict[str, LLM] = {name: StandIn(is_chat_model=True) for name in ("gpt-5", "gpt-4o-mini")}


def weather(city: str = "Paris") -> str:
    """Say what the weather is."""
    return f"It rains in {city}."


async def main() -> None:
    """Ask once."""
    pool = CrossRouteLLM(llms=llms, router="universal")
    question = "What is the weather in Paris?"
    output: AgentOutput = await FunctionAgent(tools=[weather], llm=pool).run(question)
    print(question, f"  called {', '.join(call.tool_name for call in output.tool_calls)}", sep="\n")
    print(f"  {output}")
    for name, spent in pool.spend.by_candidate.items():
        print(f"{name}: {spent.calls} calls, {format_usd(spent.cost)}")


asyncio.run(main())
