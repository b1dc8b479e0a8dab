"""Names that nobody lists: which model one means beyond its dress, and of which family, generation and size it is."""

import pytest

from crossroute.candidate import FREE
from crossroute.catalogue import Catalogue
from crossroute.catalogue.parts import read_parts
from crossroute.catalogue.relatives import (
    find_relatives,
    read_effort_suffix,
    resolve_without_suffixes,
    split_speed,
)

CATALOGUE = Catalogue.bundled()
KNOWN = [entry.name for entry in CATALOGUE]

MEANT = """
ollama/qwen3.8:27b qwen3.8-27b
qwen3.6:27b qwen3.6-27b
gemma4:31b gemma-4-31b-it
ollama/gemma4:26b gemma-4-26b-a4b-it
ollama/qwen3.5:35b qwen3.5-35b-a3b
ollama_chat/qwen3.5:122b-q4_K_M qwen3.5-122b-a10b
claude-opus-5-5-20261001 claude-opus-5-5
claude-sonnet-5-5@20260901 claude-sonnet-5-5
vertex_ai/claude-opus-5-5@20260911 claude-opus-5-5
us.anthropic.claude-opus-5-5-20261010-v1:0 claude-opus-5-5
arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-sonnet-5-20260702-v1:0 claude-sonnet-5
gpt-5.5-2026-03-01 gpt-5.5
azure/gpt-5.6-sol-2026-07-30 gpt-5.6-sol
gemini-3.5-flash@latest gemini-3.5-flash
gemini-3.8-flash-preview-09-2026 gemini-3.8-flash
qwen3.8-27b-instruct-fp8 qwen3.8-27b
bartowski/Qwen_Qwen3.8-27B-GGUF:IQ3_XS qwen3.8-27b
hf.co/unsloth/Qwen3.6-27B-GGUF:UD-Q4_K_XL qwen3.6-27b
ollama:llama3.1:8b-instruct-q3_K_S llama-3.1-8b-instruct
ollama:gpt-oss:120b-cloud gpt-oss-120b
openai/gpt-5.5:online gpt-5.5
volcengine/doubao-seed-2-1-turbo-261001 seed-2-1-turbo
volcengine/deepseek-v4-pro-261015 deepseek-v4-pro
z-ai/glm-5.3:extended glm-5.3
"""

EFFORTS = """
claude-opus-5-5:thinking claude-opus-5-5 high
claude-opus-4-8-thinking-32k claude-opus-4-8 high
gpt-5.5-high gpt-5.5 high
gpt-5.5:low gpt-5.5 low
openai/gpt-6-sol-medium gpt-6-sol medium
gpt-5.5-high-reasoning gpt-5.5 high
gemini-3.8-flash-thinking gemini-3.8-flash high
"""

NEAREST = """
qwen3.8:9b qwen3.6-35b-a3b
ollama/gemma4:12b gemma-4-26b-a4b-it
gpt-6.1-mini gpt-6-luna
gpt-6.2 gpt-6.1-sol
azure/gpt5 gpt-5
claude-opus-6 claude-opus-5-5
claude-sonnet-latest claude-sonnet-5-5
gemini-4.5-flash gemini-3.8-flash
gemini-4-flash-lite gemini-3.5-flash-lite
grok-5 grok-4.7
mistral-large-latest mistral-large-4
kimi-latest kimi-k3.1
minimax/minimax-m4 minimax-m3
meta-llama/Llama-3.1-8B llama-3.1-8b-instruct
acme/qwen3-8b qwen3-8b
fireworks_ai/accounts/fireworks/models/qwen3p9-32b qwen3.8-27b
amazon.nova-3-lite-v1:0 nova-2-lite-v1
deepseek/deepseek-v4.2-pro deepseek-v4-pro
o5-mini o4-mini
openai/claude-opus-5 claude-opus-5
"""

UNREADABLE = """
foo-bar my-model-7b azure/my-deployment openai:gpt-5-mny gpt-9 claude-9 claude openrouter/auto fast small
gpt-4o-mini-tts text-embedding-3-large qwen3-embedding-8b qwen3-8b-base google/gemma-3-27b-pt gpt-oss-safeguard-20b
ft:gpt-4.1-mini-2025-04-14:acme::x1 gpt-4o-mini:ft-acme-2024-07-30 acme/Llama-3.1-8B-Instruct-finetuned
ollama:claude-sonnet-5 vllm/gpt-5.5 anthropic/gpt-5.5 google/claude-opus-5 deepseek-chat ollama:deepseek-r1
arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-pro-v1:0/abc @16k : gemini-3.8-live sora-3
gpt-5.5@hihg gpt-5.5@turbo
"""


