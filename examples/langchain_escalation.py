"""Escalation with two real models on this machine: an answer's log-probabilities tell when to ask the other.

Needs the packages that local_models.py names, and langchain-openai. Takes some minutes: the router is trained on
what the two models answer to the 120 questions of local_questions.py.
"""

from crossroute import Decision
from langchain_crossroute import ChatCrossRoute
from langchain_openai import ChatOpenAI

import local_questions
from local_questions import is_right

models = {
    name: ChatOpenAI(model=name, base_url=url, api_key="none", temperature=0, max_tokens=16, stop=["\n"])
    for name, url in local_questions.urls().items()
}
# quality first: at the default dial the prices that we made up leave hardly a second call worth its cost
model = ChatCrossRoute(models=models, router=local_questions.router(), cost_preference=0, escalate=True)

right = {"escalated": 0, "routed": 0}
for question, expected in local_questions.ASK:
    answer = model.invoke(question)
    routed = model.invoke(question, config={"configurable": {"escalate": False}})
    right["escalated"] += is_right(answer.text, expected)
    right["routed"] += is_right(routed.text, expected)
    mark = "right" if is_right(answer.text, expected) else f"wrong: {expected}"
    decision = Decision.model_validate(answer.response_metadata["crossroute"])
    print(f"{question} {answer.text.strip()} ({mark})", *map(local_questions.line, decision.calls), sep="\n")
print(f"Right, of 12: {right['escalated']}; by routing alone {right['routed']}")
