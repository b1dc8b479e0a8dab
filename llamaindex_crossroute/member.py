"""A member: one of the LLMs that a call may go to, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping

from llama_index.core.base.llms.types import LLMMetadata, MessageRole
from llama_index.core.constants import DEFAULT_CONTEXT_WINDOW
from llama_index.core.llms import LLM

from crossroute import Candidate
from crossroute.calls.members import Ability

NAME = "CrossRoute"


def model_name(llm: LLM) -> str | None:
    """Return the name of the model that an LLM asks; None where it tells none."""
    name = llm.metadata.model_name
    return None if name == LLMMetadata().model_name else name


def calls_tools(llm: LLM) -> bool:
    """Return whether an LLM says that it calls functions and has the methods for it, whatever its class."""
    return llm.metadata.is_function_calling_model and hasattr(llm, "chat_with_tools")


def ability_of(llm: LLM, candidate: Candidate, stated: Ability | None = None) -> Ability:
    """Return what an LLM can do: as stated; tools and context by its metadata; the rest by its candidate.

    A context window of 3,900 tokens is what LlamaIndex says where nobody has said; it counts as unknown.

    Args:
        llm: The LLM.
        candidate: What the router, or the catalogue, knows of it.
        stated: What the user said of it.
    """
    known = candidate.capabilities
    window = llm.metadata.context_window
    by_metadata = Ability(
        capabilities=known | {"tools"} if calls_tools(llm) else known - {"tools"},
        context_window=window if window > 0 and window != DEFAULT_CONTEXT_WINDOW else None,
    )
    said = {} if stated is None else {field: value for field, value in stated if value is not None}
    return by_metadata.model_copy(update=said)


def common_metadata(llms: Mapping[str, LLM]) -> LLMMetadata:
    """Return what is true of every member, or of the pool: prompts are cut to its smallest context window."""
    members = [llm.metadata for llm in llms.values()]
    smallest = min(members, key=lambda metadata: metadata.context_window)
    roles = {metadata.system_role for metadata in members}
    return LLMMetadata(
        context_window=smallest.context_window,
        num_output=smallest.num_output,
        is_chat_model=any(metadata.is_chat_model for metadata in members),
        is_function_calling_model=any(calls_tools(llm) for llm in llms.values()),
        model_name=f"{NAME}({', '.join(llms)})",
        system_role=roles.pop() if len(roles) == 1 else MessageRole.SYSTEM,
    )
