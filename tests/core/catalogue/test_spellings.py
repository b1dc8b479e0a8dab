"""Real-world spellings, written by hand: each means the model beside it, or no one model (None)."""

import pytest

from crossroute.catalogue import Catalogue
from crossroute.errors import UnknownModelError

OPENAI = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "GPT-4o": "gpt-4o-2024-08-06",
    "openai:gpt-4o": "gpt-4o-2024-08-06",
    "openai/gpt-4o": "gpt-4o-2024-08-06",
    "openrouter/openai/gpt-4o": "gpt-4o-2024-08-06",
    "openrouter:openai/gpt-4o": "gpt-4o-2024-08-06",
    "azure/gpt-4o": "gpt-4o-2024-08-06",
    "azure_openai:gpt-4o": "gpt-4o-2024-08-06",
    "github/gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-2024-08-06": "gpt-4o-2024-08-06",
    "openai:gpt-4o-2024-08-06": "gpt-4o-2024-08-06",
    "openai/gpt-4o-2024-05-13": "gpt-4o-2024-05-13",
    "gpt-4o-2024-11-20": "gpt-4o-2024-11-20",
    "azure/gpt-4o-2024-05-13": "gpt-4o-2024-05-13",
    "gpt-4o-mini": "gpt-4o-mini",
    "openai:gpt-4o-mini": "gpt-4o-mini",
    "openai/gpt-4o-mini": "gpt-4o-mini",
    "openai/gpt-4o-mini-2024-07-18": "gpt-4o-mini",
    "azure/gpt-4o-mini": "gpt-4o-mini",
    "litellm_proxy/openai/gpt-4o-mini": "gpt-4o-mini",
    "gpt-4": "gpt-4-0613",
    "openai/gpt-4": "gpt-4-0613",
    "gpt-4-0613": "gpt-4-0613",
    "gpt-4-0314": "gpt-4-0314",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "openai/gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "gpt-4-turbo-preview": "gpt-4-0125-preview",
    "openai:gpt-4-1106-preview": "gpt-4-1106-preview",
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "openai/gpt-3.5-turbo-0125": "gpt-3.5-turbo-0125",
    "azure/gpt-35-turbo": "gpt-3.5-turbo-0125",
    "gpt-3.5-turbo-1106": "gpt-3.5-turbo-1106",
    "gpt-5": "gpt-5",
    "openai:gpt-5": "gpt-5",
    "openai/gpt-5-2025-08-07": "gpt-5",
    "openai:gpt-5-mini": "gpt-5-mini",
    "openai/gpt-5-mini-2025-08-07": "gpt-5-mini",
    "gpt-5-nano": "gpt-5-nano",
    "openai/gpt-5-chat": "gpt-5-chat",
    "gpt-5-chat-latest": "gpt-5-chat",
    "gpt-5-codex": "gpt-5-codex",
    "openai:gpt-4.1-mini": "gpt-4.1-mini",
    "gpt-4.1": "gpt-4.1",
    "o1": "o1",
    "o1-mini": "o1-mini",
    "openai/o1-mini-2024-09-12": "o1-mini",
    "o1-preview": "o1-preview",
    "openai:o3-mini": "o3-mini",
    "o4-mini-2025-04-16": "o4-mini",
    "bedrock/openai.gpt-oss-120b-1:0": "gpt-oss-120b",
    "groq/openai/gpt-oss-20b": "gpt-oss-20b",
    "openai/gpt-oss-20b:free": "gpt-oss-20b",
    "ollama:gpt-oss:20b": "gpt-oss-20b",
    # another model, a mode, a fine-tune, or nobody's
    "gpt-4o-audio-preview": None,
    "openai:gpt-4o-realtime-preview": None,
    "gpt-4o-realtime-preview-2024-10-01": None,
    "gpt-4o-mini-audio-preview": None,
    "gpt-4o-mini-tts": None,
    "gpt-4o-transcribe": None,
    "gpt-4o-search-preview": None,
    "openai/gpt-4o:extended": None,
    "openai/gpt-4o:online": None,
    "openai/gpt-4o:batch": "gpt-4o-2024-08-06",
    "gpt-4o-2024-12-31": None,
    "gpt-4o-08-06": None,
    "gpt4o": None,
    "gpt-4o-latest": None,
    "chatgpt-4o-latest": None,
    "openai/chatgpt-4o-latest": None,
    "ft:gpt-4o-2024-08-06:acme::9xYz": None,
    "openai:ft:gpt-4o-mini-2024-07-18:acme::9xYz": None,
    "ft:gpt-3.5-turbo-0125:acme::9xYz": None,
    "azure/my-deployment": None,
    "azure/gpt-4o-mini-prod-eu": None,
    "azure/prod/gpt-4o": None,
    "gpt-4-vision-preview": None,
    "gpt-4-1106-vision-preview": None,
    "gpt-4-32k": None,
    "gpt-3.5-turbo-instruct": None,
    "gpt-3.5-turbo-16k": None,
    "gpt-3.5-turbo-0613": None,
    "gpt-5-image-mini": None,
    "gpt-5-search-api": None,
    "gpt-5-minimal": None,
    "gpt-oss-20b-base": None,
    "gpt-oss-safeguard-20b": None,
    "o1-mini-high": None,
    "o3-deep-research": None,
    "anthropic/gpt-4o": None,
    "anthropic:gpt-4o-mini": None,
    "gpt-4o-mini-fp16": None,
    "acme/gpt-4o": None,
    "text-embedding-3-small": None,
    "davinci-002": None,
}

