"""A chain: the chat model in its place is a pool."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_crossroute import ChatCrossRoute

import offline

models = offline.models()  # or: {"small": "openai:gpt-5-mini", "large": "anthropic:claude-opus-4-5"}

model = ChatCrossRoute(models=models, router=offline.router())
chain = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")]) | model

for question in (
    "What is 12 plus 30, and what is their product minus 12?",
    "Tell me a short story about 2 foxes.",
):
    answer = chain.invoke({"question": question})
    decision = answer.response_metadata["crossroute"]
    print(f"{decision['candidate']}: quality {decision['quality']:.2f}, ${decision['actual_cost']:.6f}")

print((chain | StrOutputParser()).invoke({"question": "Tell me a short story about 3 owls."}))
print(f"{model.spend.total.calls} calls, ${model.spend.total.cost:.6f}")
