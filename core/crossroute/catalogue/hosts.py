"""Hosts and makers of models, as the prefixes of model names spell them.

Source: LangChain's `init_chat_model`, litellm's list of providers, OpenRouter's and Hugging Face's
organisations, Amazon Bedrock's model ids; as of November 2026.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOCAL = _words(
    "ollama ollama_chat lm_studio lmstudio llamafile llamacpp llama.cpp llama_cpp xinference vllm hosted_vllm"
)
"""Servers on one's own machines, without a price a token."""

LOCAL_CLASSES = _words(
    "ChatOllama Ollama OllamaLLM ChatLlamaCpp LlamaCpp LlamaCPP VLLM Vllm ChatMLX MLXPipeline MLXLLM GPT4All "
    "ChatLlamafile Llamafile HuggingFacePipeline HuggingFaceLLM LMStudio Xinference IpexLLM"
)
"""Classes of LangChain and LlamaIndex that do so, unless they are given another address."""

HOSTS = LOCAL | _words(
    # hosts that serve what others make
    "azure azure_ai azure_openai bedrock bedrock_converse anthropic_bedrock bedrock_mantle_anthropic "
    "bedrock_mantle_openai sagemaker vertex_ai vertexai google_vertexai "
    "google_anthropic_vertex google-vertex groq together together_ai togethercomputer fireworks fireworks_ai "
    "openrouter deepinfra anyscale perplexity huggingface replicate databricks sambanova cerebras nvidia_nim "
    "hyperbolic nebius novita baseten github github_copilot watsonx friendliai lambda_ai cloudflare nscale "
    "featherless_ai @cf snowflake-cortex snowflake ovhcloud siliconflow dashscope litellm litellm_proxy oci "
    "vercel vercel_ai_gateway heroku requesty volcengine byteplus ark "
    # pieces of their paths
    "accounts models publishers converse invoke converse_like hf.co huggingface.co "
    # publishers of open weights in other formats
    "unsloth bartowski lmstudio-community thebloke mlx-community neuralmagic redhatai hugging-quants "
    "quantfactory second-state casperhansen maziyarpanahi"
)

FRONT = frozenset({"openai", "nvidia", "mistralai", "cohere", "google", "huggingface", "arcee"})
"""Makers whose prefix names a protocol if another prefix follows: `openai:meta-llama/...`."""

INFERENCE_PROVIDERS = _words(
    "baseten cerebras featherless-ai fireworks-ai groq hf-inference hyperbolic nebius novita nscale ovhcloud publicai "
    "sambanova scaleway together fastest cheapest preferred"
)
"""What Hugging Face's router takes behind a model: `Qwen/Qwen3.8-27B:cerebras`."""

_PREFIXES = {
    "01-ai": "01-ai zero-one-ai",
    "ai21": "ai21 ai21labs",
    "all-hands": "all-hands",
    "allenai": "allenai",
    "amazon": "amazon",
    "anthropic": "anthropic",
    "arcee": "arcee arcee-ai",
    "baidu": "baidu",
    "berkeley": "berkeley-nest",
    "bytedance": "bytedance bytedance-seed",
    "cognitivecomputations": "cognitivecomputations ehartford",
    "cohere": "cohere cohere_chat coherelabs cohereforai",
    "databricks": "databricks",
    "deepcogito": "deepcogito",
    "deepseek": "deepseek deepseek-ai",
    "essentialai": "essentialai",
    "fireworks": "fireworks-ai",
    "google": "google gemini google_genai google-gla",
    "gorilla": "gorilla-llm",
    "huggingface": "huggingfacetb huggingfaceh4",
    "ibm": "ibm ibm-granite",
    "inception": "inception inceptionlabs",
    "inclusionai": "inclusionai",
    "internlm": "internlm",
    "kwaipilot": "kwaipilot",
    "liquid": "liquid liquidai",
    "lmsys": "lmsys",
    "meetkai": "meetkai",
    "meituan": "meituan meituan-longcat",
    "meta": "meta meta-llama codellama",
    "microsoft": "microsoft",
    "minimax": "minimax minimaxai",
    "mistral": "mistral mistralai",
    "moonshot": "moonshot moonshotai",
    "mosaicml": "mosaicml",
    "nexusflow": "nexusflow",
    "nomic": "nomic-ai",
    "nousresearch": "nousresearch",
    "nvidia": "nvidia",
    "open-thoughts": "open-thoughts",
    "openai": "openai",
    "openassistant": "openassistant",
    "openbmb": "openbmb",
    "openchat": "openchat",
    "poolside": "poolside",
    "prime-intellect": "prime-intellect primeintellect",
    "princeton": "princeton-nlp",
    "qwen": "qwen alibaba",
    "reka": "reka rekaai",
    "salesforce": "salesforce",
    "snowflake": "snowflake",
    "stability": "stabilityai",
    "stepfun": "stepfun stepfun-ai",
    "sufe": "sufe-aiflm-lab",
    "teknium": "teknium",
    "tencent": "tencent",
    "thinkingmachines": "thinkingmachines",
    "tsinghua": "tsinghuac3i",
    "upstage": "upstage",
    "wizardlm": "wizardlm wizardlmteam",
    "x-ai": "xai x-ai",
    "xiaomi": "xiaomi xiaomimimo",
    "z-ai": "zai z-ai zai-org thudm zhipuai",
}
MAKERS = {prefix: maker for maker, prefixes in _PREFIXES.items() for prefix in _words(prefixes)}
"""Prefix -> the maker of the models with that prefix."""

LANGCHAIN = _words(
    "openai anthropic azure_openai azure_ai google_vertexai google_genai google_anthropic_vertex bedrock "
    "bedrock_converse anthropic_bedrock cohere fireworks together mistralai huggingface groq ollama deepseek "
    "ibm meta nvidia xai openrouter perplexity upstage baseten litellm bedrock_mantle_anthropic "
    "bedrock_mantle_openai google-gla google-vertex azure vertex_ai vertexai github cerebras moonshotai vercel "
    "lm_studio llamacpp llama.cpp llama_cpp vllm hosted_vllm"
)
"""Prefixes before a first colon: the providers of `init_chat_model` and pydantic-ai, and local servers."""

BEDROCK_VENDORS = _words(
    "ai21 amazon anthropic cohere deepseek google meta minimax mistral moonshot moonshotai nvidia openai qwen zai"
)
AZURE_REGIONS = _words("eu us global global-standard")
"""litellm's words between `azure` and a model, which affect prices."""

BEDROCK_REGIONS = _words("us us-gov eu apac ap global regional jp au ca")


def is_own_address(url: str) -> bool:
    """Return whether an address is on this machine, or on a private network.

    >>> [is_own_address(url) for url in ("http://127.0.0.1:8000/v1", "http://vllm:8000", "https://ollama.com")]
    [True, True, False]
    """
    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
    return address.is_private or address.is_loopback or address.is_unspecified
