"""Escalation with two real models on this machine: an answer's log-probabilities tell when to ask the other.

Needs the packages that local_servers.py names, and llama-index-llms-openai-like. Takes some minutes: the router is
trained on what the two models answer to 120 questions.
"""

from typing import Any

from llama_index.core.llms import LLM
from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-untyped]
from llamaindex_crossroute import CrossRouteLLM

import local_servers


def report(call: dict[str, Any]) -> str:
    """Say what one call's answer showed, and what became of the chance that it is right."""
    evidence = call["evidence"]
    shown = {"mean log-probability": evidence["mean_logprob"], "agreement": evidence["agreement"]}
    seen = [f"{name} {value:.2f}" for name, value in shown.items() if value is not None] + evidence["flaws"]
    return f"    {call['candidate']:8} {call['prior']:.2f} -> {call['posterior']:.2f}  {', '.join(seen)}"


with local_servers.servers() as urls:
    members: dict[str, LLM] = {
        name: OpenAILike(
            model=name,
            api_base=url,
            api_key="none",
            is_chat_model=True,
            temperature=0,
            max_tokens=16,
            additional_kwargs={"stop": ["\n"]},
        )
        for name, url in urls.items()
    }
    # quality first: at the default dial the prices that we made up leave hardly a second call worth its cost
    llm = CrossRouteLLM(llms=members, router=local_servers.router(urls), cost_preference=0, escalate=True)
    for question, expected in local_servers.ASK:
        answer = llm.complete(question)
        right = "right" if local_servers.is_right(answer.text, expected) else f"wrong: {expected}"
        print(f"{question} {answer.text.strip()} ({right})")
        print(*map(report, answer.additional_kwargs["crossroute"]["calls"]), sep="\n")
    for name, spent in llm.spend.by_candidate.items():
        print(f"{name}: {spent.calls} calls, {spent.usage.output_tokens} tokens written, ${spent.cost:.7f}")