ANTHROPIC = {
    "anthropic:claude-sonnet-4-20250514": "claude-sonnet-4",
    "anthropic:claude-sonnet-4": "claude-sonnet-4",
    "claude-sonnet-4-0": "claude-sonnet-4",
    "anthropic/claude-sonnet-4": "claude-sonnet-4",
    "openrouter/anthropic/claude-sonnet-4": "claude-sonnet-4",
    "bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0": "claude-sonnet-4",
    "vertex_ai/claude-sonnet-4@20250514": "claude-sonnet-4",
    "claude-sonnet-4-5": "claude-sonnet-4-5",
    "anthropic/claude-sonnet-4.5": "claude-sonnet-4-5",
    "claude-sonnet-4-5@20250929": "claude-sonnet-4-5",
    "bedrock_converse:global.anthropic.claude-sonnet-4-5-20250929-v1:0": "claude-sonnet-4-5",
    "anthropic:claude-opus-4-5": "claude-opus-4-5",
    "claude-opus-4-20250514": "claude-opus-4",
    "claude-opus-4-1-20250805": "claude-opus-4-1",
    "anthropic/claude-haiku-4.5": "claude-haiku-4-5",
    "claude-3-5-sonnet-20240620": "claude-3-5-sonnet-20240620",
    "anthropic/claude-3.5-sonnet-20240620": "claude-3-5-sonnet-20240620",
    "anthropic/claude-3-5-sonnet-20241022": "claude-3-5-sonnet-20241022",
    "anthropic/claude-3.5-sonnet": "claude-3-5-sonnet-20241022",
    "openrouter/anthropic/claude-3.5-sonnet:beta": "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022",
    "anthropic:claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022",
    "anthropic.claude-3-5-sonnet-20240620-v1:0": "claude-3-5-sonnet-20240620",
    "anthropic.claude-3-5-sonnet-20241022-v2:0": "claude-3-5-sonnet-20241022",
    "bedrock:eu.anthropic.claude-3-5-sonnet-20240620-v1:0": "claude-3-5-sonnet-20240620",
    "bedrock/us-west-2/anthropic.claude-3-5-sonnet-20241022-v2:0": "claude-3-5-sonnet-20241022",
    "bedrock/converse/us.anthropic.claude-3-5-sonnet-20241022-v2:0": "claude-3-5-sonnet-20241022",
    "vertex_ai/claude-3-5-sonnet@20240620": "claude-3-5-sonnet-20240620",
    "vertex_ai/claude-3-5-sonnet-v2@20241022": "claude-3-5-sonnet-20241022",
    "google_anthropic_vertex:claude-3-5-sonnet-v2@20241022": "claude-3-5-sonnet-20241022",
    "claude-3-5-haiku-20241022": "claude-3-5-haiku",
    "anthropic/claude-3.5-haiku": "claude-3-5-haiku",
    "claude-3-haiku-20240307": "claude-3-haiku",
    "anthropic/claude-3-haiku": "claude-3-haiku",
    "bedrock/anthropic.claude-3-haiku-20240307-v1:0": "claude-3-haiku",
    "bedrock/anthropic.claude-3-sonnet-20240229-v1:0": "claude-3-sonnet",
    "anthropic.claude-3-sonnet-20240229-v1:0:200k": "claude-3-sonnet",
    "claude-3-opus-latest": "claude-3-opus",
    "vertex_ai/claude-3-opus@20240229": "claude-3-opus",
    "anthropic/claude-3.7-sonnet": "claude-3-7-sonnet",
    "claude-2.1": "claude-2.1",
    "bedrock/anthropic.claude-v2:1": "claude-2.1",
    "anthropic.claude-v2": "claude-2.0",
    "anthropic/claude-2.0": "claude-2.0",
    "anthropic.claude-instant-v1": "claude-instant-1.2",
    "anthropic/claude-instant-1.2": "claude-instant-1.2",
    "claude-3-5-sonnet": None,
    "Claude 3.5 Sonnet": None,
    "claude-2": None,
    "claude-3-sonnet-20240620": None,
    "claude-sonnet": None,
    "claude": None,
    "anthropic/claude-3.7-sonnet:thinking": "claude-3-7-sonnet",
    "anthropic/claude-opus-4.6-fast": "claude-opus-4-6",
    "claude-sonnet-4-20260101": None,
    "claude-instant-1.1": None,
    "openai:claude-sonnet-4": None,
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123": None,
    "bedrock/anthropic.claude-9-sonnet-v1:0": None,
}

