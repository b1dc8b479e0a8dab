"""An agent: each step goes to the predicted best, and a turn with tools is finished by who began it."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langchain_crossroute import CrossRouteMiddleware

import offline

models = offline.models()  # or: {"small": "openai:gpt-5-mini", "large": "anthropic:claude-opus-4-5"}


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"It is sunny in {city}."


router = CrossRouteMiddleware(models=models, router=offline.router())
agent = create_agent(model=models["small"], tools=[weather], middleware=[router])

messages: list[Any] = []
for question in (
    "What is 12 plus 30, and what is their product minus 12?",
    "Tell me a short story about 2 foxes.",
):
    messages = agent.invoke({"messages": [*messages, HumanMessage(question)]})["messages"]

for message in messages:
    if isinstance(message, AIMessage):
        decision = message.response_metadata["crossroute"]
        print(decision["candidate"], "calls tools" if message.tool_calls else "answers", *decision["reasons"])
