"""crossroute.toml: what it says, and where what is wrong with it stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from crossroute import Constraints, Escalation, Price
from crossroute.cli import app
from crossroute.config import PoolConfig, read_config
from crossroute.errors import ConfigError

ISSUE = """\
router = "universal"
cost_preference = 0.5

[[models]]
name = "gpt-5-mini"
model = "openai:gpt-5-mini"
base_url = "http://127.0.0.1:9001/v1"
api_key_env = "OPENAI_API_KEY"

[[models]]
name = "claude-opus-4-5"
model = "anthropic:claude-opus-4-5"
"""
LAST = ISSUE.count("\n") + 1


def written(tmp_path, text):
    path = tmp_path / "crossroute.toml"
    path.write_text(text, "utf-8")
    return path


def fault(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read_config(path)
    told = str(error.value)
    assert told.startswith(f"{path}, line ")
    return told.removeprefix(f"{path}, line ")


def test_the_file_of_the_readme(tmp_path):
    pool = read_config(written(tmp_path, ISSUE))
    assert [model.name for model in pool.models] == ["gpt-5-mini", "claude-opus-4-5"]
    assert pool.models[0].base_url == "http://127.0.0.1:9001/v1"
    assert pool.models[0].places[0].key({"OPENAI_API_KEY": "k"}) == "k"
    assert pool.models[1].places[0].key({}) is None  # its package's own affair
    assert pool.settings["cost_preference"] == 0.5
    assert pool.settings["sticky"] is True


def test_everything_a_file_may_say(tmp_path):
    text = """\
router = "mine"
willingness_to_pay = 0.01
default = "local"
sticky = false
max_attempts = 3
escalate = "buffer"
constraints = { max_cost = 0.02, capabilities = ["tools"], deny = ["local"] }

[[models]]
model = "openai:gpt-5.5"
effort = "low"
price = "1.25/10"
temperature = 0
timeout = 20
options = { seed = 7 }

[[models.deployments]]
model = "azure_openai:mine"
api_key_env = "AZURE_KEY"
weight = 2

[[models]]
name = "local"
model = "ollama:qwen3:4b"
usd_per_second = 0.0001
context_window = 32000
capabilities = []
price = { input = 0, output = 0 }