GOOGLE = {
    "google_genai:gemini-2.5-pro": "gemini-2.5-pro",
    "google_genai:gemini-2.5-flash": "gemini-2.5-flash",
    "gemini/gemini-2.5-flash": "gemini-2.5-flash",
    "google/gemini-2.5-flash": "gemini-2.5-flash",
    "google_vertexai:gemini-2.5-pro": "gemini-2.5-pro",
    "vertex_ai/gemini-2.5-pro": "gemini-2.5-pro",
    "models/gemini-2.5-flash": "gemini-2.5-flash",
    "gemini-2.5-flash-lite": "gemini-2.5-flash-lite",
    "gemini-1.5-pro": "gemini-1.5-pro-002",
    "models/gemini-1.5-pro-latest": "gemini-1.5-pro-002",
    "gemini/gemini-1.5-pro-002": "gemini-1.5-pro-002",
    "vertex_ai/gemini-1.5-pro@001": "gemini-1.5-pro-001",
    "gemini-1.5-flash-001": "gemini-1.5-flash-001",
    "google/gemini-flash-1.5": "gemini-1.5-flash-002",
    "google/gemini-flash-1.5-8b": "gemini-1.5-flash-8b",
    "vertex_ai/gemini-1.5-pro-preview-0409": "gemini-1.5-pro-preview-0409",
    "gemini-pro": "gemini-1.0-pro",
    "google/gemma-2-9b-it": "gemma-2-9b-it",
    "google/gemma-2-9b-it:free": "gemma-2-9b-it",
    "groq/gemma2-9b-it": "gemma-2-9b-it",
    "ollama/gemma2": "gemma-2-9b-it",
    "ollama/gemma2:27b": "gemma-2-27b-it",
    "gemma2:2b-instruct-q4_0": "gemma-2-2b-it",
    "unsloth/gemma-2-9b-it-bnb-4bit": "gemma-2-9b-it",
    "gemma3:12b-it-qat": "gemma-3-12b-it",
    "google/gemma-2-9b": None,
    "google/gemma-7b": None,
    "gemma:7b": None,
    "ollama/gemma2:9b-text-q4_0": None,
    "gemini-2.5-flash-preview-tts": None,
    "gemini-2.5-flash-image": None,
    "gemini-2.5-flash-native-audio-latest": None,
    "gemini-live-2.5-flash": None,
    "gemini-flash-latest": None,
    "gemini-pro-vision": None,
    "gemini-1.5-pro-exp": None,
    "gemini-2.5-pro-tts": None,
    "google/gemini-2.5-flash-preview:thinking": None,
    "gemini": None,
}

