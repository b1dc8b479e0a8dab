"""More spellings of the kinds that hosts use, and others that are near to them and mean no one model."""

import pytest

from crossroute.catalogue import Catalogue

MEANT = """
azure/eu/gpt-5.5 gpt-5.5
azure/global-standard/gpt-4o-2024-08-06 gpt-4o-2024-08-06
projects/acme/locations/us-central1/publishers/google/models/gemini-2.5-pro gemini-2.5-pro
projects/acme/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929 claude-sonnet-4-5
vertexai:gemini-3.8-flash gemini-3.8-flash
vercel/openai/gpt-5-mini gpt-5-mini
vercel_ai_gateway/anthropic/claude-opus-5.5 claude-opus-5-5
snowflake/claude-sonnet-4-5 claude-sonnet-4-5
cerebras:gpt-oss-120b gpt-oss-120b
llama.cpp:qwen3-8b qwen3-8b
vllm:Qwen/Qwen3-32B-AWQ qwen3-32b
openai/gpt-5.4:batch gpt-5.4
openrouter/openai/gpt-5.6-luna:batch gpt-5.6-luna
google/gemini-3.1-flash-lite:batch gemini-3.1-flash-lite
anthropic/claude-sonnet-5.5:batch claude-sonnet-5-5
openai/gpt-oss-120b:free gpt-oss-120b
qwen/qwen3-coder-30b-a3b-instruct:nitro qwen3-coder-30b-a3b-instruct
deepseek/deepseek-v3.2:exacto deepseek-v3.2
openrouter/moonshotai/kimi-k2.6:floor kimi-k2.6
openrouter:z-ai/glm-5.2:nitro glm-5.2
anthropic/claude-sonnet-4.5:thinking claude-sonnet-4-5
anthropic/claude-opus-4.1:thinking claude-opus-4-1
eu.anthropic.claude-opus-4-8-v1:0 claude-opus-4-8
au.anthropic.claude-sonnet-4-5-20250929-v1:0 claude-sonnet-4-5
global.anthropic.claude-haiku-4-5-20251001-v1:0 claude-haiku-4-5
bedrock/eu-central-1/anthropic.claude-3-5-sonnet-20240620-v1:0 claude-3-5-sonnet-20240620
bedrock_converse:us.anthropic.claude-opus-4-5-20251101-v1:0 claude-opus-4-5
us.amazon.nova-premier-v1:0 nova-premier-v1
eu.amazon.nova-pro-v1:0 nova-pro-v1
bedrock/us.deepseek.r1-v1:0 deepseek-r1
us.meta.llama3-1-8b-instruct-v1:0 llama-3.1-8b-instruct
us.meta.llama3-2-3b-instruct-v1:0 llama-3.2-3b-instruct
us.meta.llama3-3-70b-instruct-v1:0 llama-3.3-70b-instruct
bedrock/openai.gpt-oss-20b-1:0 gpt-oss-20b
openai.gpt-oss-120b-1:0 gpt-oss-120b
bedrock/mistral.mistral-7b-instruct-v0:2 mistral-7b-instruct-v0.2
arn:aws:bedrock:us-west-2:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0 claude-sonnet-4
arn:aws:bedrock:ap-south-1::foundation-model/amazon.nova-pro-v1:0 nova-pro-v1
vertex_ai/claude-sonnet-4-5@20250929 claude-sonnet-4-5
vertex_ai/gemini-2.5-flash gemini-2.5-flash
google-vertex:gemini-3.5-flash gemini-3.5-flash
google-gla:gemini-2.5-pro gemini-2.5-pro
google_genai:models/gemini-2.5-flash gemini-2.5-flash
models/gemini-3.8-flash gemini-3.8-flash
vertex_ai/openai/gpt-oss-120b-maas gpt-oss-120b
vertex_ai/qwen/qwen3-235b-a22b-instruct-2507-maas qwen3-235b-a22b-2507
vertex_ai/zai-org/glm-4.7-maas glm-4.7
vertex_ai/moonshotai/kimi-k2-thinking-maas kimi-k2-thinking
azure/gpt-4o-2024-08-06 gpt-4o-2024-08-06
azure/gpt-4.1-mini-2025-04-14 gpt-4.1-mini
azure/gpt-5-mini-2025-08-07 gpt-5-mini
azure_openai:gpt-5.4 gpt-5.4
azure/o3-mini-2025-01-31 o3-mini
azure/o4-mini-2025-04-16 o4-mini
azure_ai/mistral-large-2407 mistral-large-2407
gpt-5-2025-08-07 gpt-5
gpt-5-nano-2025-08-07 gpt-5-nano
gpt-4.1-2025-04-14 gpt-4.1
gpt-5.2-2025-12-11 gpt-5.2
claude-opus-4-1-20250805 claude-opus-4-1
claude-3-7-sonnet-20250219 claude-3-7-sonnet
claude-sonnet-4-20250514 claude-sonnet-4
anthropic:claude-haiku-4-5-20251001 claude-haiku-4-5
groq:llama-3.3-70b-versatile llama-3.3-70b-instruct
groq/llama-3.1-8b-instant llama-3.1-8b-instruct
groq/openai/gpt-oss-20b gpt-oss-20b
groq:moonshotai/kimi-k2-instruct-0905 kimi-k2-0905
groq/qwen/qwen3-32b qwen3-32b
cerebras/gpt-oss-120b gpt-oss-120b
cerebras/llama3.1-8b llama-3.1-8b-instruct
sambanova/Meta-Llama-3.3-70B-Instruct llama-3.3-70b-instruct
together_ai/Qwen/Qwen2.5-7B-Instruct-Turbo qwen2.5-7b-instruct
together:meta-llama/Llama-3.3-70B-Instruct-Turbo llama-3.3-70b-instruct
together_ai/deepseek-ai/DeepSeek-V3.1 deepseek-v3.1
together_ai/zai-org/GLM-4.7 glm-4.7
fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct llama-3.1-8b-instruct
fireworks:accounts/fireworks/models/gpt-oss-20b gpt-oss-20b
fireworks_ai/accounts/fireworks/models/kimi-k2p5 kimi-k2.5
deepinfra/Qwen/Qwen2.5-72B-Instruct qwen2.5-72b-instruct
deepinfra/google/gemma-3-27b-it gemma-3-27b-it
nebius/meta-llama/Meta-Llama-3.1-70B-Instruct llama-3.1-70b-instruct
novita/deepseek/deepseek-r1-0528 deepseek-r1-0528
nvidia_nim/meta/llama-3.1-8b-instruct llama-3.1-8b-instruct
nvidia:meta/llama-3.3-70b-instruct llama-3.3-70b-instruct
huggingface/Qwen/Qwen3-32B qwen3-32b
huggingface:microsoft/phi-4 phi-4
replicate/meta/meta-llama-3-8b-instruct llama-3-8b-instruct
databricks/databricks-meta-llama-3-3-70b-instruct llama-3.3-70b-instruct
databricks-claude-opus-4-5 claude-opus-4-5
snowflake-cortex/llama3.1-8b llama-3.1-8b-instruct
xai:grok-4 grok-4
xai/grok-4-0709 grok-4
mistral/mistral-large-2512 mistral-large-2512
mistralai:codestral-2508 codestral-2508
mistralai/ministral-8b-2512 ministral-8b-2512
cohere:command-a-plus-05-2026 command-a-plus-05-2026
cohere_chat/command-r-plus-08-2024 command-r-plus-08-2024
perplexity:sonar-pro sonar-pro
perplexity/sonar-pro sonar-pro
ollama:llama3.2:1b llama-3.2-1b-instruct
ollama:llama3.1:70b-instruct-q4_K_M llama-3.1-70b-instruct
ollama/llama3.3 llama-3.3-70b-instruct
ollama:qwen2.5:72b qwen2.5-72b-instruct
ollama/qwen2.5:0.5b qwen2.5-0.5b-instruct
ollama:qwen2.5-coder:32b qwen2.5-coder-32b-instruct
ollama:qwen3:32b qwen3-32b
ollama:gemma3:4b gemma-3-4b-it
ollama:gemma3:12b-it-qat gemma-3-12b-it
ollama_chat/gemma2:9b gemma-2-9b-it
ollama:deepseek-r1:7b deepseek-r1-distill-qwen-7b
ollama:mixtral:8x7b mixtral-8x7b-instruct-v0.1
ollama:phi4:14b phi-4
ollama:gpt-oss:20b gpt-oss-20b
lm_studio/qwen/qwen3-8b qwen3-8b
vllm/meta-llama/Llama-3.1-8B-Instruct llama-3.1-8b-instruct
hosted_vllm/Qwen/Qwen2.5-7B-Instruct-AWQ qwen2.5-7b-instruct
hf.co/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF llama-3.1-8b-instruct
unsloth/Qwen3-14B-GGUF qwen3-14b
lmstudio-community/gemma-3-27b-it-GGUF gemma-3-27b-it
openai:gpt-5.4@high gpt-5.4
azure/gpt-5.5@xhigh gpt-5.5
anthropic:claude-opus-4-5@low claude-opus-4-5
us.anthropic.claude-sonnet-4-20250514-v1:0@8k claude-sonnet-4
google_genai:gemini-2.5-flash@none gemini-2.5-flash
gemini-3.8-flash@low gemini-3.8-flash
deepseek-v4-pro@max deepseek-v4-pro
xai:grok-4.3@none grok-4.3
GPT-5.5 gpt-5.5
Claude-Opus-5.5 claude-opus-5-5
OpenAI/GPT-5.5 gpt-5.5
Gemini-3.8-Flash gemini-3.8-flash
vertex_ai/claude-3-5-haiku@20241022 claude-3-5-haiku
"""

