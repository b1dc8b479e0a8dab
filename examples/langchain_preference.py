"""A preference for each request: the dial from 0, quality first, to 1, cheapest; or one model, by name."""

from langchain_crossroute import ChatCrossRoute

import offline

models = offline.models()  # or: {"small": "openai:gpt-5-mini", "large": "anthropic:claude-opus-4-5"}

model = ChatCrossRoute(models=models, router=offline.router())
question = "What is 12 plus 30, and what is their product minus 12?"

for preference in (0, 1):
    answer = model.invoke(question, config={"configurable": {"cost_preference": preference}})
    print(f"cost preference {preference}: {answer.response_metadata['crossroute']['candidate']}")

answer = model.invoke(question, config={"configurable": {"candidate": "small"}})
print(f"forced: {answer.response_metadata['crossroute']['candidate']}")
print(model.route(question).explain())
