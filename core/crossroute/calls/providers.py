"""Providers: the name of a member's provider in OpenTelemetry, by the member's class and address.

Source: `gen_ai.provider.name` of the semantic conventions for generative AI,
https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai. Providers without a name there go by that of
their package (`ollama`, `openrouter`).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crossroute.catalogue import find_address

PACKAGE = re.compile(r"(?:langchain_(?!core|community|tests|classic|crossroute)|llama_index\.llms\.)(\w+)")
COMMUNITY = re.compile(r"langchain_community\.(?:chat_models|llms)\.(\w+)")

NAMES = {
    "azure_ai": "azure.ai.inference",
    "azure_inference": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "aws": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "vertex": "gcp.vertex_ai",
    "ibm": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "openai_like": "openai",
    "xai": "x_ai",
}
"""Last part of a package -> what it is called, unless that is the same."""

CLASSES = {"AzureChatOpenAI": "azure.ai.openai", "ChatAnthropicVertex": "gcp.vertex_ai"}
"""Classes that ask another provider than their package's others."""

HOSTS = {
    "openai.com": "openai",
    "anthropic.com": "anthropic",
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "models.ai.azure.com": "azure.ai.inference",
    "amazonaws.com": "aws.bedrock",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "cohere.com": "cohere",
    "cohere.ai": "cohere",
    "deepseek.com": "deepseek",
    "groq.com": "groq",
    "cloud.ibm.com": "ibm.watsonx.ai",
    "mistral.ai": "mistral_ai",
    "perplexity.ai": "perplexity",
    "x.ai": "x_ai",
    "openrouter.ai": "openrouter",
    "together.xyz": "together",
    "together.ai": "together",
    "fireworks.ai": "fireworks",
    "cerebras.ai": "cerebras",
    "moonshot.ai": "moonshot_ai",
    "moonshot.cn": "moonshot_ai",
    "z.ai": "z_ai",
}
"""End of an address's host -> the provider there, whatever class asks: many speak OpenAI's format."""


def find_provider(url: str, package: str) -> str:
    """Return the provider at an address, asked as one of `init_chat_model`'s providers is.

    >>> find_provider("https://me.openai.azure.com", "openai"), find_provider("http://127.0.0.1:8000/v1", "mistralai")
    ('azure.ai.openai', 'mistral_ai')
    """
    return _find_by_address(url) or NAMES.get(package, package)


def find_client_provider(client: object) -> str | None:
    """Return the provider that a client of a model asks; None where neither its address nor its class tells.

    >>> class ChatGroq: __module__ = "langchain_groq.chat_models"
    >>> class Asking(ChatGroq): base_url = "https://openrouter.ai/api/v1"
    >>> find_client_provider(ChatGroq()), find_client_provider(Asking()), find_client_provider(object())
    ('groq', 'openrouter', None)
    """
    return _find_by_address(find_address(client) or "") or _find_by_class(client)


def _find_by_address(url: str) -> str | None:
    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    parts = host.split(".")
    if host.endswith("aiplatform.googleapis.com"):  # the region stands before it, with a dash
        return "gcp.vertex_ai"
    ends = (".".join(parts[place:]) for place in range(len(parts)))
    return next((HOSTS[end] for end in ends if end in HOSTS), None)


def _find_by_class(client: object) -> str | None:
    if getattr(client, "vertexai", None) is True:
        return "gcp.vertex_ai"
    for kind in type(client).__mro__:
        found = PACKAGE.match(kind.__module__) or COMMUNITY.match(kind.__module__)
        if kind.__name__ in CLASSES:
            return CLASSES[kind.__name__]
        if found:
            return NAMES.get(found[1], found[1])
    return None