REFUSED = """
openai/gpt-6-sol:fast anthropic/claude-opus-5:online acme/claude-opus-5:batch openai/gpt-6-sol-batch
openai/gpt-6-sol-high gpt-6-sol-low gpt-5.4-xhigh claude-opus-5-high claude-opus-5-max gemini-3.8-flash-thinking
gemini-3.8-flash-high grok-4.7-fast grok-4.7-reasoning grok-4.6-mini kimi-k3-thinking kimi-k3-turbo glm-5.3-air
glm-5.3-v qwen3.8-max-thinking claude-opus-latest claude-sonnet-latest claude-haiku-latest gpt-5-latest
gemini-latest grok-latest grok-beta qwen-max qwen-turbo mistral-medium-latest codestral-latest ministral-8b-latest
magistral-medium-latest command-a-latest command-r-latest deepseek-latest openai/gpt-latest
mistralai/mistral-large-latest xai:grok-latest google/gemini-flash-latest anthropic:claude-sonnet-latest
ft:gpt-4.1-mini-2025-04-14:acme::x1 ft:gpt-3.5-turbo-0125:acme::2 openai:ft:gpt-4.1-nano-2025-04-14:org:suffix:id
azure/ft:gpt-4o-2024-08-06:acme::1 openrouter/ft:gpt-4o-mini:x::1 ft:davinci-002:acme::3 ft:gpt-4o-mini
gpt-4o-mini:ft-acme-2024-07-30 gpt-35-turbo.ft-123 together_ai/acme/Llama-3.1-8B-Instruct-finetuned acme/qwen3-8b
mine/gpt-oss-120b someone/Meta-Llama-3.1-8B-Instruct gpt-5-2025-08-08 gpt-5.2-2025-11-12 o3-mini-2025-02-31
claude-haiku-4-5-20251002 claude-3-7-sonnet-20250220 gemini-2.5-flash-001-preview gpt-4o-2024-09-06
gpt-4.1-2025-04-15 claude-opus-4-1@20250806 vertex_ai/claude-sonnet-4-5@20251001 gemini-2.5-pro-003
meta-llama/Llama-3.1-8B meta-llama/Llama-3.2-3B Qwen/Qwen3-8B-Base Qwen/Qwen2.5-7B google/gemma-3-27b-pt
google/gemma-2-9b mistralai/Mistral-7B-v0.1 mistralai/Mixtral-8x7B-v0.1 microsoft/phi-4-base
deepseek-ai/DeepSeek-V3-Base huggingface/openai/gpt-oss-120b-base ollama:qwen3:7b ollama:llama3.1:9b
ollama:gemma3:7b ollama:phi4:7b ollama:deepseek-r1:13b ollama:llama3.2:8b ollama:qwen2.5:8b ollama:gpt-oss:70b
ollama:llama3.1:8b-text-q4_K_M ollama:llama3.1:8b-instruct-q3_K_S ollama:qwen2.5:7b-base ollama:gemma3:27b-pt
ollama/qwen3:8b-q3_K_M ollama:llama3.2:3b-text ollama:claude-sonnet-5 ollama:gpt-6-sol ollama/gemini-2.5-flash
vllm/gpt-5.5 lm_studio/claude-opus-5 llamafile/grok-4 bedrock/anthropic.claude-opus-9-v1:0 us.anthropic.gpt-6-sol
eu.openai.claude-sonnet-5 moon.anthropic.claude-opus-5-v1:0 amazon.nova-sonic-v1:0 amazon.nova-reel-v1:0
amazon.titan-embed-text-v2:0 cohere.embed-english-v3 stability.sd3-5-large-v1:0 cohere.rerank-v3-5:0
arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-pro-v1:0/abc
arn:aws:bedrock:us-east-1:123456789012:imported-model/x9
arn:aws:bedrock:us-east-1:123456789012:prompt-router/anthropic.claude arn:aws:sagemaker:eu-west-1:1:endpoint/llama
text-embedding-3-small gpt-4o-mini-tts gpt-4o-transcribe whisper-1 dall-e-3 gpt-image-1 sora-2 tts-1
omni-moderation-latest gpt-4o-search-preview gpt-4o-realtime-preview gemini-2.5-flash-tts gemini-embedding-001
imagen-4 veo-3 gemini-2.5-flash-live-preview gemini-2.5-flash-native-audio mistral-embed mistral-ocr-latest
voxtral-small-2507 pixtral-embed grok-imagine grok-2-image qwen3-embedding-8b bge-m3 gpt-5.5-pro-max gpt-5.5-turbo
gpt-6 gpt-5.7 claude-opus-6 claude-5 claude-sonnet gemini-4 gemini-flash llama-5-70b llama-3.1 llama deepseek-v5
kimi glm gemma azure/my-deployment azure/prod-gpt azure/gpt5 azure_openai:chat azure/gpt-4o-eu databricks-my-llama
openai/claude-opus-5 anthropic/gpt-5.5 google/claude-opus-5 xai/gpt-6-sol deepseek/kimi-k3 mistral/gpt-5.5
cohere/claude-sonnet-5 gpt-5.5@fast gpt-5.5@lowest gpt-5.5@-1k gpt-5.5@16 gpt-5.5@2026-04-23@@ claude-opus-5@@high
@16k gpt-5.5@high@low gpt-5.5-fp8 claude-opus-5-gguf gemini-2.5-flash-awq gpt-4o-q4_K_M grok-4-int8 gpt-5.5:8b
claude-opus-5:q4 ollama:qwen3:30b-a3b ollama:qwen3:0.7b
"""

CATALOGUE = Catalogue.bundled()


def test_each_spelling_means_its_model():
    wanted = dict(line.rsplit(" ", 1) for line in MEANT.strip().splitlines())
    found = {spelling: CATALOGUE.resolve(spelling).entry.name for spelling in wanted}
    assert found == wanted


@pytest.mark.parametrize("written", [str, str.upper, str.title], ids=["as is", "upper case", "title case"])
def test_what_is_near_to_a_name_is_refused(written):
    taken = {spelling: found for spelling in REFUSED.split() if (found := CATALOGUE.find(written(spelling)))}
    assert not taken


def test_there_are_a_hundred_of_each():
    assert len(set(MEANT.strip().splitlines())) >= 100
    assert len(set(REFUSED.split())) >= 100
