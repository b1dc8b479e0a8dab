"""Spellings in use in November 2026, half of them of no one model: a wrong guess is worse than a refusal."""

import pytest

from crossroute.candidate import FREE
from crossroute.catalogue import Catalogue

MEANT = """
openai/gpt-5.5:batch gpt-5.5
openrouter/openai/gpt-5.5:batch gpt-5.5
openrouter:openai/gpt-6-sol:batch gpt-6-sol
openai/gpt-6.1-terra:batch gpt-6.1-terra
openai/o3-mini:batch o3-mini
openai/gpt-5.4-mini:batch gpt-5.4-mini
anthropic/claude-opus-5.5:batch claude-opus-5-5
anthropic/claude-haiku-5.5:batch claude-haiku-5-5
anthropic/claude-fable-5.1:batch claude-fable-5-1
google/gemini-4-argon:batch gemini-4-argon
google/gemini-3.8-flash:batch gemini-3.8-flash
z-ai/glm-5.3-flash:batch glm-5.3-flash
x-ai/grok-4.7:batch grok-4.7
moonshotai/kimi-k3:batch kimi-k3
mistralai/mistral-large-2512:batch mistral-large-2512
meta/muse-glimmer-30b:batch muse-glimmer-30b
minimax/minimax-m3:batch minimax-m3
qwen/qwen3.8-27b:batch qwen3.8-27b
anthropic/claude-opus-4.7-fast claude-opus-4-7
openrouter/anthropic/claude-opus-4.8-fast claude-opus-4-8
anthropic/claude-opus-5-fast claude-opus-5
xai:grok-3-fast grok-3
x-ai/grok-4-1-fast-non-reasoning grok-4.1-fast
xai:grok-4-1-fast-reasoning grok-4.1-fast
xai/grok-4-fast-non-reasoning grok-4-fast
openai/o3-mini-high o3-mini
openrouter/openai/o4-mini-high o4-mini
moonshotai/kimi-k2.7-code-highspeed kimi-k2.7-code
minimax/MiniMax-M2.5-highspeed minimax-m2.5
openrouter/anthropic/claude-3.7-sonnet:thinking claude-3-7-sonnet
regional.anthropic.claude-opus-5-5 claude-opus-5-5
regional.anthropic.claude-3-5-sonnet-20241022-v2:0 claude-3-5-sonnet-20241022
regional.openai.gpt-6-sol gpt-6-sol
regional.zai.glm-5.3 glm-5.3
global.anthropic.claude-opus-4-8-v1:0 claude-opus-4-8
us.anthropic.claude-sonnet-5-v1:0 claude-sonnet-5
eu.anthropic.claude-haiku-4-5-20251001-v1:0 claude-haiku-4-5
apac.anthropic.claude-sonnet-4-20250514-v1:0 claude-sonnet-4
jp.anthropic.claude-sonnet-4-5-20250929-v1:0 claude-sonnet-4-5
us-gov.anthropic.claude-3-haiku-20240307-v1:0 claude-3-haiku
bedrock/us-gov-west-1/anthropic.claude-3-haiku-20240307-v1:0 claude-3-haiku
bedrock/global.moonshotai.kimi-k3 kimi-k3
bedrock_converse:amazon.nova-premier-v1:0 nova-premier-v1
amazon.nova-pro-v1:0 nova-pro-v1
bedrock/deepseek.r1-v1:0 deepseek-r1
qwen.qwen3-coder-30b-a3b-v1:0 qwen3-coder-30b-a3b-instruct
bedrock/qwen.qwen3-coder-480b-a35b-v1:0 qwen3-coder-480b-a35b-instruct
mistral.ministral-3-8b-instruct ministral-8b-2512
bedrock/moonshot.kimi-k3 kimi-k3
us.moonshot.kimi-k2-thinking kimi-k2-thinking
bedrock/deepseek.v4-pro-v1:0 deepseek-v4-pro
deepseek.v3.2 deepseek-v3.2
bedrock/deepseek.v3-v1:0 deepseek-v3
huggingface/Qwen/Qwen3.8-27B:cerebras qwen3.8-27b
openai:Qwen/Qwen3.8-27B:fastest qwen3.8-27b
huggingface/openai/gpt-oss-120b:fireworks-ai gpt-oss-120b
volcengine/doubao-seed-2-1-turbo seed-2-1-turbo
volcengine/deepseek-v3-250324 deepseek-v3-0324
ark/kimi-k2-250905 kimi-k2-0905
arcee/deepseek/deepseek-v4-pro deepseek-v4-pro
arcee/zai-org/glm-5.3-flash glm-5.3-flash
mistral.mistral-large-3-675b-instruct mistral-large-2512
mistral.devstral-2-123b devstral-2512
nvidia.nemotron-nano-9b-v2:0 nemotron-nano-9b-v2
arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-3-5-sonnet-20241022-v2:0 claude-3-5-sonnet-20241022
arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0 claude-3-haiku
bedrock/arn:aws:bedrock:us-west-2:123456789012:inference-profile/global.anthropic.claude-opus-4-8-v1:0 claude-opus-4-8
bedrock/converse/arn:aws:bedrock:us-west-2:1:inference-profile/us.amazon.nova-pro-v1:0 nova-pro-v1
arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.anthropic.claude-3-haiku-20240307-v1:0 claude-3-haiku
vertex_ai/claude-opus-5-5@default claude-opus-5-5
vertex_ai/claude-opus-4-5@20251101 claude-opus-4-5
google_anthropic_vertex:claude-haiku-4-5@20251001 claude-haiku-4-5
vertex_ai/publishers/google/models/gemini-3.5-flash gemini-3.5-flash
vertex_ai/google/gemma-4-26b-a4b-it-maas gemma-4-26b-a4b-it
vertex_ai/deepseek-ai/deepseek-v3.2-maas deepseek-v3.2
google_vertexai:gemini-3.1-pro-preview gemini-3.1-pro-preview
azure/gpt-5.5-2026-04-23 gpt-5.5
azure/gpt-5.4-2026-03-05 gpt-5.4
azure_ai/deepseek-v3.2 deepseek-v3.2
azure_openai:gpt-5.4-nano gpt-5.4-nano
azure_ai/grok-4 grok-4
@cf/openai/gpt-oss-120b gpt-oss-120b
cloudflare/@cf/meta/llama-3.1-8b-instruct llama-3.1-8b-instruct
@cf/meta/llama-3.1-8b-instruct-fp8-fast llama-3.1-8b-instruct
@cf/zai-org/glm-5.3 glm-5.3
@cf/moonshotai/kimi-k2.6 kimi-k2.6
@cf/qwen/qwen2.5-coder-32b-instruct qwen2.5-coder-32b-instruct
databricks/databricks-gpt-oss-120b gpt-oss-120b
databricks-glm-5-3-flash glm-5.3-flash
databricks/databricks-kimi-k3 kimi-k3
databricks/databricks-claude-sonnet-4-5 claude-sonnet-4-5
fireworks_ai/accounts/fireworks/models/glm-5p3 glm-5.3
accounts/fireworks/models/kimi-k2p6 kimi-k2.6
fireworks_ai/accounts/fireworks/models/deepseek-v4p1-flash deepseek-v4.1-flash
fireworks_ai/accounts/fireworks/models/qwen3p8-max qwen3.8-max
cerebras/zai-glm-4.7 glm-4.7
cerebras/qwen-3-32b qwen3-32b
openrouter/deepseek/deepseek-chat deepseek-v3
openrouter:deepseek/deepseek-chat deepseek-v3
deepseek:deepseek-v4-pro deepseek-v4-pro
ollama:qwen2.5:7b-instruct-q4_K_M qwen2.5-7b-instruct
ollama:qwen3:4b qwen3-4b
ollama/qwen3:14b qwen3-14b
ollama:deepseek-r1:1.5b deepseek-r1-distill-qwen-1.5b
ollama/deepseek-r1:32b deepseek-r1-distill-qwen-32b
ollama:deepseek-r1:70b deepseek-r1-distill-llama-70b
ollama:deepseek-r1:671b deepseek-r1
ollama:deepseek-r1:14b-qwen-distill-q4_K_M deepseek-r1-distill-qwen-14b
ollama:deepseek-r1:8b-0528-qwen3 deepseek-r1-0528-qwen3-8b
ollama:gpt-oss gpt-oss-20b
ollama:gpt-oss:120b gpt-oss-120b
ollama_chat/gemma3:27b gemma-3-27b-it
ollama:llama3.2:3b-instruct-q8_0 llama-3.2-3b-instruct
ollama:phi4 phi-4
hosted_vllm/Qwen/Qwen3-8B qwen3-8b
gpt-5.5@high gpt-5.5
openai:gpt-5.5@low gpt-5.5
anthropic/claude-sonnet-4.5@16k claude-sonnet-4-5
vertex_ai/claude-sonnet-4@20250514@high claude-sonnet-4
ollama:qwen3:8b@off qwen3-8b
"""