@pytest.mark.parametrize(("spelling", "name"), [line.split() for line in MEANT.strip().splitlines()])
def test_a_date_a_tag_or_a_format_leaves_the_model(spelling, name):
    assert resolve_without_suffixes(CATALOGUE, spelling).entry.name == name


@pytest.mark.parametrize(
    ("spelling", "name", "effort"), [line.split() for line in EFFORTS.strip().splitlines()]
)
def test_an_effort_is_read_in_whatever_form(spelling, name, effort):
    found = resolve_without_suffixes(CATALOGUE, spelling)
    assert found.entry.name == name
    assert found.effort is None or found.effort.level == effort
    assert read_effort_suffix(spelling) is not None


@pytest.mark.parametrize(("spelling", "name"), [line.split() for line in NEAREST.strip().splitlines()])
def test_the_nearest_relative_is_of_the_family_generation_and_size(spelling, name):
    assert find_relatives(CATALOGUE, spelling, KNOWN)[0].entry.name == name


@pytest.mark.parametrize("spelling", UNREADABLE.split())
def test_where_nothing_can_be_read_nothing_is_believed(spelling):
    assert resolve_without_suffixes(CATALOGUE, spelling) is None
    assert not find_relatives(CATALOGUE, spelling, KNOWN)


def test_what_runs_elsewhere_is_paid_for():
    assert resolve_without_suffixes(CATALOGUE, "ollama/qwen3.6:27b").price == FREE
    assert (
        resolve_without_suffixes(CATALOGUE, "ollama:gpt-oss:120b-cloud").price
        == CATALOGUE["gpt-oss-120b"].price
    )
    assert CATALOGUE.find("gpt-oss-120b:free").price == FREE


def test_untagged_local_models_are_taken_for_small_ones():
    assert find_relatives(CATALOGUE, "ollama/qwen3.8", KNOWN)[0].entry.name == "qwen3.6-35b-a3b"
    assert read_parts("qwen3.6-35b-a3b").sizes == (35, 3)


def test_weights_add_up_and_the_nearer_tells_more():
    found = find_relatives(CATALOGUE, "qwen3-10b", KNOWN)
    assert sum(each.weight for each in found) == pytest.approx(1)
    assert [each.weight for each in found] == sorted((each.weight for each in found), reverse=True)


@pytest.mark.parametrize(
    "spelling",
    [
        "azure/phi-4-reasoning:free",
        "openrouter/deepseek/deepseek-v4-flash-1017:free",
        "openrouter/glm-4-32b:free",
    ],
)
def test_a_free_tier_is_free_with_a_date_or_an_effort_before_it(spelling):
    assert resolve_without_suffixes(CATALOGUE, spelling).price == FREE


@pytest.mark.parametrize(
    "spelling",
    [
        "azure/phi-3-medium-128k-instruct",
        "together_ai/togethercomputer/Llama-2-7B-32K-Instruct",
        "mistral/mistral-medium-latest",
        "qwen/qwen-max",
        "qwen3.9-max",
    ],
)
def test_a_length_or_a_size_is_no_effort(spelling):
    assert read_effort_suffix(spelling) is None


@pytest.mark.parametrize(
    ("spelling", "model", "dearer"),
    [
        (
            "baseten/deepseek-ai/DeepSeek-V4.1-Flash-1017-Fast",
            "baseten/deepseek-ai/DeepSeek-V4.1-Flash-1017",
            2,
        ),
        ("kimi-k3-fast@high", "kimi-k3@high", 2),
        ("minimax/MiniMax-M2.1-highspeed", "minimax/MiniMax-M2.1", 2),
        ("openrouter/xiaomi/mimo-v2.6-pro-ultraspeed", "openrouter/xiaomi/mimo-v2.6-pro", 8),
        ("zai/GLM-4.5-AirX", "zai/GLM-4.5-Air", 2.5),
    ],
)
def test_what_is_served_faster_is_the_model_at_a_higher_price(spelling, model, dearer):
    assert split_speed(spelling) == (model, dearer)


@pytest.mark.parametrize(
    "spelling", ["grok-code-fast-1", "gpt-5.5", "phi-4-flex", "breakfast", "llama-3.3-70b-flax"]
)
def test_other_names_are_served_as_usual(spelling):
    assert split_speed(spelling) is None
