"""An agent: each step goes to the predicted best, and a turn with tools ends with the model that began it.

langchain_agent.ipynb shows more, and explains it.
"""

from collections.abc import Sequence

from crossroute import Decision
from crossroute.decision import format_usd
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_crossroute import CrossRouteMiddleware

from langchain_offline import stand_ins


@tool
def overdue() -> str:
    """List the invoices that are overdue."""
    return "Ada Ltd: 1,200 euros, 12 days"


def answer(messages: Sequence[BaseMessage]) -> AIMessage:
    """Say what a model might."""
    if isinstance(messages[-1], ToolMessage):
        return AIMessage(f"They are late: {messages[-1].text}.")
    if "invoices" in messages[-1].text:
        return AIMessage("", tool_calls=[{"name": "overdue", "args": {}, "id": "call_1"}])
    return AIMessage("Lima.")


models = stand_ins("gpt-5", "gpt-4o-mini", answer=answer)  # with a key: {"gpt-5": "openai:gpt-5", ...}

middleware = CrossRouteMiddleware(models=models, router="universal")
agent = create_agent(model=models["gpt-5"], tools=[overdue], middleware=[middleware])

for question in (
    "What is the capital of Peru?",
    "Which of our customers are late with their invoices, and how much do they owe?",
):
    print(question)
    for message in agent.invoke({"messages": [HumanMessage(question)]})["messages"]:
        if isinstance(message, AIMessage):
            decision = Decision.model_validate(message.response_metadata["crossroute"])
            step = message.text or f"calls {message.tool_calls[0]['name']}"
            why = ", ".join(decision.reasons) or f"predicted quality {decision.quality:.2f}"
            print(f"  {decision.candidate}: {step}")
            print(f"    {why}; took {format_usd(decision.actual_cost or 0)}")