REFUSED = """
openai/gpt-5.5:fast openai/gpt-5.5:batches openai/gpt-5.5:online openai/gpt-4o:thinking openai/gpt-5.5:extended
anthropic/claude-opus-5.5:thinking anthropic/claude-3-haiku:thinking acme/gpt-5.5:batch openai/gpt-9:batch :batch
anthropic/claude-sonnet-5-fast anthropic/claude-opus-4.5-fast openai/gpt-5.5-fast gpt-5.5-high gpt-5.5-thinking
claude-opus-5-thinking xai:grok-4-fast-thinking x-ai/grok-4.20-multi-agent openai/o3-high openai/o1-mini-high
moonshotai/kimi-k3-highspeed z-ai/glm-5.3-flashx z-ai/glm-5.3-prime xiaomi/mimo-v2.6-pro-ultraspeed
deepseek-chat deepseek-reasoner deepseek/deepseek-chat deepseek:deepseek-reasoner deepseek-flash
litellm/deepseek/deepseek-chat ~anthropic/claude-opus-latest ~openai/gpt-latest ~x-ai/grok-latest
~deepseek/deepseek-pro-latest anthropic/claude-opus-latest gpt-latest kimi-k2 mistral ollama:mistral ollama/deepseek-r1
ollama:deepseek-r1 ollama_chat/deepseek-r1 deepseek-r1:latest ollama:deepseek-r1:8b ollama/qwen3-coder
ollama:qwen3:8b-q2_K ollama:qwen3:9b ollama:llama3.1:13b ollama:gpt-5.5 ollama/gpt-4o ollama:claude-opus-5
ollama:gemini-3.5-flash lm_studio/gpt-4o-mini hosted_vllm/claude-sonnet-4-5 ollama:gpt-oss:120b-cloud
ft:gpt-4o-mini-2024-07-18:org::abc ft:gpt-4.1-2025-04-14:acme:suffix:xyz openai:ft:gpt-4o:acme::1
ft:my-own:acme::1 azure/ft:gpt-4o-mini:acme::1 gpt-4o-mini-2024-07-18.ft-abc
gpt-5.5-2026-04-24 gpt-5.4-2026-13-05 claude-opus-4-5-20251102 claude-opus-5-20260101 claude-sonnet-4-5@20250930
vertex_ai/claude-opus-5-5@latest-2 gemini-3.5-flash-002 gemini-1.5-pro@003 mistral-large@2412 gpt-oss-120b-2512
arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123
arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123
arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-9-v1:0
arn:aws:sagemaker:us-east-1:123456789012:endpoint/gpt-oss-120b arn:aws:bedrock:us-east-1:1:inference-profile/abc
bedrock/mars.anthropic.claude-opus-4-8-v1:0 regional.acme.gpt-6-sol us.openai.claude-opus-5
anthropic.claude-opus-4-8-v9:0:3m amazon.titan-text-express-v1 amazon.nova-2-sonic-v1:0 amazon.nova-canvas-v1:0
writer.palmyra-x5-v1:0 nvidia.nemotron-super-3-120b:0 mistral.voxtral-mini-3b-2507
vertex_ai/gemini-3.5-flash-maas gpt-5.5-maas gpt-5.5-fp8 databricks-bge-large-en databricks-my-endpoint
databricks/databricks-gpt-9 accounts/fireworks/models/glm-5p3-fast accounts/fireworks/models/glm-9p9 glm-5p3
fireworks_ai/accounts/acme/models/glm-5p3 @cf/baai/bge-m3 @cf/openai/whisper @cf/acme/gpt-oss-120b
google/gemini-2.5-flash-image google/gemini-3.8-flash-tts gemini-3.8-live openai/gpt-5-image openai/gpt-audio
openai/gpt-realtime-2 gpt-image-2 text-embedding-3-large openai/o3-deep-research gpt-5.6-cyber gpt-5.1-mini
meta/muse-spark-open meta/muse-spark-1.3-contributor moonshotai/kimi-latest qwen/qwen3.8-omni-flash qwen-plus
gpt-5.5@ gpt-9@high @high mine@high openai/@low gpt-5.5@@ deepseek-chat@high
"""

