"""No credential survives in any form; no ordinary sentence is touched."""

from __future__ import annotations

import base64
import random
import re
import string
from pathlib import Path

import pytest

from crossroute.calls.scrubbing import LONGEST, remove_secrets

HEX = "0123456789abcdef0123456789abcdef"
MIXED = "7aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1x"

FORMS = {
    "Cannot connect: passphrase='open sesame please'": "open sesame",
    'Refused: {"password": "correct horse battery"}': "horse battery",
    "Unauthorized: the token 'esecret_fEqD78DYUieZCOugnrQYxehTEE' has expired": "DYUieZCOugnrQYxehTEE",
    "401 Unauthorized: token sk-ramnxocxuofqwertzuiopasdfghjklyxcvbnmqwertzui is invalid": "qwertzuiopasdfgh",
    "Incorrect API key provided: sk-abcd********************wxyz.": "sk-abcd*",
    "Incorrect API key provided: MYKEY12345678abcdefgh.": "MYKEY12345678abcdefgh",
    f"Invalid subscription key {HEX} for resource": HEX,
    f"Access denied (api-key: {HEX}).": HEX,
    "invalid x-api-key: sk-ant-api03-AbCdEfGh0123456789": "AbCdEfGh0123456789",
    "API key not valid: AIzaSyD-0123456789abcdefghijklmnop": "AIzaSyD",
    "invalid authentication credentials ya29.a0AfH6SMBxyz0123456789": "a0AfH6SMBxyz0123456789",
    "GET https://x.test/v1?key=SECRETKEYabc&alt=json failed": "SECRETKEYabc",
    "https://x.blob.test/c?sv=2024&sig=abc%2Fdef%3D failed": "abc%2Fdef",
    "Cannot connect to https://user:pa/ss1234@proxy.local:8080": "ss1234",
    "postgresql://app:hunter2@db.internal/x refused": "hunter2",
    "headers={'Authorization': 'Bearer abcdefghijk'}": "abcdefghijk",
    "Authorization: Token abcdefghijk": "abcdefghijk",
    "Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==": "dXNlcjpwYXNzd29yZA",
    "headers: X-Auth-Token: 9f8e7d6c5b4a": "9f8e7d6c5b4a",
    "'x-goog-api-key': 'abcdefghijkl'": "abcdefghijkl",
    '{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}': "wJalrXUtnFEMI",
    "ASIAIOSFODNN7EXAMPLE expired": "ASIAIOSFODNN7EXAMPLE",
    "bad credentials github_pat_11ABCDEFG0123456789_abcdef": "11ABCDEFG0123456789",
    "denied glpat-0123456789abcdefABCD": "0123456789abcdefABCD",
    "invalid_auth xoxb-0123456789-abcdefABCD": "abcdefABCD",
    "Invalid r8_0123456789abcdefABCD": "0123456789abcdefABCD",
    "sk_live_0123456789abcdefABCD": "0123456789abcdefABCD",
    f"Invalid API key provided. You can find {HEX * 2}": HEX,
    f"'{HEX * 2}' is no valid API key": HEX,
    f"Unauthorized: {HEX[:8]}{HEX}": HEX,
    "token=9f8e7d6c-5b4a-3928-1706-0a1b2c3d4e5f": "9f8e7d6c",
    "token: 9f8e7d6c-5b4a-3928-1706-0a1b2c3d4e5f": "9f8e7d6c",
    "Bad key 9f8e7d6c-5b4a-3928-1706-0a1b2c3d4e5f": "9f8e7d6c",
    "the password is 123456": "123456",
    "password: Tr0ub4dor&3 was refused": "Tr0ub4dor",
    f"Unauthorized: key {MIXED} is wrong": MIXED,
    "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123": "eyJzdWIiOiIxIn0",
    "Set-Cookie: session=abcdef; Path=/": "abcdef",
    "-----BEGIN PRIVATE KEY----- MIIEvQIBADAN": "MIIEvQIBADAN",
    "login failed, password is hunter2hunter2": "hunter2hunter2",
    "password: correcthorsebattery": "correcthorse",
    "Server=tcp:x;User ID=sa;Password=hunter;": "hunter",
    "AccountKey=abc/def+ghi==;": "abc/def",
    f"https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/{MIXED[:24]}": MIXED[:24],
    "bot149128793:73gs-ULWl_qD-_iUxhAycSEE-vEaChtlds is not valid": "73gs-ULWl",
    "Invalid prompt: 'My salary is 123456 and my name is Bob'": "salary",
    "1 validation error: input_value='Tell me about my illness', input_type=str": "illness",
    "Expected a dict, got str: '<html>Tell me about my illness</html>'": "illness",
    'The prompt was blocked, prompt: "Tell me about my illness"': "illness",
    "Invalid prompt: '我的工资是多少请告诉我'": "工资",
}