META = {
    "meta-llama/Meta-Llama-3-8B-Instruct": "llama-3-8b-instruct",
    "meta-llama/llama-3-70b-instruct": "llama-3-70b-instruct",
    "groq/llama3-70b-8192": "llama-3-70b-instruct",
    "together_ai/meta-llama/Llama-3-70b-chat-hf": "llama-3-70b-instruct",
    "bedrock/meta.llama3-70b-instruct-v1:0": "llama-3-70b-instruct",
    "ollama/llama3": "llama-3-8b-instruct",
    "ollama/llama3:70b": "llama-3-70b-instruct",
    "meta-llama/Llama-3.1-8B-Instruct": "llama-3.1-8b-instruct",
    "meta-llama/Meta-Llama-3.1-8B-Instruct": "llama-3.1-8b-instruct",
    "meta-llama/llama-3.1-8b-instruct:free": "llama-3.1-8b-instruct",
    "ollama/llama3.1:8b": "llama-3.1-8b-instruct",
    "ollama:llama3.1": "llama-3.1-8b-instruct",
    "llama3.1:latest": "llama-3.1-8b-instruct",
    "llama3.1:8b-instruct-q4_0": "llama-3.1-8b-instruct",
    "llama3.1:8b-instruct-q5_K_M": "llama-3.1-8b-instruct",
    "llama3.1:8b-instruct-fp16": "llama-3.1-8b-instruct",
    "lm_studio/lmstudio-community/Meta-Llama-3.1-8B-Instruct-GGUF": "llama-3.1-8b-instruct",
    "ollama/hf.co/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q4_K_M": "llama-3.1-8b-instruct",
    "groq/llama-3.1-8b-instant": "llama-3.1-8b-instruct",
    "cerebras/llama3.1-8b": "llama-3.1-8b-instruct",
    "meta-llama/llama-3.1-70b-instruct": "llama-3.1-70b-instruct",
    "groq:llama-3.1-70b-versatile": "llama-3.1-70b-instruct",
    "together_ai/meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo": "llama-3.1-70b-instruct",
    "together:meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo": "llama-3.1-70b-instruct",
    "fireworks_ai/accounts/fireworks/models/llama-v3p1-70b-instruct": "llama-3.1-70b-instruct",
    "accounts/fireworks/models/llama-v3p1-405b-instruct": "llama-3.1-405b-instruct",
    "databricks/databricks-meta-llama-3-1-70b-instruct": "llama-3.1-70b-instruct",
    "nvidia:meta/llama-3.1-70b-instruct": "llama-3.1-70b-instruct",
    "nvidia_nim/meta/llama-3.1-405b-instruct": "llama-3.1-405b-instruct",
    "bedrock/us.meta.llama3-1-70b-instruct-v1:0": "llama-3.1-70b-instruct",
    "vertex_ai/meta/llama-3.1-405b-instruct-maas": "llama-3.1-405b-instruct",
    "hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4": "llama-3.1-70b-instruct",
    "meta-llama/Llama-3.2-3B-Instruct": "llama-3.2-3b-instruct",
    "ollama/llama3.2": "llama-3.2-3b-instruct",
    "ollama/llama3.2:1b": "llama-3.2-1b-instruct",
    "groq/llama-3.3-70b-versatile": "llama-3.3-70b-instruct",
    "openai:meta-llama/Llama-3.3-70B-Instruct": "llama-3.3-70b-instruct",
    "meta-llama/llama-4-maverick:free": "llama-4-maverick",
    "replicate/meta/llama-2-70b-chat": "llama-2-70b-chat",
    "meta-llama/Llama-2-70b-chat-hf": "llama-2-70b-chat",
    "codellama/CodeLlama-34b-Instruct-hf": "codellama-34b-instruct",
    "nvidia/llama-3.1-nemotron-70b-instruct": "llama-3.1-nemotron-70b-instruct",
    # base models, guards, visions, strangers' fine-tunes, bits too few
    "meta-llama/Llama-3.1-8B": None,
    "meta-llama/Meta-Llama-3.1-70B": None,
    "meta-llama/llama-3.1-405b": None,
    "llama3.1:8b-text-q4_0": None,
    "llama3.1:8b-instruct-q2_K": None,
    "meta-llama/llama-guard-3-8b": None,
    "meta-llama/Llama-Prompt-Guard-2-86M": None,
    "someone/Llama-3.1-8B-Instruct": None,
    "someone/Llama-3.1-8B-Instruct-abliterated": None,
    "mlabonne/Meta-Llama-3.1-8B-Instruct-abliterated": None,
    "llama3.2-vision:1b": None,
    "llama-3.1-70b": None,
    "llama": None,
    "ollama/llama3.1:7b": None,
    "openai/llama-3.1-8b-instruct": None,
    "meta-llama/Llama-2-70b-hf": None,
    "gradientai/Llama-3-8B-Instruct-Gradient-1048k": None,
    "groq/llama3-groq-70b-8192-tool-use-preview": None,
    "ollama/gpt-oss:120b-cloud": None,
}

