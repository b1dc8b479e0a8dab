"""Dialects: the keywords that each provider's models take.

Source: the keywords of langchain-openai 1.7, langchain-anthropic 1.7, langchain-google-genai 4.4, langchain-ollama 1.1
and of LlamaIndex's OpenAI 0.8, Anthropic 0.12, GoogleGenAI and Ollama 0.11, and of the APIs that they hand them to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


class Dialect(NamedTuple):
    """The keywords of one provider's models.

    Attributes:
        name: Name of the provider.
        takes: Supported keywords among those of all providers.
        renamed: Another provider's keyword -> theirs, unless supported unchanged.
        longest_tool_name: Maximum length of a tool's name, which may have letters, digits, _ and -.
        tool_choices: "required", "auto", "none" -> their value; without unsupported ones.
    """

    name: str
    takes: frozenset[str]
    renamed: Mapping[str, str]
    longest_tool_name: int
    tool_choices: Mapping[str, Any] = {}


SAMPLING = "temperature top_p"
SHARED = "tools tool_choice stream timeout config model"
HTTP = "extra_headers extra_query extra_body"
LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict", "max_new_tokens")
"""Keywords for the longest answer."""


def lengths_as(own: str) -> dict[str, str]:
    """Return each keyword for the longest answer -> a provider's own."""
    return {word: own for word in LENGTHS if word != own}


OPENAI = Dialect(
    "openai",
    words(
        f"{SHARED} {HTTP} {SAMPLING} stop seed n user logit_bias logprobs top_logprobs presence_penalty "
        "frequency_penalty max_tokens max_completion_tokens reasoning_effort reasoning response_format "
        "parallel_tool_calls strict service_tier metadata store modalities audio prediction verbosity stream_options "
        "stream_usage functions function_call prompt_cache_key safety_identifier web_search_options include text "
        "previous_response_id truncation prompt_cache_retention prompt_cache_options moderation max_tool_calls "
        "background instructions conversation prompt"
    ),
    {
        **lengths_as("max_tokens"),
        "stop_sequences": "stop",
        "random_seed": "seed",
        "candidate_count": "n",
        "thinking_level": "reasoning_effort",
        "effort": "reasoning_effort",
    },
    64,
    {"required": "required", "auto": "auto", "none": "none"},
)

ANTHROPIC = Dialect(
    "anthropic",
    words(
        f"{SHARED} {HTTP} {SAMPLING} top_k stop stop_sequences max_tokens system metadata service_tier thinking betas "
        "mcp_servers container context_management output_config effort reasoning_effort cache_control inference_geo "
        "parallel_tool_calls strict response_format stream_usage speed user_profile_id output_format diagnostics "
        "fallbacks"
    ),
    {
        **lengths_as("max_tokens"),
        "thinking_level": "effort",
    },
    128,
    {"required": "any", "auto": "auto", "none": {"type": "none"}},
)

GOOGLE = Dialect(
    "google",
    words(
        f"{SHARED} {SAMPLING} top_k stop stop_sequences seed presence_penalty frequency_penalty max_output_tokens "
        "candidate_count safety_settings generation_config thinking_budget thinking_level thinking_config "
        "include_thoughts reasoning_effort response_mime_type response_schema response_json_schema response_modalities "
        "tool_config cached_content functions image_config labels service_tier system_instruction media_resolution "
        "speech_config response_logprobs audio_timestamp routing_config model_armor_config http_options"
    ),
    {
        **lengths_as("max_output_tokens"),
        "random_seed": "seed",
        "n": "candidate_count",
        "effort": "thinking_level",
        "modalities": "response_modalities",
    },
    128,
    {"required": "any", "auto": "auto", "none": "none"},
)

OLLAMA = Dialect(
    "ollama",
    words(
        f"{SHARED} {SAMPLING} top_k stop seed num_predict num_ctx num_gpu num_thread repeat_last_n repeat_penalty "
        "tfs_z mirostat mirostat_eta mirostat_tau keep_alive options format reasoning think response_format logprobs "
        "top_logprobs strict"
    ),
    {
        **lengths_as("num_predict"),
        "random_seed": "seed",
        "repetition_penalty": "repeat_penalty",
        "stop_sequences": "stop",
        "reasoning_effort": "reasoning",
    },
    10_000,
    {"auto": None},
)

LLAMAINDEX_OLLAMA = Dialect(
    "ollama",
    words(f"{SHARED} think format"),
    {"reasoning_effort": "think", "reasoning": "think"},
    10_000,
    {"auto": None},
)
"""LlamaIndex's class only reads sampling arguments from its fields."""

DIALECTS = (OPENAI, ANTHROPIC, GOOGLE, OLLAMA)

BY_CLASS = {
    "BaseChatOpenAI": OPENAI,
    "ChatAnthropic": ANTHROPIC,
    "ChatGoogleGenerativeAI": GOOGLE,
    "ChatOllama": OLLAMA,
    "OpenAI": OPENAI,
    "OpenAIResponses": OPENAI,
    "Anthropic": ANTHROPIC,
    "GoogleGenAI": GOOGLE,
    "Ollama": LLAMAINDEX_OLLAMA,
}
"""Name of a chat model's class, or of one of its bases -> its dialect."""

VOCABULARY = frozenset(word for dialect in DIALECTS for word in (*dialect.takes, *dialect.renamed))
"""Keywords of any provider; others are the user's own, and are passed on."""

HOTTEST = {"anthropic": 1.0}
"""Maximum temperature, if below the usual 2."""


def dialect_of(model: object) -> Dialect | None:
    """Return the dialect of a model's class, or None.

    >>> class ChatOllama: ...
    >>> dialect_of(ChatOllama()).name
    'ollama'
    """
    return next((BY_CLASS[base.__name__] for base in type(model).__mro__ if base.__name__ in BY_CLASS), None)