ORDINARY = (
    "The rate limit of 10000 tokens per minute was exceeded; please retry in 20s.",
    "This model's maximum context length is 8192 tokens, however you requested 9000 tokens.",
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    "API key not valid. Please pass a valid API key.",
    "Unknown model 'claude-3-5-sonnet-20241022'.",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0",
    "accounts/fireworks/models/llama-v3p1-405b-instruct was not found",
    "Could not reach http://localhost:11434/api/chat at 2025-03-01T12:30:45.123456Z.",
    "https://medium.com/@user/post and https://x.com:8080/@someone",
    "The secret is practice, and a basic understanding of JavaScript.",
    "ResponseWebSearchCallInProgressEvent is no RunnableConfigurableAlternatives",
    "There is no AgentChatWithStepEndEvent.",
    "A dose of 0.42millimicromoles of CH2CH2CH2OH",
    'He said: "I will come back tomorrow, as I always did."',
    f"The file has MD5 {HEX} and SHA-256 {HEX * 2}.",
    f"Pin the image at sha256:{HEX * 2}",
    f"requests==2.32.0 --hash=sha256:{HEX * 2}",
    f"It broke with commit {HEX[:8]}{HEX}, see https://github.com/a/b/blob/{HEX[:8]}{HEX}/c.py#L1.",
    "Request ID: 9f8e7d6c-5b4a-3928-1706-0a1b2c3d4e5f",
    "Incorrect API key provided. Request id 9f8e7d6c-5b4a-3928-1706-0a1b2c3d4e5f",
    f"The cache key is {HEX}.",
    "Your password is case-sensitive! The password is 8-character, and was 12characters before.",
    "The session was 90-minutes long, its signature is RSA-2048, and the secret was COVID-19.",
    "tokenizer = AutoTokenizer.from_pretrained('bert')",
    '{"max_token": 128000, "token_count": 1234}',
    "The picture CorcianoMar302024_01.jpg was taken in transaction20240315.",
)


@pytest.mark.parametrize("message", FORMS)
def test_no_credential_and_no_prompt_survives(message):
    assert FORMS[message] in message
    scrubbed = remove_secrets(message)
    assert FORMS[message] not in scrubbed
    assert "[removed]" in scrubbed


def test_random_keys_of_any_alphabet_are_seen_alone():
    draw = random.Random(0)
    letters = string.ascii_letters + string.digits
    alphabets = {
        letters: 32,
        string.hexdigits.lower()[:16]: 32,
        letters + "/+": 40,
        letters[:26] + letters[52:]: 32,
    }
    for _ in range(200):
        keys = ["".join(draw.choice(signs) for _ in range(size)) for signs, size in alphabets.items()]
        keys.append(base64.b64encode(draw.randbytes(32)).decode())
        for key in keys:
            assert key not in remove_secrets(f"401: the key '{key}' was refused")


@pytest.mark.parametrize("message", ORDINARY)
def test_ordinary_messages_stay_as_they_are(message):
    assert remove_secrets(message) == message


def test_the_sentences_of_the_docs_stay_as_they_are():
    prose = re.sub(
        r"```.*?```", "", "\n".join(p.read_text("utf-8") for p in Path("docs").glob("*.md")), flags=re.S
    )
    sentences = [s for s in re.split(r"(?<=[.!?])\s+|\n", prose) if len(s) > 20]
    assert len(sentences) > 1_000
    assert [s for s in sentences if remove_secrets(s) != s] == []


def test_hostile_messages_take_no_time():
    for part in ("a-", "key", "x" * 9 + " ", "prompt: '", "//", "0x", "=:"):
        assert len(remove_secrets(part * 50_000)) <= LONGEST
