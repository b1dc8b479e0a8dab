"""Facts of the catalogue other than the candidates, which are in catalogue.txt."""

DATA_SETS = {
    "rb5": "routerbench-5shot",
    "rb0": "routerbench-0shot",
    "g9": "gpt4o-llama-qwen",
    "zero": "zeroeval",
    "pro": "mmlu-pro",
    "bfcl": "bfcl",
    "fr": "frontier-2025",
    "oh": "openhands",
    "pb": "paretobandit",
    "mcp": "mcpmark",
    "zoonk": "zoonk",
    "them": "thematic",
    "mis": "misguided",
}

PRICE_BY_SIZE = {
    "size": ((4, 0.1), (8.1, 0.2), (21, 0.3), (41, 0.8), (110, 0.9)),
    "moe": ((56, 0.6), (176, 1.2), (480, 2.4)),
}
"""(Maximum billions of parameters, USD) for open weights without a listed host, dense or mixture of experts."""

PRICE_BY_SIZE_FROM = {"source": "Together AI's price by size", "as_of": "2024-11-01"}

UNVERIFIED, UNVERIFIED_AS_OF = "stated price, unverified", "2026-11-28"
"""Source and date of prices in catalogue.txt that are not on a price list."""

EFFORTS = (
    (r"o1-mini|o1-preview", "", "", "from memory, unverified"),
    (r"o[134](-mini|-pro)?", "low medium high", "medium", "OpenAI's API specification, a copy, 2026-11-29"),
    (r"gpt-oss-.*", "low medium high", "medium", "gpt-oss's levels, by Hugging Face, 2026-11-29"),
    (
        r"claude-(3-7-sonnet|opus-4(-1)?|sonnet-4(-5)?|haiku-4-5)",
        "none low medium high xhigh budgets",
        "",
        "Anthropic takes budgets; the levels are ours",
    ),
    (r"gemini-2\.5-pro.*", "low medium high budgets", "", "Google's thinking guide, a copy, 2026-11-29"),
    (
        r"gemini-2\.5-flash.*",
        "none low medium high budgets",
        "",
        "Google's thinking guide, a copy, 2026-11-29",
    ),
    (r"grok-3-mini.*", "low high", "low", "xAI's guide, by opencode, 2026-11-29"),
    (r"grok-4\.3", "none low medium high", "", "xAI's guide, by ai-sdk/xai, 2026-11-29"),
    (r"grok-4\.5", "low medium high", "high", "xAI's guide, by opencode, 2026-11-29"),
    (r"grok-4(-0709)?|grok-code-.*", "", "", "from memory, unverified"),
    (r"deepseek-v4.*", "none high max", "high", "DeepSeek's thinking guide, a copy, 2026-11-29"),
    (r"deepseek-v3\.[12].*", "none high", "", "chat template"),
    (r"qwen3(?!.*(instruct|thinking|coder)).*", "none high budgets", "", "chat template"),
)
"""(Pattern of a name, supported levels and budgets, default level, source); the first match is used.

The guides were read in copies or in other projects' quotations, as the source states; facts without a source are from
memory. DeepSeek maps low and medium to high, so these are not levels of its own.

Without a match, LangChain's model profiles are used. Open weights that always think have no levels unless they are
listed here; for open weights with a switch, only the switch is known."""

VARIANTS = {
    "claude-opus-4-6": {"claude-opus-4-6-fast": ("", "=openrouter/anthropic/claude-opus-4.6-fast")},
    "claude-opus-4-7": {"claude-opus-4-7-fast": ("", "=openrouter/anthropic/claude-opus-4.7-fast")},
    "claude-opus-4-8": {"claude-opus-4-8-fast": ("", "=openrouter/anthropic/claude-opus-4.8-fast")},
    "claude-opus-5": {"claude-opus-5-fast": ("", "=openrouter/anthropic/claude-opus-5-fast")},
    "o3-mini": {"o3-mini-high": ("high", "")},
    "o4-mini": {"o4-mini-high": ("high", "")},
    "grok-4.1-fast": {"grok-4-1-fast-non-reasoning": ("none", ""), "grok-4-1-fast-reasoning": ("high", "")},
    "grok-4-fast": {"grok-4-fast-non-reasoning": ("none", ""), "grok-4-fast-reasoning": ("high", "")},
    "grok-3-mini": {"grok-3-mini-fast": ("", "=x-ai/grok-3-mini-fast")},
    "grok-3": {"grok-3-fast": ("", "=x-ai/grok-3-fast")},
    "kimi-k2.7-code": {"kimi-k2.7-code-highspeed": ("", "=moonshotai/kimi-k2.7-code-highspeed")},
    "kimi-k3.1-pro": {"kimi-k3.1-pro-highspeed": ("", "=moonshotai/kimi-k3.1-pro-highspeed")},
    "minimax-m2.5": {"minimax-m2.5-highspeed": ("", "=minimax/MiniMax-M2.5-highspeed")},
    "minimax-m2.7": {"minimax-m2.7-highspeed": ("", "=minimax/MiniMax-M2.7-highspeed")},
}
"""Name -> other ids of the same weights, served differently -> (effort, price)."""

