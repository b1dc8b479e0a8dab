"""CrossRouteLLM.from_config: the LLMs of a file, called over HTTP on this machine."""

import pytest

from crossroute import Constraints
from crossroute.errors import ConfigError
from llamaindex_crossroute import CrossRouteLLM

FILE = """\
router = "universal"
cost_preference = 0.5

[[models]]
name = "gpt-5-mini"
model = "openai:gpt-5-mini"
base_url = "{openai}"
api_key_env = "MY_KEY"
price = "0.5/3"
context_window = 9000

[[models]]
name = "llama-3.1-8b-instruct"
model = "openai:my-llama"
base_url = "{openai}"
api_key_env = "MY_KEY"
capabilities = []

[[models]]
name = "claude-opus-4-5"
model = "anthropic:claude-opus-4-5"
base_url = "{anthropic}"
api_key_env = "MY_KEY"
"""


@pytest.fixture
def path(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "from-the-environment")
    path = tmp_path / "crossroute.toml"
    path.write_text(FILE.format(openai=server.openai, anthropic=server.anthropic))
    return path


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-5-mini", "gpt-5-mini"),
        ("llama-3.1-8b-instruct", "my-llama"),
        ("claude-opus-4-5", "claude-opus-4-5"),
    ],
)
def test_the_llms_of_the_file_are_called(server, path, name, model):
    llm = CrossRouteLLM.from_config(path, constraints=Constraints(allow=frozenset({name})))
    answer = llm.complete("Hello")
    assert str(answer) == f"I am {model}"
    assert answer.additional_kwargs["crossroute"]["candidate"] == name
    sent = {key.lower(): value for key, value in server.requests[-1].headers.items()}
    assert "from-the-environment" in (sent.get("authorization", "") + sent.get("x-api-key", ""))


def test_what_the_file_states_holds(path):
    llm = CrossRouteLLM.from_config(path)
    assert llm.cost_preference == 0.5
    pool = llm._routing.dispatcher.router.pool
    assert pool["gpt-5-mini"].context_window == 9000
    assert pool["gpt-5-mini"].price.output == 3
    assert "tools" not in pool["llama-3.1-8b-instruct"].capabilities
    assert "from-the-environment" not in repr(llm)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("anthropic:claude-opus-4-5", "nobody:claude-opus-4-5", "has the provider 'nobody'"),
        ("openai:my-llama", "groq:my-llama", "pip install llama-index-llms-groq"),
    ],
)
def test_what_llamaindex_lacks_is_told(path, old, new, told):
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=told):
        CrossRouteLLM.from_config(path)
