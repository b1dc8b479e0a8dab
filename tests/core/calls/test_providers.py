"""Providers: which one a client of a model asks, as OpenTelemetry names it."""

from __future__ import annotations

import pytest

from crossroute.calls.providers import HOSTS, NAMES, find_client_provider, find_provider


def client(module: str, name: str = "Chat", **fields: object) -> object:
    return type(name, (), {"__module__": module, **fields})()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (client("langchain_openai.chat_models.base"), "openai"),
        (client("langchain_openai.chat_models.azure", "AzureChatOpenAI"), "azure.ai.openai"),
        (client("langchain_anthropic.chat_models"), "anthropic"),
        (client("langchain_google_genai.chat_models"), "gcp.gemini"),
        (client("langchain_google_genai.chat_models", vertexai=True), "gcp.vertex_ai"),
        (client("langchain_aws.chat_models.bedrock_converse"), "aws.bedrock"),
        (client("langchain_mistralai.chat_models"), "mistral_ai"),
        (client("langchain_xai.chat_models"), "x_ai"),
        (client("langchain_community.chat_models.moonshot"), "moonshot"),
        (client("llama_index.llms.openai.responses"), "openai"),
        (client("llama_index.llms.azure_openai.base"), "azure.ai.openai"),
        (client("llama_index.llms.bedrock_converse.base"), "aws.bedrock"),
        (client("llama_index.llms.ollama.base"), "ollama"),
        (client("llama_index.llms.openai_like.base"), "openai"),
        (client("llama_index.llms.openai_like.base", api_base="https://api.groq.com/openai/v1"), "groq"),
        (client("langchain_openai.chat_models.base", openai_api_base="http://vllm:8000/v1"), "openai"),
        (client("langchain_core.language_models.fake_chat_models"), None),
        (client("llama_index.core.llms.mock"), None),
        (client("my_app.models"), None),
    ],
)
def test_class_and_address_tell_who_answers(given, expected):
    assert find_client_provider(given) == expected


def test_a_class_of_ones_own_goes_by_its_base():
    base = type(client("langchain_groq.chat_models"))
    assert find_client_provider(type("Mine", (base,), {"__module__": "my_app"})()) == "groq"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://mine.openai.azure.com/openai/deployments/gpt", "azure.ai.openai"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", "aws.bedrock"),
        ("https://europe-west4-aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("https://notopenai.com/v1", "groq"),
        ("127.0.0.1:8000", "groq"),
    ],
)
def test_an_address_goes_before_the_package(address, expected):
    assert find_provider(address, "groq") == expected


def test_well_known_providers_go_by_their_names_in_the_conventions():
    semconv = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    known = {each.value for each in semconv.GenAiProviderNameValues} - {"gcp.gen_ai"}
    assert known <= {*HOSTS.values(), *NAMES.values()}