OTHERS = {
    "mistral/open-mixtral-8x7b": "mixtral-8x7b-instruct-v0.1",
    "mistralai:open-mixtral-8x22b": "mixtral-8x22b-instruct-v0.1",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b-instruct-v0.1",
    "groq/mixtral-8x7b-32768": "mixtral-8x7b-instruct-v0.1",
    "bedrock/mistral.mixtral-8x7b-instruct-v0:1": "mixtral-8x7b-instruct-v0.1",
    "bedrock/mistral.mistral-7b-instruct-v0:2": "mistral-7b-instruct-v0.2",
    "mistralai/Mistral-7B-Instruct-v0.3": "mistral-7b-instruct-v0.3",
    "TheBloke/Mistral-7B-Instruct-v0.2-GGUF": "mistral-7b-instruct-v0.2",
    "TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ": "mixtral-8x7b-instruct-v0.1",
    "mistralai/mistral-nemo": "mistral-nemo-2407",
    "mistral/open-mistral-nemo-2407": "mistral-nemo-2407",
    "mistralai/Mistral-Nemo-Instruct-2407": "mistral-nemo-2407",
    "vertex_ai/mistral-large@2407": "mistral-large-2407",
    "mistral.mistral-large-2407-v1:0": "mistral-large-2407",
    "mistralai:mistral-large-2411": "mistral-large-2411",
    "mistralai/Mathstral-7B-v0.1": "mathstral-7b",
    "deepseek/deepseek-r1-0528": "deepseek-r1-0528",
    "deepseek-ai/DeepSeek-R1-0528": "deepseek-r1-0528",
    "deepseek/deepseek-r1-0528:free": "deepseek-r1-0528",
    "deepseek/deepseek-chat-v3-0324": "deepseek-v3-0324",
    "deepseek-ai/DeepSeek-V3-0324": "deepseek-v3-0324",
    "deepseek/deepseek-v3.1-terminus": "deepseek-v3.1-terminus",
    "ollama/deepseek-r1:7b": "deepseek-r1-distill-qwen-7b",
    "Qwen/Qwen2.5-72B-Instruct": "qwen2.5-72b-instruct",
    "qwen/qwen-2.5-72b-instruct": "qwen2.5-72b-instruct",
    "together_ai/Qwen/Qwen2.5-72B-Instruct-Turbo": "qwen2.5-72b-instruct",
    "Qwen/Qwen2.5-7B-Instruct-AWQ": "qwen2.5-7b-instruct",
    "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4": "qwen2.5-7b-instruct",
    "ollama/qwen2.5:32b": "qwen2.5-32b-instruct",
    "qwen/qwen-2.5-coder-32b-instruct:free": "qwen2.5-coder-32b-instruct",
    "ollama/qwen2.5-coder": "qwen2.5-coder-7b-instruct",
    "Qwen/Qwen3-235B-A22B-Instruct-2507": "qwen3-235b-a22b-2507",
    "qwen/qwen3-235b-a22b-thinking-2507": "qwen3-235b-a22b-thinking-2507",
    "qwen/qwen3-8b": "qwen3-8b",
    "microsoft/Phi-3.5-mini-instruct": "phi-3.5-mini-instruct",
    "microsoft/Phi-3-mini-4k-instruct": "phi-3-mini-4k-instruct",
    "cohere/command-r": "command-r-03-2024",
    "cohere:command-r-plus": "command-r-plus-04-2024",
    "bedrock/cohere.command-r-plus-v1:0": "command-r-plus-04-2024",
    "cohere_chat/command-r-08-2024": "command-r-08-2024",
    "CohereForAI/c4ai-command-r-v01": "command-r-03-2024",
    "xai:grok-2-1212": "grok-2-1212",
    "x-ai/grok-4": "grok-4",
    "ai21/jamba-1-5-large": "jamba-1.5-large",
    "z-ai/glm-4.6": "glm-4.6",
    "zai-org/GLM-4.6-FP8": "glm-4.6",
    "THUDM/glm-4-9b-chat": "glm-4-9b-chat",
    "moonshotai/kimi-k2-0905": "kimi-k2-0905",
    "moonshotai/Kimi-K2-Instruct-0905": "kimi-k2-0905",
    "ibm-granite/granite-3.3-8b-instruct": "granite-3.3-8b-instruct",
    "01-ai/Yi-1.5-34B-Chat": "yi-1.5-34b-chat",
    "databricks/dbrx-instruct": "dbrx-instruct",
    "fireworks_ai/accounts/fireworks/models/firefunction-v2": "firefunction-v2",
    "internlm/Intern-S1": "intern-s1",
    "nvidia/nvidia-nemotron-nano-9b-v2": "nemotron-nano-9b-v2",
    "z-ai/glm-4.6v": "glm-4.6v",
    "nousresearch/nous-hermes-2-mixtral-8x7b-dpo": "nous-hermes-2-mixtral-8x7b-dpo",
    "bedrock/us.amazon.nova-pro-v1:0": "nova-pro-v1",
    "bedrock_converse:global.amazon.nova-2-lite-v1:0": "nova-2-lite-v1",
    "bedrock/global.zai.glm-5.3": "glm-5.3",
    "deepseek/deepseek-chat-v3.1": "deepseek-v3.1",
    "openrouter/qwen/qwen3-coder": "qwen3-coder-480b-a35b-instruct",
    "ollama/qwen3-coder:30b": "qwen3-coder-30b-a3b-instruct",
    "openrouter/qwen/qwen3.5-plus-20260420": "qwen3.5-plus-2026-04-20",
    "mistral/mistral-medium-2505": "mistral-medium-3",
    "HuggingFaceH4/zephyr-7b-beta": "zephyr-7b-beta",
    "mistral-large-latest": None,
    "ollama/qwen3-coder": None,
    "mistral/mistral-large-latest": None,
    "mistralai/mistral-large": None,
    "mistral-small-latest": None,
    "mistralai/mistral-7b-instruct": None,
    "mistralai/Mistral-7B-v0.1": None,
    "mistralai/Mixtral-8x7B-v0.1": None,
    "ollama/mistral": None,
    "ollama/command-r": None,
    "cognitivecomputations/dolphin-mixtral-8x7b": None,
    "deepseek/deepseek-chat": None,
    "deepseek:deepseek-reasoner": None,
    "deepseek-r1:8b": None,
    "deepseek-ai/DeepSeek-R1-Zero": None,
    "deepseek-coder-v2:16b": None,
    "Qwen/Qwen2.5-72B": None,
    "Qwen/Qwen2.5-VL-72B-Instruct": None,
    "Qwen/Qwen2.5-Math-72B-Instruct": None,
    "qwen/qwen3-235b-a22b:thinking": "qwen3-235b-a22b",
    "Qwen/Qwen3-8B-Base": None,
    "moonshotai/kimi-k2": None,
    "x-ai/grok-2-vision-1212": None,
    "microsoft/Phi-3-vision-128k-instruct": None,
    "cohere/command": None,
    "01-ai/Yi-34B": None,
    "": None,
    "/": None,
    "openai:": None,
    "openai/": None,
    ":free": None,
    "small": None,
}