CATALOGUE = Catalogue.bundled()


@pytest.mark.parametrize(("spelling", "name"), [line.rsplit(" ", 1) for line in MEANT.strip().splitlines()])
def test_a_spelling_means_one_model(spelling, name):
    assert CATALOGUE.resolve(spelling).entry.name == name


@pytest.mark.parametrize("spelling", REFUSED.split())
def test_what_is_not_surely_one_model_is_refused(spelling):
    assert CATALOGUE.find(spelling) is None


def test_the_table_holds_a_hundred_of_each():
    assert len(set(MEANT.strip().splitlines())) >= 100
    assert len(set(REFUSED.split())) >= 100


@pytest.mark.parametrize(
    ("spelling", "effort"),
    [
        ("anthropic/claude-3.7-sonnet:thinking", "high"),
        ("openai/o3-mini-high", "high"),
        ("xai:grok-4-1-fast-non-reasoning", "none"),
        ("anthropic/claude-sonnet-4.5@16k", "16k"),
        ("openai/gpt-5.5:batch", "None"),
    ],
)
def test_a_spelling_may_say_how_hard_to_think(spelling, effort):
    assert str(CATALOGUE.resolve(spelling).effort) == effort


def test_a_spelling_may_say_what_is_charged():
    usual = CATALOGUE["claude-opus-4-8"].price
    batch = CATALOGUE.resolve("anthropic/claude-opus-4.8:batch").price
    fast = CATALOGUE.resolve("anthropic/claude-opus-4.8-fast").price
    assert (batch.input, batch.output) == (usual.input / 2, usual.output / 2)
    assert (fast.input, fast.output) == (10, 50)
    assert CATALOGUE.resolve("ollama:qwen3:8b").price == FREE
    grok = CATALOGUE.resolve("x-ai/grok-4.7:batch").price
    assert (grok.input, grok.output) == (1.6, 4.8)  # not half of what a call costs


@pytest.mark.parametrize(
    ("spelling", "reason"),
    [
        ("deepseek/deepseek-chat", "retired it on 2026-07-24"),
        ("ollama:deepseek-r1", "8B distillation"),
        ("ft:gpt-4o-mini-2024-07-18:org::abc", "a fine-tune of gpt-4o-mini"),
        ("kimi-k2", "two versions share it"),
    ],
)
def test_a_refusal_says_why(spelling, reason):
    assert reason in CATALOGUE.reason(spelling)
