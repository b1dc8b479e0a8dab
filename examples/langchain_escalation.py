"""Escalation with two real models on this machine: an answer's log-probabilities tell when to ask the other.

Needs the packages that local_servers.py names, and langchain-openai. Takes some minutes: the router is trained on
what the two models answer to 120 questions.
"""

from typing import Any

from langchain_core.messages import AIMessage
from langchain_crossroute import ChatCrossRoute
from langchain_openai import ChatOpenAI

import local_servers
from local_servers import is_right


def report(answer: AIMessage) -> list[str]:
    """Say for each call what its answer showed, and what became of the chance that it is right."""
    calls: list[dict[str, Any]] = answer.response_metadata["crossroute"]["calls"]
    return [
        f"    {c['candidate']:8}{c['prior']:.2f} -> {c['posterior']:.2f}  {shown(c['evidence'])}"
        for c in calls
    ]


def shown(evidence: dict[str, Any]) -> str:
    """Write what was seen of an answer."""
    named = {"mean log-probability": evidence["mean_logprob"], "agreement": evidence["agreement"]}
    seen = [f"{name} {value:.2f}" for name, value in named.items() if value is not None]
    return ", ".join(seen + evidence["flaws"])


with local_servers.servers() as urls:
    models = {
        name: ChatOpenAI(model=name, base_url=url, api_key="none", temperature=0, max_tokens=16, stop=["\n"])
        for name, url in urls.items()
    }
    router = local_servers.router(urls)
    model = ChatCrossRoute(models=models, router=router, cost_preference=0, escalate=True)
    right = {"escalated": 0, "routed": 0}
    for question, expected in local_servers.ASK:
        answer = model.invoke(question)
        routed = model.invoke(question, config={"configurable": {"escalate": False}})
        right["escalated"] += is_right(answer.text, expected)
        right["routed"] += is_right(routed.text, expected)
        mark = "right" if is_right(answer.text, expected) else f"wrong: {expected}"
        print(f"{question} {answer.text.strip()} ({mark})", *report(answer), sep="\n")
    print(f"Right, of 12: {right['escalated']}; by routing alone {right['routed']}")
