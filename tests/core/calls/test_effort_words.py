"""One effort in the words of services that speak OpenAI's API, and where a word is not known."""

import pytest

from crossroute.calls.effort_words import translate_effort
from crossroute.effort import read_effort


@pytest.mark.parametrize(
    ("base_url", "model", "effort", "words"),
    [
        ("https://openrouter.ai/api/v1", "z-ai/glm-5.3", "off", {"reasoning": {"enabled": False}}),
        ("https://openrouter.ai/api/v1", "openai/gpt-5.5", "low", {"reasoning": {"effort": "low"}}),
        (
            "https://openrouter.ai/api/v1",
            "anthropic/claude-sonnet-4.5",
            "16k",
            {"reasoning": {"max_tokens": 16_000}},
        ),
        ("https://api.deepseek.com", "deepseek-v3.2", "on", {"thinking": {"type": "enabled"}}),
        ("https://api.deepseek.com", "deepseek-v4-pro", "none", {"thinking": {"type": "disabled"}}),
        (
            "http://localhost:8000/v1",
            "deepseek-v4-flash",
            "none",
            {"chat_template_kwargs": {"thinking": False}},
        ),
        ("https://api.z.ai/api/paas/v4", "glm-5.3", "off", {"thinking": {"type": "disabled"}}),
        (
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
            "qwen3-8b",
            "8k",
            {"enable_thinking": True, "thinking_budget": 8_000},
        ),
        (
            "http://localhost:8000/v1",
            "Qwen/Qwen3-8B",
            "off",
            {"chat_template_kwargs": {"enable_thinking": False}},
        ),
        (
            "http://localhost:8000/v1",
            "deepseek-ai/DeepSeek-V3.2",
            "on",
            {"chat_template_kwargs": {"thinking": True}},
        ),
    ],
)
def test_hosts_of_open_weights_take_it_in_the_body(base_url, model, effort, words):
    assert translate_effort("openai", model, read_effort(effort), base_url=base_url) == {"extra_body": words}


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1", "http://localhost:8000/v1"])
def test_models_of_several_levels_take_the_level(base_url):
    for model in ("gpt-oss-120b", "my-own"):
        assert translate_effort("openai", model, read_effort("high"), base_url=base_url) == {
            "reasoning_effort": "high"
        }


def test_levels_beside_a_switch_are_told_by_name():
    told = translate_effort(
        "openai", "deepseek-v4-pro", read_effort("max"), base_url="https://api.deepseek.com"
    )
    assert told == {"reasoning_effort": "max"}
    told = translate_effort("openai", "grok-4.3", read_effort("none"), base_url="https://api.x.ai/v1")
    assert told == {"reasoning_effort": "none"}


def test_a_budget_is_never_less_than_anthropic_takes():
    words = translate_effort("anthropic", "claude-sonnet-4-5", read_effort("0.6k"))
    assert words["thinking"]["budget_tokens"] == 1_024


def test_models_that_think_untold_are_told_the_effort_alone():
    told = read_effort("low")
    assert translate_effort("anthropic", "claude-opus-5", told) == {"output_config": {"effort": "low"}}
    assert translate_effort("anthropic", "claude-opus-4-6", told)["thinking"] == {"type": "adaptive"}


def test_a_stated_budget_stays_one_where_the_model_takes_both():
    words = translate_effort("anthropic", "claude-opus-4-6", read_effort("8k"))
    assert words == {"thinking": {"type": "enabled", "budget_tokens": 8_000}}
    assert translate_effort("google", "gemini-3.5-flash", read_effort("low")) == {"thinking_level": "low"}