[server]
port = 8080
"""
    (tmp_path / "mine").mkdir()
    pool = read_config(written(tmp_path, text))
    first, local = pool.models
    assert pool.router == str(tmp_path / "mine")  # a folder beside the file
    assert first.name == "openai:gpt-5.5@low"
    assert first.arguments == {"temperature": 0, "timeout": 20, "seed": 7}
    assert [place.model for place in first.places] == ["openai:gpt-5.5", "azure_openai:mine"]
    assert pool.prices["openai:gpt-5.5@low"] == Price(
        input=1.25, output=10, source="stated in the configuration"
    )
    assert local.ability.capabilities == frozenset()
    assert pool.prices["local"] == Price.by_second(0.0001, tokens_per_second=30)  # time goes before tokens
    assert pool.settings["escalate"] == Escalation(buffer_streams=True)
    assert pool.settings["constraints"] == Constraints(
        max_cost=0.02, capabilities=frozenset({"tools"}), deny=frozenset({"local"})
    )
    assert pool.server == {"port": 8080}


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (
            "router",
            "rooter",
            1,
            "rooter: unknown key. Did you mean 'router'? Expected router, cost_preference,",
        ),
        ("0.5", "1.5", 2, "cost_preference: Input should be less than or equal to 1, got 1.5."),
        ("[[models]]", "[[models]", 4, "not TOML:"),
        ("base_url", "url", 7, "models[0].url: unknown key. Expected name, model, base_url,"),
        ('"http://127.0.0.1:9001/v1"', '"127.0.0.1"', 7, "expected an address such as http://"),
        ("api_key_env =", "api_key =", 8, "models[0].api_key: would hold a secret"),
        ('"OPENAI_API_KEY"', '"sk-proj-abcdefghijklmn"', 8, "would hold a secret"),
        ("127.0.0.1:9001", "me:pass@host", 7, "would hold a secret"),
        ('"OPENAI_API_KEY"', '"my key"', 8, "expected the name of an environment variable"),
        ('"gpt-5-mini"', '"claude-opus-4-5"', 11, "'claude-opus-4-5' is taken."),
        (
            'model = "openai',
            'modle = "openai',
            6,
            "models[0].modle: unknown key. Did you mean 'model'? Expected",
        ),
        ('model = "openai:gpt-5-mini"\n', "", 4, "models[0].model: is missing."),
        ("router", 'default = "gpt"\nrouter', 1, "default: 'gpt' is no model's name. Expected 'gpt-5-mini',"),
        (
            "router",
            "willingness_to_pay = 1\nrouter",
            1,
            "give cost_preference or willingness_to_pay, not both.",
        ),
        ("router", 'escalate = "yes"\nrouter', 1, "escalate: expected true, false,"),
        ("base_url", 'effort = "much"\nbase_url', 7, "models[0].effort: expected none, minimal, low,"),
        ("router", "escalate.max_calls = 0\nrouter", 1, "escalate.max_calls: Input should be greater"),
        ('"gpt-5-mini"', '"gpt\\u0000"', 5, "a name cannot contain '\\x00'"),
        ('"gpt-5-mini"', '"gpt\\u2028mini"', 5, "a name cannot contain '\\u2028'"),
    ],
)
def test_a_fault_names_its_line_and_the_remedy(tmp_path, old, new, line, told):
    found = fault(tmp_path, ISSUE.replace(old, new, 1))
    assert found.startswith(f"{line}: ")
    assert told in found
    assert "sk-proj" not in found
    assert "pass@" not in found


@pytest.mark.parametrize(
    ("more", "line", "told"),
    [
        ("price = '5'", LAST, "models[1].price: expected USD per million tokens"),
        ("[models.price]\ninput = 1", LAST, "models[1].price.output: is missing."),
        ("[models.price]\ninput = -1\noutput = 1", LAST + 1, "models[1].price.input: Input should be"),
        ("[models.options.headers]\nAuthorization = 'abc'", LAST + 1, "would hold a secret"),
        ("[[models.deployments]]\n[[models.deployments]]\nurl = 1", LAST + 2, "models[1].deployments[1].url"),
        ("[constraints]\nallow = [\n 'gpt'\n]", LAST + 1, "constraints.allow: 'gpt' is no model's name."),
        ("options = {", LAST, "not TOML:"),
    ],
)
def test_a_fault_below_is_found_there(tmp_path, more, line, told):
    found = fault(tmp_path, ISSUE + more)
    assert found.startswith(f"{line}: ")
    assert told in found


def test_several_faults_are_counted(tmp_path):
    assert fault(tmp_path, ISSUE + "a = 1\nb = 2\nc = 3").endswith("2 more faults beside this.")


def test_what_is_no_file_is_told(tmp_path):
    with pytest.raises(
        ConfigError, match=r"No such file or directory\. Give the path of a crossroute\.toml\."
    ):
        read_config(tmp_path / "none.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        read_config(path)


@pytest.mark.parametrize(
    "text",
    [f"a = {'[' * 3_000}", f"a = {'{a = ' * 3_000}", "a." * 3_000 + "a = 1", f"[{'a.' * 3_000}a]\na = 1"],
)
def test_what_is_nested_too_deep_is_told(tmp_path, text):
    with pytest.raises(ConfigError, match="nested too deep"):
        read_config(written(tmp_path, text))


def test_a_number_of_thousands_of_digits_is_told_with_its_file(tmp_path):
    with pytest.raises(ConfigError, match=r"\.toml: Exceeds the limit"):
        read_config(written(tmp_path, f"max_attempts = {'9' * 5_000}\n"))


def test_a_variable_that_is_not_set_is_named(tmp_path):
    pool = read_config(written(tmp_path, ISSUE))
    with pytest.raises(ConfigError, match="OPENAI_API_KEY, which api_key_env names, is not set"):
        pool.models[0].places[0].key({})


@given(st.text(alphabet="[]=\"\n\\ab.{},#'1", max_size=60))
def test_any_text_is_read_or_refused_with_a_line(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "crossroute.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r", line [0-9]+: "):  # none of these names a model
        read_config(path)


def test_the_schema_is_json_schema():
    schema = json.loads(json.dumps(PoolConfig.model_json_schema()))
    assert schema["required"] == ["models"]
    assert schema["$defs"]["ModelEntry"]["required"] == ["name", "model"]


def crossroute(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_line_reads_it(tmp_path):
    path = written(tmp_path, ISSUE)
    decision = json.loads(crossroute("route", "What is 17 * 23?", "--config", path, "--json").stdout)
    assert {each["candidate"] for each in decision["alternatives"]} == {"gpt-5-mini", "claude-opus-4-5"}
    listed = json.loads(crossroute("candidates", "--config", path, "--json").stdout)
    assert [row["name"] for row in listed] == ["gpt-5-mini", "claude-opus-4-5"]
    assert "claude-opus-4-5" in crossroute("config", path).stdout
    assert json.loads(crossroute("config", "--schema").stdout)["required"] == ["models"]
    refused = crossroute("route", "Hello", "--config", path, "--router", "universal")
    assert "leave out --router" in str(refused.exception)


BUDGETED = """
traffic = "traffic.db"
exploration = 0.05
shadow = "large"
shadow_share = 0.05

