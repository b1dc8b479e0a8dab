"""Published scores of catalogue models without recorded outcomes.

Each figure is from a copy of the named page, read on the stated day: the maker's announcement or model card, or another
maker's card that lists the model. If a card has several modes, the line names the mode. MATH is MATH-500 for models of
2025. Not included are scores on other versions of a benchmark, with tools or with several attempts, and figures without
a source.
"""

SEEN = "2026-11-24"

FLASH_LITE = "deepmind.google/models/model-cards/gemini-3-1-flash-lite, thinking"
OPUS = "Claude Opus 4.5 system card, anthropic.com/claude-opus-4-5-system-card"
GEMMA = "ai.google.dev/gemma/docs/core/model_card_3"

SCORES: dict[str, tuple[dict[str, float], str]] = {
    "gpt-5.1": ({"gpqa": 88.1}, OPUS),
    "gemini-2.0-flash-lite": (
        {"mmlu_pro": 71.6, "gpqa": 51.5, "math": 86.8},
        "developers.googleblog.com/en/gemini-2-family-expands",
    ),
    "gemini-2.5-flash-lite": ({"gpqa": 66.7}, FLASH_LITE),
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
    "qwen2.5-14b-instruct": (
        {"mmlu": 79.9, "gpqa": 42.9, "math": 75.6, "humaneval": 72.1, "mgsm": 79.6, "drop": 85.5},
        "Phi-4 technical report, arxiv.org/abs/2412.08905",
    ),
    "qwen3.5-9b": ({"mmlu_pro": 82.5}, "huggingface.co/Qwen/Qwen3.5-4B"),
}
"""Candidate -> its scores in percent, and their source."""

WRITES_LIKE = {
    "gpt-5.1": "gpt-5",
    "gemini-2.5-flash-lite": "gemini-2.5-flash",
}
"""Candidate -> a similar measured candidate with assumed equal lengths of answers; by default the mean of the pool."""
