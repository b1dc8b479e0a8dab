"""The dial: from 0, quality first, to 1, cheapest, for each call; or one model, by name."""

from textwrap import fill

from crossroute.decision import format_usd
from langchain_crossroute import ChatCrossRoute

from langchain_offline import stand_ins

# with a key: {"gpt-5": "openai:gpt-5", ...}
models = stand_ins("gpt-5", "gpt-4o-mini", "llama-3.1-8b-instruct")

model = ChatCrossRoute(models=models, router="universal")
question = "Write a Python function that merges two sorted lists."

for preference in (0, 0.5, 1):
    answer = model.invoke(question, config={"configurable": {"cost_preference": preference}})
    decision = answer.response_metadata["crossroute"]
    numbers = f"predicted quality {decision['quality']:.2f} for {format_usd(decision['cost'])}"
    print(f"cost preference {preference}: {decision['candidate']}, {numbers}")

answer = model.invoke(question, config={"configurable": {"candidate": "gpt-5"}})
print(f"asked for by name: {answer.response_metadata['crossroute']['candidate']}")

print(fill(model.route(question).explain(), 80))  # the decision alone: nobody is called
