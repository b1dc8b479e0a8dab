"""Published scores of models of the catalogue that have no recorded outcomes.

Each figure was read, on the day that its line states, in a copy of the page that it names: the maker's announcement or
model card, or a card that lists the model beside its own. Where a card tells modes apart, it is the mode that the line
names. MATH is MATH-500 for the models of 2025. Left out: scores on other versions of a benchmark, with tools or with
several tries, and figures of which only lists without a source were found.
"""

SEEN = "2026-11-24"

SIMPLE_EVALS = "github.com/openai/simple-evals, README.md at 0f2cf33"
GPT5 = "openai.com/index/introducing-gpt-5-for-developers, high effort"
QWEN35 = "huggingface.co/Qwen/Qwen3.5-35B-A3B"
FLASH_LITE = "deepmind.google/models/model-cards/gemini-3-1-flash-lite, thinking"
FLASH = "Gemini 3 Flash model card, storage.googleapis.com/deepmind-media/Model-Cards, thinking"
OPUS = "Claude Opus 4.5 system card, anthropic.com/claude-opus-4-5-system-card"
GEMMA = "ai.google.dev/gemma/docs/core/model_card_3"
LLAMA4 = "github.com/meta-llama/llama-models, models/llama4/MODEL_CARD.md"

SCORES: dict[str, tuple[dict[str, float], str]] = {
    "o1": ({"mmlu": 91.8, "gpqa": 75.7, "math": 96.4, "mgsm": 89.3, "drop": 90.2}, SIMPLE_EVALS),
    "o3": (
        {"mmlu": 92.9, "gpqa": 82.8, "math": 97.8, "humaneval": 87.4, "mgsm": 92.3, "drop": 80.6},
        SIMPLE_EVALS,
    ),
    "o3-mini": (
        {"mmlu": 85.9, "gpqa": 74.9, "math": 97.3, "humaneval": 96.3, "mgsm": 90.8, "drop": 79.2},
        SIMPLE_EVALS,
    ),
    "o4-mini": (
        {"mmlu": 90.0, "gpqa": 77.6, "math": 97.5, "humaneval": 97.3, "mgsm": 93.7, "drop": 77.7},
        SIMPLE_EVALS,
    ),
    "gpt-4.1": (
        {"mmlu": 90.2, "gpqa": 66.3, "math": 82.1, "humaneval": 94.5, "mgsm": 86.9, "drop": 79.4},
        SIMPLE_EVALS,
    ),
    "gpt-4.1-mini": (
        {"mmlu": 87.5, "gpqa": 65.0, "math": 81.4, "humaneval": 93.8, "mgsm": 88.2, "drop": 81.0},
        SIMPLE_EVALS,
    ),
    "gpt-4.1-nano": (
        {"mmlu": 80.1, "gpqa": 50.3, "math": 62.3, "humaneval": 87.0, "mgsm": 73.0, "drop": 82.2},
        SIMPLE_EVALS,
    ),
    "gpt-4.5-preview": (
        {"mmlu": 90.8, "gpqa": 69.5, "math": 87.1, "humaneval": 88.6, "mgsm": 86.9, "drop": 83.4},
        SIMPLE_EVALS,
    ),
    "gpt-4o-2024-11-20": (
        {"mmlu": 85.7, "gpqa": 46.0, "math": 68.5, "humaneval": 90.2, "mgsm": 90.3, "drop": 81.5},
        SIMPLE_EVALS,
    ),
    "gpt-5-mini": ({"mmlu_pro": 83.7, "gpqa": 82.3}, f"{GPT5}; mmlu_pro: {QWEN35}"),
    "gpt-5-nano": ({"gpqa": 71.2}, GPT5),
    "gpt-5.1": ({"gpqa": 88.1}, OPUS),
    "gpt-5.2": ({"gpqa": 92.4}, f"{FLASH}, extra high effort"),
    "gpt-oss-120b": (
        {"mmlu": 88.0, "mmlu_pro": 80.8, "gpqa": 73.1},
        f"gpt-oss model card, arxiv.org/abs/2508.10925, medium effort; mmlu_pro: {QWEN35}",
    ),
    "gpt-oss-20b": ({"mmlu_pro": 74.8}, "huggingface.co/Qwen/Qwen3.5-4B"),
    "claude-3-7-sonnet": ({"gpqa": 68.0}, "anthropic.com/news/claude-3-7-sonnet, without thinking"),
    "claude-opus-4": ({"gpqa": 79.6}, "anthropic.com/news/claude-4, thinking"),
    "claude-opus-4-1": ({"gpqa": 81.0}, OPUS),
    "claude-opus-4-5": ({"gpqa": 87.0}, OPUS),
    "claude-sonnet-4-5": ({"gpqa": 83.4}, OPUS),
    "claude-haiku-4-5": ({"gpqa": 73.0}, FLASH_LITE),
    "gemini-2.0-flash": (
        {"mmlu_pro": 77.6, "gpqa": 60.1, "math": 90.9},
        "Gemini 2.0 Flash model card, modelcards.net/documents/84",
    ),
    "gemini-2.0-flash-lite": (
        {"mmlu_pro": 71.6, "gpqa": 51.5, "math": 86.8},
        "developers.googleblog.com/en/gemini-2-family-expands",
    ),
    "gemini-2.5-flash-lite": ({"gpqa": 66.7}, FLASH_LITE),
    "gemini-3-flash-preview": ({"gpqa": 90.4}, FLASH),
    "gemini-3-pro-preview": ({"gpqa": 91.9}, FLASH),
    "gemini-3.1-flash-lite": ({"gpqa": 86.9}, FLASH_LITE),
    "gemma-3-27b-it": (
        {"mmlu_pro": 67.5, "gpqa": 42.4, "gsm8k": 95.9, "math": 89.0, "humaneval": 87.8, "mbpp": 74.4}
        | {"ifeval": 90.4, "bbh": 87.6},
        GEMMA,
    ),
    "gemma-3-12b-it": (
        {"mmlu_pro": 60.6, "gpqa": 40.9, "gsm8k": 94.4, "math": 83.8, "humaneval": 85.4, "mbpp": 73.0}
        | {"ifeval": 88.9, "bbh": 85.7},
        GEMMA,
    ),
    "gemma-3-4b-it": (
        {"mmlu_pro": 43.6, "gpqa": 30.8, "gsm8k": 89.2, "math": 75.6, "humaneval": 71.3, "mbpp": 63.2}
        | {"ifeval": 90.2, "bbh": 72.2},
        GEMMA,
    ),
    "llama-3.3-70b-instruct": (
        {"mmlu": 86.0, "mmlu_pro": 68.9, "gpqa": 50.5, "math": 77.0, "humaneval": 88.4, "mbpp": 87.6}
        | {"ifeval": 92.1, "bfcl": 77.3, "mgsm": 91.1},
        "github.com/meta-llama/llama-models, models/llama3_3/MODEL_CARD.md",
    ),
    "llama-4-maverick": ({"mmlu_pro": 80.5, "gpqa": 69.8, "mgsm": 92.3}, LLAMA4),
    "llama-4-scout": ({"mmlu_pro": 74.3, "gpqa": 57.2, "mgsm": 90.6}, LLAMA4),
    "deepseek-r1": (
        {"mmlu": 90.8, "mmlu_pro": 84.0, "gpqa": 71.5, "math": 97.3, "ifeval": 83.3, "drop": 92.2},
        "github.com/deepseek-ai/DeepSeek-R1, README.md",
    ),
    "mistral-small-3.1-24b-instruct": (
        {"mmlu": 80.62, "mmlu_pro": 66.76, "gpqa": 45.96, "math": 69.3, "humaneval": 88.41, "mbpp": 74.71}
        | {"triviaqa": 80.5},
        "huggingface.co/mistralai/Mistral-Small-3.1-24B-Instruct-2503",
    ),
    "mistral-small-3.2-24b-instruct": (
        {"mmlu": 80.5, "mmlu_pro": 69.06, "gpqa": 46.13, "math": 69.42},
        "huggingface.co/mistralai/Mistral-Small-3.2-24B-Instruct-2506",
    ),
    "phi-4": (
        {"mmlu": 84.8, "mmlu_pro": 70.4, "gpqa": 56.1, "math": 80.4, "humaneval": 82.6, "mgsm": 80.6}
        | {"ifeval": 63.0, "drop": 75.5},
        "Phi-4 technical report, arxiv.org/abs/2412.08905",
    ),
    "qwen2.5-14b-instruct": (
        {"mmlu": 79.9, "gpqa": 42.9, "math": 75.6, "humaneval": 72.1, "mgsm": 79.6, "drop": 85.5},
        "Phi-4 technical report, arxiv.org/abs/2412.08905",
    ),
    "qwen3.5-9b": ({"mmlu_pro": 82.5}, "huggingface.co/Qwen/Qwen3.5-4B"),
}
"""Candidate -> its scores in percent, and where they stand."""

WRITES_LIKE = {
    **dict.fromkeys(
        ["o1", "o3", "o3-mini", "o4-mini", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2"], "gpt-5"
    ),
    **dict.fromkeys(["gpt-oss-120b", "gpt-oss-20b"], "gpt-5"),
    **dict.fromkeys(
        ["claude-3-7-sonnet", "claude-opus-4", "claude-opus-4-1", "claude-opus-4-5", "claude-sonnet-4-5"],
        "claude-sonnet-4",
    ),
    "claude-haiku-4-5": "claude-sonnet-4",
    **dict.fromkeys(["gemini-2.5-flash-lite", "gemini-3.1-flash-lite"], "gemini-2.5-flash"),
    "gemini-3-flash-preview": "gemini-2.5-flash",
    "gemini-3-pro-preview": "gemini-2.5-pro",
    "deepseek-r1": "deepseek-r1-0528",
}
"""Candidate -> a measured one of its kind that it is taken to write as much as; the others write as the pool does."""