IN_USE = """
claude-opus-5-5 claude-sonnet-5-5 claude-haiku-5-5 claude-fable-5-2 claude-fable-5-1 claude-opus-5
claude-sonnet-5 claude-opus-4-8 claude-sonnet-4-6 gpt-6.1-sol gpt-6.1-terra gpt-6-sol gpt-6-luna
gpt-6-astra gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna gpt-5.5 gpt-5.4 gpt-5.4-mini gpt-5.4-nano
gpt-5.3-codex gemini-4-argon gemini-3.8-flash gemini-3.7-flash gemini-3.5-flash gemini-3.5-flash-lite
gemini-3.1-pro-preview grok-4.7 grok-4.6 grok-4.3 deepseek-v4-pro deepseek-v4-flash deepseek-v4.1-flash
kimi-k3 kimi-k3.1 glm-5.3 glm-5.3-flash qwen3.8-max minimax-m3.1-flash claude-mythos-5-2
claude-haiku-4-5 gpt-5.5-pro gpt-oss-120b gemini-3.6-flash gemini-3.1-flash-lite gemini-2.5-flash
gemma-4-31b-it gemma-4-26b-a4b-it grok-4.5 grok-4.1-fast grok-code-fast-1 grok-build-0.1
deepseek-v4-flash-0731 deepseek-v4-pro-0813 deepseek-v3.2 kimi-k3.1-pro kimi-k2.6 kimi-k2.5
kimi-k2.7-code glm-5.2 glm-5.1 glm-5 glm-4.7 minimax-m3 minimax-m2.7 minimax-m2.5 qwen3.8-27b
qwen3.8-flash qwen3.7-max qwen3.7-plus qwen3.6-27b qwen3.5-397b-a17b qwen3-coder-next
qwen3-235b-a22b-2507 mistral-large-4 mistral-large-2512 mistral-medium-3.1 mistral-medium-3-5
mistral-small-2603 devstral-2512 ministral-8b-2512 codestral-2508 muse-spark-1.3 muse-spark-1.2
muse-wonder muse-glimmer-30b llama-4-maverick nova-2-lite-v1 nova-pro-v1 nova-premier-v1
command-a-plus-05-2026 mimo-v2.6-pro mimo-v2.5-pro step-3.7-flash step-5-preview hy4 seed-2.0-lite
seed-2-1-turbo nemotron-3-super-120b-a12b nemotron-3-ultra-550b-a55b nemotron-3.5-lightning mercury-3
inkling granite-4.2-8b sonar-pro
"""
"""Models in use in November 2026."""

PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google_genai",
    "x-ai": "xai",
    "deepseek": "deepseek",
    "mistral": "mistralai",
    "cohere": "cohere",
    "amazon": "bedrock",
    "nvidia": "nvidia",
    "ibm": "ibm",
    "perplexity": "perplexity",
}
"""Maker -> its provider in LangChain, where it has one."""

ON_OPENROUTER = {
    "mistral": "mistralai",
    "moonshot": "moonshotai",
    "ibm": "ibm-granite",
    "bytedance": "bytedance-seed",
}
"""Maker -> its prefix on OpenRouter, where that is another word."""

SPELLINGS = {**OPENAI, **ANTHROPIC, **GOOGLE, **META, **OTHERS}


@pytest.mark.parametrize(("spelling", "name"), SPELLINGS.items())
def test_a_spelling_means_its_model_or_is_refused(spelling, name):
    found = Catalogue.bundled().find(spelling)
    assert (found and found.entry.name) == name


def test_the_table_is_long_enough_to_tell():
    assert len(SPELLINGS) > 300
    assert sum(name is None for name in SPELLINGS.values()) > 100


@pytest.mark.parametrize("name", IN_USE.split())
def test_a_model_in_use_is_known_by_its_name_its_maker_and_on_openrouter(name):
    find = Catalogue.bundled().find
    found = find(name)
    assert found
    assert (found.entry.name, found.free) == (name, False)
    assert found.entry.price
    maker = found.entry.maker
    prefix = "meta-llama" if name.startswith("llama") else ON_OPENROUTER.get(maker, maker)
    spellings = [f"{prefix}/{name}", f"openrouter/{prefix}/{name}", f"openrouter:{prefix}/{name}"]
    if maker in PROVIDERS:
        spellings.append(f"{PROVIDERS[maker]}:{name}")
    assert {find(spelling).entry.name for spelling in spellings} == {name}