[[budgets]]
usd = 50
pace = true

[[budgets]]
usd = 2
per = "PT6H"
key = "user:*"
then = "refuse"

[[models]]
name = "small"
model = "openai:small"

[[models]]
name = "large"
model = "openai:large"
"""


def test_budgets_and_traffic_are_arguments_of_the_integrations(tmp_path):
    settings = read_config(written(tmp_path, BUDGETED)).settings
    day, users = settings["budgets"]
    assert (day.usd, day.per, day.pace) == (50, "day", True)
    assert (users.per.total_seconds(), users.key, users.then) == (21_600, "user:*", "refuse")
    told = [settings[name] for name in ("traffic", "exploration", "shadow", "shadow_share")]
    assert told == [str(tmp_path.resolve() / "traffic.db"), 0.05, "large", 0.05]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("usd = 50", "usd = -1", "greater than 0"),
        ("pace = true", "pase = true", "unknown key. Did you mean 'pace'? Expected usd, per, key"),
        ('shadow = "large"', 'shadow = "huge"', "'huge' is no model's name"),
        ("exploration = 0.05", "exploration = 1.5", "less than 1"),
    ],
)
def test_a_fault_of_budgets_and_traffic_is_told(tmp_path, old, new, told):
    assert told in fault(tmp_path, BUDGETED.replace(old, new))


def test_a_floor_is_proved_when_the_file_is_read(tmp_path):
    from tests.support.routers import make_outcomes, make_router

    make_router().save_pretrained(tmp_path / "own")
    with (tmp_path / "graded.jsonl").open("w") as file:
        outcomes = make_outcomes(1200)
        for row, text in enumerate(outcomes.texts):
            for column, name in enumerate(outcomes.pool.names[:3]):
                told = {
                    "text": f"{text} ({row})",
                    "candidate": name,
                    "quality": outcomes.quality[row, column],
                }
                file.write(
                    json.dumps(told | {"cost_usd": outcomes.cost[row, column], "split": "test"}) + "\n"
                )
    models = "".join(
        f'[[models]]\nname = "{name}"\nmodel = "openai:{name}"\n' for name in ("small", "coder", "large")
    )
    floor = '[floor]\noutcomes = "graded.jsonl"\ndrop = 0.3\n'
    router = read_config(written(tmp_path, f'router = "own"\n{floor}{models}')).settings["router"]
    assert router.floor.promise.drop == 0.3
    assert router.pool.names == ("small", "coder", "large")


@pytest.mark.parametrize("name", ["x" * 5_000, "a\\u0000b"], ids=["long", "NUL"])
def test_a_router_of_a_name_that_no_folder_can_have_is_left_to_be_refused(name, tmp_path):
    path = tmp_path / "crossroute.toml"
    path.write_text(ISSUE.replace("universal", name))
    assert len(read_config(path).router) > 2


@pytest.mark.parametrize(
    "text",
    [
        *("", "models = []", 'router = "universal"', 'models = "openai:gpt-5-mini"'),
        *('models = ["openai:gpt-5-mini"]', '[models]\nmodel = "openai:gpt-5-mini"'),
    ],
)
def test_a_file_without_models_says_how_one_is_written(tmp_path, text):
    path = tmp_path / "crossroute.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"models(\[0\])?: expected a table for each model: \[\[models\]\]"):
        read_config(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[models]]\nname = "x"', r"line 1: models\[0\]\.model: is missing\.$"),
        ('[[models]]\nmodel = "gpt-5"\nmaxcost = 3', r"line 3: models\[0\]\.maxcost: unknown key\. [^.]*\.$"),
        (
            'shadow_share = 0.5\n[[models]]\nmodel = "gpt-5"',
            "line 1: shadow_share: needs shadow, the name of",
        ),
    ],
)
def test_a_fault_of_the_only_model_is_told_and_no_lack_of_models(tmp_path, text, told):
    path = tmp_path / "crossroute.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_config(path)
