"""Escalation with two real models on this machine: an answer's log-probabilities tell when to ask the other.

Needs the packages that local_models.py names, and llama-index-llms-openai-like. Takes some minutes: the router is
trained on what the two models answer to the 120 questions of local_questions.py.
"""

from crossroute import Decision
from crossroute.decision import format_usd
from llama_index.core.llms import LLM
from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-untyped]
from llamaindex_crossroute import CrossRouteLLM

import local_questions

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
    for name, url in local_questions.urls().items()
}
# quality first: at the default dial the prices that we made up leave hardly a second call worth its cost
llm = CrossRouteLLM(llms=members, router=local_questions.router(), cost_preference=0, escalate=True)

for question, expected in local_questions.ASK:
    answer = llm.complete(question)
    mark = "right" if local_questions.is_right(answer.text, expected) else f"wrong: {expected}"
    decision = Decision.model_validate(answer.additional_kwargs["crossroute"])
    print(f"{question} {answer.text.strip()} ({mark})", *map(local_questions.line, decision.calls), sep="\n")
for name, spent in llm.spend.by_candidate.items():
    print(
        f"{name}: {spent.calls} calls, {spent.usage.output_tokens} tokens written, {format_usd(spent.cost)}"
    )
