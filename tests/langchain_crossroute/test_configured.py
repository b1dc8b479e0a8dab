"""ChatCrossRoute.from_config: the models of a file, called over HTTP on this machine."""

import pytest
from langchain_core.messages import HumanMessage

from crossroute.errors import ConfigError
from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware

FILE = """\
router = "universal"
cost_preference = 0.5
constraints = {{ deny = ["claude-opus-4-5@low"] }}

[[models]]
name = "gpt-5-mini"
model = "openai:gpt-5-mini"
base_url = "{openai}"
api_key_env = "MY_KEY"
max_tokens = 300
price = "0.5/3"
capabilities = ["vision"]
context_window = 9000

[[models]]
name = "claude-opus-4-5"
model = "anthropic:claude-opus-4-5"
base_url = "{anthropic}"
api_key_env = "MY_KEY"
effort = "low"

[[models.deployments]]
model = "openai:claude-mirror"
base_url = "{openai}"
"""


@pytest.fixture
def path(server, tmp_path, monkeypatch):
    for name in ("MY_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    path = tmp_path / "crossroute.toml"
    path.write_text(FILE.format(openai=server.openai, anthropic=server.anthropic))
    return path


def test_the_models_of_the_file_are_called(server, path):
    model = ChatCrossRoute.from_config(path)
    answer = model.invoke("Hello")
    assert answer.text == "I am gpt-5-mini"
    (request,) = server.requests
    assert request.headers["Authorization"] == "Bearer from-the-environment"
    assert request.body["max_completion_tokens"] == 300
    decision = answer.response_metadata["crossroute"]
    assert decision["cost_preference"] == 0.5
    assert decision["actual_cost"] == pytest.approx((100 * 0.5 + 20 * 3) / 1e6)  # at the file's price


def test_what_the_file_states_of_a_model_masks_it(path):
    pool = ChatCrossRoute.from_config(path).routing.dispatcher.router.pool
    assert pool["gpt-5-mini"].capabilities == {"vision"}
    assert pool["gpt-5-mini"].context_window == 9000


def test_arguments_go_before_the_file(path):
    model = ChatCrossRoute.from_config(path, cost_preference=1.0, constraints=None)
    assert model.cost_preference == 1.0
    assert len(model.route("Hello").eligible) == 2
    with pytest.raises(TypeError, match="'claude-opus-4-5@low' is wrapped"):  # by its deployments
        CrossRouteMiddleware.from_config(path)


def test_a_deployment_answers_where_the_first_fails_and_effort_reaches_the_wire(server, path):
    model = ChatCrossRoute.from_config(path, candidate="claude-opus-4-5@low", constraints=None)
    server.behave("claude-opus-4-5", 401, 401)
    assert model.invoke([HumanMessage("Hello")]).text == "I am claude-mirror"
    assert server.asked("claude-opus-4-5")[0].body["output_config"] == {"effort": "low"}
    assert server.asked("claude-mirror")[0].body["reasoning_effort"] == "low"


def test_a_key_that_is_not_set_is_named(path, monkeypatch):
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(ConfigError, match="MY_KEY"):
        ChatCrossRoute.from_config(path)


def test_no_key_shows(path):
    assert "from-the-environment" not in repr(ChatCrossRoute.from_config(path))
