"""A chain: where one chat model stood, a pool of them stands."""

from crossroute.decision import format_usd
from langchain_core.prompts import ChatPromptTemplate
from langchain_crossroute import ChatCrossRoute

from langchain_offline import stand_ins

models = stand_ins("gpt-5-mini", "gpt-4o-mini")  # with a key: {"gpt-5-mini": "openai:gpt-5-mini", ...}

model = ChatCrossRoute(models=models, router="universal", cost_preference=0.1)
chain = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")]) | model

for question in (
    "What is the capital of Peru?",
    "Prove that there are infinitely many primes.",
):
    answer = chain.invoke({"question": question})
    decision = answer.response_metadata["crossroute"]
    print(question, answer.text, sep="\n  ")
    predicted = f"predicted quality {decision['quality']:.2f} for {format_usd(decision['cost'])}"
    print(f"  {predicted}; took {format_usd(decision['actual_cost'])}")

for name, spent in model.spend.by_candidate.items():
    print(f"{name}: {spent.calls} call, {format_usd(spent.cost)}")