LEFT_OUT = {
    "bfcl": {
        "NousResearch_Hermes-2-Theta-Llama-3-70B": "1.8 % right where its 8B sibling has 78.8 %: a broken run"
    },
    "frontier-2025": {"MiMo-7B-RL-0530": "every answer is cut at 2,048 tokens: a broken run"},
}
"""Invalid recorded outcomes, with the reason."""

REFUSED = {
    "gpt-4o-latest": "no model of this name is served",
    "chatgpt-4o-latest": "it moved from model to model; name the snapshot",
    "gpt-chat-latest": "it moves from model to model; name the model",
    "gpt-4-32k": "a model that the catalogue does not hold",
    "gpt-3.5-turbo-instruct": "a completion model, not the chat model",
    "claude-2": "it moved from 2.0 to 2.1; name one of them",
    "claude-3-5-sonnet": "two models share it; name claude-3-5-sonnet-20240620 or claude-3-5-sonnet-20241022",
    "gemini-pro-latest": "it moves from model to model; name the model",
    "gemini-flash-latest": "it moves from model to model; name the model",
    "gemini-flash-lite-latest": "it moves from model to model; name the model",
    "mistral-7b-instruct": "three versions share it; name v0.1, v0.2 or v0.3",
    "mistral": "it moved from version to version; name the version",
    "mistral:7b": "it moved from version to version; name the version",
    "mistral-tiny-latest": "it moves from model to model; name the model",
    "mistral-small": "it moved from model to model; name the version, such as mistral-small-2402",
    "mistral-small-latest": "it moves from model to model; name the version, such as mistral-small-2402",
    "mistral-medium": "it moved from model to model; name the version, such as mistral-medium-2312",
    "mistral-medium-latest": "it moves from model to model; name the version, such as mistral-medium-2312",
    "mistral-large": "it moved from model to model; name the version, such as mistral-large-2407",
    "mistral-large-latest": "it moves from model to model; name the version, such as mistral-large-2407",
    "ollama/command-r": "there it is the version of August 2024; name command-r-08-2024",
    "ollama/command-r-plus": "there it is the version of August 2024; name command-r-plus-08-2024",
    "deepseek-chat": "it moved from model to model until DeepSeek retired it on 2026-07-24; name the model, as "
    "deepseek-v4.1-flash@none",
    "deepseek-reasoner": "it moved from model to model until DeepSeek retired it on 2026-07-24; name the model, as "
    "deepseek-v4.1-flash@high",
    "deepseek-flash": "it moves from model to model; name the model, such as deepseek-v4.1-flash",
    "ollama/deepseek-r1": "there it is an 8B distillation; name the tag in full, such as deepseek-r1:8b-0528-qwen3",
    "ollama-chat/deepseek-r1": "there it is an 8B distillation; name the tag in full",
    "deepseek-r1:latest": "it is an 8B distillation; name the tag in full, such as deepseek-r1:8b-0528-qwen3",
    "deepseek-r1:8b": "it moved from a Llama distillate to a Qwen3 one; name the tag in full",
    "kimi-k2": "two versions share it; name kimi-k2-0711 or kimi-k2-0905",
    "kimi-latest": "it moves from model to model; name the model",
    "grok-latest": "it moves from model to model; name the model",
    "grok-beta": "it moved from model to model; name the model",
    "qwen-max": "it moves from model to model; name the model",
    "qwen-plus": "it moves from model to model; name the model",
    "qwen-turbo": "it moves from model to model; name the model",
}
"""Names that do not identify a single model, with the reason."""