def test_the_models_in_use_are_a_hundred_and_six():
    assert len(set(IN_USE.split())) == 106


@pytest.mark.parametrize("entry", Catalogue.bundled(), ids=lambda entry: entry.name)
def test_each_name_and_alias_means_its_own_model(entry):
    for spelling in (entry.name, *entry.aliases):
        assert Catalogue.bundled().resolve(spelling).entry == entry


def test_what_a_data_set_recorded_under_a_models_name_is_that_model_or_unknown():
    catalogue = Catalogue.bundled()
    older = {"gemini-1.5-pro", "gemini-1.5-flash"}  # of mid-2024; today these names mean the next version
    older.add("gemma3")  # of thematic, which means the 27B; a bare gemma3 is Ollama's 4B
    for entry in catalogue:
        for spelling in {name for names in entry.recorded_as.values() for name in names} - older:
            found = catalogue.find(spelling)
            assert found is None or found.entry == entry


@pytest.mark.parametrize(
    ("spelling", "free"),
    [
        ("ollama/llama3.1:8b", True),
        ("ollama:llama3.1", True),
        ("llama3.1:8b-instruct-q4_0", True),
        ("lm_studio/lmstudio-community/Meta-Llama-3.1-8B-Instruct-GGUF", True),
        ("meta-llama/llama-3.1-8b-instruct:free", True),
        ("meta-llama/llama-3.1-8b-instruct", False),
        ("groq/llama-3.1-8b-instant", False),
        ("bedrock/meta.llama3-1-8b-instruct-v1:0", False),
    ],
)
def test_a_spelling_tells_whether_somebody_charges(spelling, free):
    assert Catalogue.bundled().resolve(spelling).free is free


def test_a_refusal_says_why_names_the_nearest_and_the_command():
    with pytest.raises(UnknownModelError, match=r"moves from model to model.*mistral-large-2407"):
        Catalogue.bundled().resolve("mistral/mistral-large-latest")
    with pytest.raises(
        UnknownModelError, match=r"nearest are 'gpt-5-mini'.*crossroute profile openai:gpt-5-mny"
    ):
        Catalogue.bundled().resolve("openai:gpt-5-mny")
