import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from safetensors import safe_open
from typer.testing import CliRunner

from crossroute import Decision, Router, TrainingConfig, cli
from crossroute.cli.shared import RouterName
from crossroute.routing.router import DEFAULT_ROUTER, WIDEST_ROUTER
from crossroute.training.state import STATE
from tests.support.commands import MODELS

COMMANDS = (
    "route",
    "data",
    "compare",
    "collect",
    "train",
    "floor",
    "evaluate",
    "candidates",
    "prices",
    "config",
    "profile",
    "demo",
    "serve",
)
GROUPS = ("traffic", "catalogue", "keys")
"""Commands of several commands."""

ASKING = ("profile", "collect", "floor", "serve")
"""Commands whose example asks providers, listens until it is stopped, or needs more outcomes than a test has."""

interruptible = pytest.mark.skipif(
    sys.platform == "win32" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="children hear no SIGINT: on Windows, and where the shell put us in the background",
)
QUICK = {"clusters": 4, "epochs": 2, "hidden": 8, "batch_size": 32}


def invoke(*arguments: str | Path, stdin: str | None = None) -> str:
    """Run a command that is expected to succeed, and return what it prints on standard output."""
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], input=stdin)
    if done.exception:
        raise done.exception
    return done.stdout


@pytest.fixture
def main(monkeypatch, capsys):
    """Run the command line as from a shell: (exit code, standard output, standard error)."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crossroute", *map(str, arguments)])
        monkeypatch.setattr(cli.err, "_width", 1_000)
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return exit_.value.code, *capsys.readouterr()

    return run


def spawn(*arguments: str | Path, **options) -> subprocess.Popen[str]:
    """Start the command line as a process of its own."""
    command = [sys.executable, "-m", "crossroute", *map(str, arguments)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = {**os.environ, "COLUMNS": "80", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, text=True, encoding="utf-8", env=environment, **{**pipes, **options})


@pytest.fixture
def settings(tmp_path):
    """A file of settings that train quickly."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(QUICK))
    return path


@pytest.mark.parametrize(
    "arguments",
    [("data", ""), ("compare", "", "--candidates", "gpt-5"), ("train", "o.csv", "--out", ""), ("route", "")],
)
def test_an_empty_argument_is_not_the_current_folder(main, arguments):
    code, out, told = main(*arguments)
    assert (code, out) == (1, "")
    assert "An argument is empty" in told


def test_route_prints_the_table_and_the_reason(saved):
    text = invoke("route", "What is 2 + 2?", "--router", saved)
    assert "→ " in text
    assert "●" in text
    assert "The query most resembles" in text


def test_route_prints_json_on_request(saved):
    decision = Decision.model_validate_json(invoke("route", "What is 2 + 2?", "--router", saved, "--json"))
    assert decision == Router.from_pretrained(saved).route("What is 2 + 2?")


def test_route_turns_the_dial(saved):
    def routed(*options: str) -> Decision:
        return Decision.model_validate_json(invoke("route", "text", "--router", saved, "--json", *options))

    assert routed("--cost-preference", "1").candidate == "free"
    assert routed("--cost-preference", "0.25").cost_preference == 0.25
    assert routed("--willingness-to-pay", "0.01").willingness_to_pay == 0.01
    few = routed("--candidates", "large, coder", "--cost-preference", "1")
    assert {a.candidate for a in few.alternatives} == {"large", "coder"}


def test_named_models_are_known_as_frameworks_spell_them_and_without_a_router():
    names = ["openai:gpt-5-mini", "anthropic/claude-sonnet-4", "ollama/llama3.1:8b"]
    decision = Decision.model_validate_json(
        invoke("route", "text", "--json", "--candidates", ",".join(names))
    )
    assert {a.candidate for a in decision.alternatives} == set(names)
    assert {a.candidate for a in decision.alternatives if not a.cost} == {"ollama/llama3.1:8b"}
    text = invoke("demo", "--candidates", "openai:gpt-5-mini,openai:gpt-5")
    assert {name for name in ("gpt-5-mini", "gpt-4-1106-preview") if name in text} == {"gpt-5-mini"}


def test_the_demo_ends_with_the_command_for_measured_models(main):
    command = "crossroute demo --router routerbench"
    assert f"a pool of measured models: {command}\n" in main("demo")[2]
    assert main(*shlex.split(command)[1:])[0::2] == (0, "")


def test_the_help_names_the_routers_that_are_loaded_by_default():
    assert f"by default {WIDEST_ROUTER} if" in " ".join(RouterName.__metadata__[0].help.split())
    assert f"else {DEFAULT_ROUTER}." in RouterName.__metadata__[0].help


def test_route_reads_lines_from_standard_input(saved):
    stdin = "What is 2 + 2?\n\n  def f(x): return x  \nTell me a story."
    names = invoke("route", "-", "--router", saved, stdin=stdin).splitlines()
    router = Router.from_pretrained(saved)
    assert names == [
        router.route(text).candidate for text in ("What is 2 + 2?", "def f(x): return x", "Tell me a story.")
    ]
    lines = invoke("route", "-", "--router", saved, "--json", stdin=stdin).splitlines()
    assert [json.loads(line)["candidate"] for line in lines] == names


def test_route_of_no_line_prints_nothing(saved):
    assert invoke("route", "-", "--router", saved, stdin="") == ""


def test_names_with_brackets_are_printed_as_they_are(router, tmp_path):
    odd = router.pool["large"].model_copy(update={"name": "[red]odd[/] [/]"})
    router.with_candidates([odd]).save_pretrained(tmp_path)
    text = invoke("route", "text", "--router", tmp_path, "--candidates", "[red]odd[/] [/],coder")
    assert text.count("[red]odd[/] [/]") >= 2
    assert "[red]odd[/] [/]" in invoke("candidates", tmp_path)


def test_data_says_what_is_in_a_file(jsonl):
    text = invoke("data", jsonl)
    for part in ("120", "small", "large", "arithmetic", "train"):
        assert part in text
    assert json.loads(invoke("data", jsonl, "--json"))["queries"] == 120


def test_candidates_are_listed(saved):
    text = invoke("candidates", saved)
    for part in ("small", "200k", "USD per million tokens"):
        assert part in text
    listed = json.loads(invoke("candidates", saved, "--json"))
    assert [candidate["name"] for candidate in listed] == ["small", "coder", "large", "free"]


def test_candidates_without_a_router_are_the_catalogues():
    listed = json.loads(
        invoke("candidates", "--search", "bedrock/anthropic.claude-3-haiku-20240307-v1:0", "--json")
    )
    assert [candidate["name"] for candidate in listed] == ["claude-3-haiku"]
    assert listed[0]["sources"]["zeroeval"] == 2268
    assert "claude-3-haiku-20240307" in listed[0]["aliases"]
    assert "claude-sonnet-4" in invoke("candidates")


def test_prices_are_shown_with_their_age_and_changed_without_training(saved, tmp_path, main):
    checks = json.loads(invoke("prices", saved, "--json"))
    assert [check["candidate"] for check in checks] == ["small", "coder", "large", "free"]
    assert checks[0]["price"]["output"] == 0.2
    assert "stated by hand" in invoke("prices", saved, "--set", "large=1/3")
    assert (
        "Nothing is saved: --out FOLDER writes the router" in main("prices", saved, "--set", "large=1/3")[2]
    )
    folder = tmp_path / "cheaper"
    assert main("prices", saved, "--set", "lab/small=0.5/0.75", "--out", folder)[0] == 0
    before, after = Router.from_pretrained(saved), Router.from_pretrained(folder)
    assert after.pool["small"].price.output == 0.75
    assert after.pool["large"] == before.pool["large"]
    assert after.predict(["text"]).quality.tolist() == before.predict(["text"]).quality.tolist()
    assert after.predict(["text"]).cost[0, 0] > before.predict(["text"]).cost[0, 0]


def test_an_output_price_that_is_set_is_what_the_written_router_counts_with(main, tmp_path):
    text, name = "Write a long essay about the French revolution.", "gpt-4-1106-preview"
    cost = {}
    for wrote in ("30", "300", "0"):
        folder = tmp_path / wrote
        assert main("prices", "routerbench", "--set", f"{name}=10/{wrote}", "--out", folder)[0] == 0
        router = Router.from_pretrained(folder)
        cost[wrote] = router.predict([text]).cost[0, router.pool.position(name)]
    assert cost["300"] > 2 * cost["30"] > 2 * cost["0"] > 0


def test_prices_that_the_catalogue_lists_otherwise_are_told_and_taken_over(main, tmp_path):
    code, _, told = main("prices", "routerbench")
    assert code == 0
    assert "other prices for 1 of these: mistralai/mixtral-8x7b-chat" in told
    assert main("prices", "routerbench", "--out", tmp_path / "listed")[0] == 0
    assert main("prices", tmp_path / "listed")[2] == ""


def test_train_evaluate_and_route(jsonl, settings, tmp_path):
    folder = tmp_path / "my router"
    assert invoke("train", jsonl, "--out", folder, "--config", settings, "--seed", "3") == ""
    router = Router.from_pretrained(folder)
    assert router.provenance["training"]["seed"] == 3
    assert router.provenance["training"]["epochs"] == 2
    figures = tmp_path / "figures.json"
    text = invoke("evaluate", folder, jsonl, "--out", figures)
    assert "CrossRoute" in text
    report = json.loads(figures.read_text("utf-8"))
    assert report["queries"] == 30
    assert 0 < report["routers"]["CrossRoute"]["aiq"] <= 1
    assert router.route("text").candidate in invoke("route", "text", "--router", folder)


def test_a_router_is_replaced_only_where_that_is_asked_for(jsonl, settings, saved, tmp_path, main):
    own = Path(shutil.copytree(saved, tmp_path / "own"))
    before = (own / "config.json").read_bytes()
    train = ("train", jsonl, "--out", own, "--config", settings)
    code, _, told = main(*train)
    assert code == 1
    assert "already contains a router. Give --out another folder, or --overwrite" in told
    assert (own / "config.json").read_bytes() == before
    assert main(*train, "--overwrite")[0] == 0
    assert (own / "config.json").read_bytes() != before


def test_the_same_seed_gives_the_same_router(jsonl, settings, tmp_path):
    for name in ("one", "other"):
        invoke("train", jsonl, "--out", tmp_path / name, "--config", settings, "--seed", "5")
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "other"))
    assert one == other


def test_training_is_told_of_on_standard_error(jsonl, settings, tmp_path, main):
    code, printed, told = main("train", jsonl, "--out", tmp_path / "it's", "--config", settings)
    assert (code, printed) == (0, "")
    command = re.search(r"Route with: (.*)", told)[1]
    assert shlex.split(command) == ["crossroute", "route", "TEXT", "--router", str(tmp_path / "it's")]


def test_train_goes_on_from_a_router(jsonl, settings, saved, tmp_path, main):
    code, _, told = main("train", jsonl, "--out", tmp_path / "no", "--config", settings, "--from", saved)
    assert code == 1
    assert "hidden 8 (it is 16)" in told
    settings.write_text('{"epochs": 2, "clusters": 4}')
    invoke("train", jsonl, "--out", tmp_path / "router", "--config", settings, "--from", saved)
    begun, router = Router.from_pretrained(saved), Router.from_pretrained(tmp_path / "router")
    assert router.cluster_labels == begun.cluster_labels
    assert router.predictor.network.config == begun.predictor.network.config
    code, _, told = main("train", jsonl, "--out", tmp_path / "new", "--from", saved, "--encoder", "static")
    assert code == 1
    assert "--from or --encoder" in told


def test_a_router_is_not_trained_over_the_one_that_it_goes_on_from(jsonl, saved, main):
    code, _, told = main("train", jsonl, "--out", f"{saved}/", "--from", saved)
    assert code == 1
    assert "Give --out another folder" in told


def test_training_that_is_interrupted_before_it_is_saved_goes_on(
    jsonl, settings, tmp_path, main, monkeypatch
):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Router, "save_pretrained", interrupt)
        assert main("train", jsonl, "--out", tmp_path / "router", "--config", settings)[0] != 0
    assert [path.name for path in (tmp_path / "router").iterdir()] == [STATE]
    assert main("train", jsonl, "--out", tmp_path / "router", "--config", settings)[0] == 0
    assert sorted(path.name for path in (tmp_path / "router").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def test_train_takes_some_candidates_only(jsonl, settings, tmp_path):
    invoke("train", jsonl, "--out", tmp_path / "router", "--config", settings, "--candidates", "large,small")
    assert Router.from_pretrained(tmp_path / "router").pool.names == ("large", "small")


def test_candidates_without_a_price_are_named_and_left_out_on_request(jsonl, settings, tmp_path, main):
    rows = [json.loads(line) for line in jsonl.read_text().splitlines()]
    unpriced = [
        {**row, "candidate": "lab-secret", "cost_usd": None} for row in rows if row["candidate"] == "small"
    ]
    data = tmp_path / "outcomes.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows + unpriced))
    train = ("train", data, "--out", tmp_path / "router", "--config", settings)
    code, _, told = main(*train)
    assert code == 1
    assert "No price is known for 'lab-secret'" in told
    assert "--priced-only" in told
    code, _, told = main(*train, "--priced-only")
    assert code == 0
    assert "Left out, since their price is unknown: lab-secret." in told
    assert Router.from_pretrained(tmp_path / "router").pool.names == ("small", "coder", "large", "free")
    assert '"lab-secret"' not in invoke("data", data, "--priced-only", "--json")


def test_evaluate_plots_and_takes_another_split(jsonl, saved, tmp_path):
    pytest.importorskip("matplotlib", reason="the plots extra is not installed")
    plot, figures = tmp_path / "curves.png", tmp_path / "figures.json"
    invoke("evaluate", saved, jsonl, "--split", "validation", "--plot", plot, "--out", figures)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert json.loads(figures.read_text("utf-8"))["queries"] == 30


def test_evaluate_looks_at_answers_and_writes_a_page(jsonl, saved, tmp_path):
    told = tmp_path / "told.jsonl"
    rows = [json.loads(line) for line in jsonl.read_text("utf-8").splitlines()]
    told.write_text(
        "\n".join(json.dumps(row | {"answer_logprob": -2.5 + 2 * row["quality"]}) for row in rows)
    )
    page, figures = tmp_path / "page.html", tmp_path / "figures.json"
    text = invoke("evaluate", saved, told, "--cascade", "--report", page, "--out", figures)
    assert "CrossRoute, 2" in text
    found = json.loads(figures.read_text("utf-8"))
    assert set(found["cascades"]) == {"CrossRoute, 1 call", "CrossRoute, 2 calls", "classical cascade"}
    assert {point["calls"] for point in found["cascades"]["CrossRoute, 1 call"]["points"]} == {1}
    assert found["cascades"]["classical cascade"]["points"][-1]["quality"] > 0.9
    assert "Worst regrets" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("route", " "), "The query is empty"),
        (("route", "text", "--candidates", "gpt-9"), "Unknown candidate 'gpt-9'"),
        (("route", "text", "--willingness-to-pay", "0"), "willingness_to_pay must be a positive number"),
        (("route", "text", "--willingness-to-pay", "1", "--cost-preference", "1"), "not both"),
        (("route", "text", "--router", "nowhere"), "There is no router 'nowhere'"),
        (("prices", "crossroute.toml"), "A pool's file is given as --config, or to from_config."),
        (("candidates", "nowhere"), "There is no router 'nowhere'"),
        (("candidates", "--search", "gpt-99"), "'gpt-99' names no one model"),
        (("prices", "--set", "gpt-5=1/2"), "name the router"),
        (("prices", "routerbench", "--set", "gpt-5"), "Expected NAME=IN/OUT"),
        (("prices", "routerbench", "--set", "gpt-9=1/2"), "Unknown candidate 'gpt-9'"),
        (("prices", "routerbench", "--set", "gpt-4-1106-preview=1.2.3/4"), "Expected NAME=IN/OUT"),
        (("candidates", "routerbench", "--search", "gpt-5-mini"), "Unknown candidate 'gpt-5-mini'. The pool"),
        (("route", "text", "--candidates", ","), "Expected names, a,b,c, got ','"),
        (("profile", "my-model", "--price=-1/2"), "--price must be input/output in USD"),
        (("data", "nowhere.jsonl"), "nowhere.jsonl does not exist"),
        (("evaluate", "routerbench", "routerbench"), "routerbench does not exist"),
        (("train", "nowhere.jsonl", "--out", "folder"), "nowhere.jsonl does not exist"),
        (
            ("train", "nowhere.jsonl", "--out", "folder", "--config", "nowhere.json"),
            "the settings nowhere.json",
        ),
        (("demo", "--plot", "nowhere/dial.png"), "there is no folder nowhere. Create it first"),
        (("demo", "--plot", "dial.docx"), "Cannot draw dial.docx: expected a name that ends in .png, .svg"),
        (("evaluate", "routerbench", "x.jsonl", "--out", "."), "it is a folder. Give the name of a file"),
        (
            ("evaluate", "routerbench", "x.jsonl", "--report", "nowhere/page.html"),
            "there is no folder nowhere",
        ),
        (("train", "x.jsonl", "--out", f"{__file__}/router"), "test_cli.py is a file. Choose a folder"),
        (("prices", "routerbench", "--out", __file__), "test_cli.py is a file. Choose a folder"),
    ],
)
def test_errors_are_told_on_standard_error_with_exit_code_1(arguments, says, saved, main):
    if arguments[0] == "route" and "--router" not in arguments:
        arguments = (*arguments, "--router", saved)
    code, printed, told = main(*arguments)
    assert (code, printed) == (1, "")
    assert told.startswith("Error: ")
    assert says in told


@pytest.mark.parametrize("rows", ["", "\n\n"])
def test_a_file_without_an_outcome_is_refused(rows, tmp_path, main):
    path = tmp_path / "outcomes.jsonl"
    path.write_text(rows)
    assert main("data", path)[2].endswith(
        "contains no outcomes. Expected rows of text, candidate and quality.\n"
    )


def test_a_router_in_the_place_of_outcomes_is_told(jsonl, saved, main):
    code, _, told = main("evaluate", jsonl, saved)
    assert code == 1
    assert "is a router, but outcomes are expected. To evaluate, name the router first" in told


@pytest.mark.parametrize("value", ["7", "-1", "nan", "inf", "cheap", ""])
def test_a_cost_preference_that_is_none_is_told_with_its_meaning(value, main):
    code, _, told = main("route", "text", f"--cost-preference={value}")
    words = " ".join(told.replace("│", " ").split())
    assert code == 2
    assert f"expected a number from 0, quality first, to 1, cheapest; got {value!r}." in words


def test_without_a_command_all_commands_are_shown():
    shown = CliRunner().invoke(cli.app, []).output
    assert all(re.search(rf"^\W+{command} ", shown, re.MULTILINE) for command in COMMANDS)


def test_the_version_is_told(main):
    assert main("--version") == (0, f"crossroute {version('crossroute')}\n", "")


@interruptible
def test_an_interrupted_command_says_so_in_a_word(saved):
    process = spawn("route", "-", "--router", saved)
    process.stdin.write("What is 2 + 2?\n" * 500)
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert (process.returncode, told) == (130, "Interrupted.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("route",),
        ("route", "text", "--cost-preference", "2"),
        ("route", "text", "--colour", "red"),
        ("train", "outcomes.jsonl"),
        ("evaluate", "router", "outcomes.jsonl", "--split", "exam"),
        ("fly",),
    ],
)
def test_wrong_usage_has_exit_code_2(arguments, main):
    code, printed, told = main(*arguments)
    assert (code, printed) == (2, "")
    assert "Usage:" in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not valid JSON"),
        ("[]", "must contain an object of training settings"),
        ('{"epochs": 0}', "epochs: Input should be greater than 0, got 0"),
        ('{"epoch": 3}', "Unknown argument 'epoch'. Did you mean 'epochs'?"),
    ],
)
def test_settings_that_are_none_are_refused_with_the_place(text, says, jsonl, tmp_path, main):
    path = tmp_path / "settings.json"
    path.write_text(text)
    code, _, told = main("train", jsonl, "--out", tmp_path / "router", "--config", path)
    assert code == 1
    assert says in told


def test_an_error_with_brackets_is_told_whole(monkeypatch, saved, main):
    def fail(*_: object) -> None:
        raise ValueError('pip install "crossroute[offline]" [/]')

    monkeypatch.setattr("crossroute.cli.routing.load", fail)
    assert main("route", "text")[2] == 'Error: pip install "crossroute[offline]" [/]\n'


def test_a_bad_row_is_told_by_its_line(tmp_path, main):
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"text": "a", "candidate": "b", "quality": 1}\n{"text": "a", "candidate": "c", "quality": 7}\n'
    )
    code, _, told = main("data", path)
    assert code == 1
    assert "rows.jsonl, line 2" in told


def test_the_defaults_of_training_are_those_of_its_configuration(jsonl, tmp_path, main):
    settings = tmp_path / "settings.json"
    settings.write_text('{"epochs": 1}')
    assert main("train", jsonl, "--out", tmp_path / "router", "--config", settings)[0] == 0
    trained = Router.from_pretrained(tmp_path / "router").provenance["training"]
    assert trained == TrainingConfig(epochs=1).model_dump(mode="json")


POOL = f'router = "universal"\n{MODELS}'


def examples() -> list[str]:
    """The example of each command's help, as it stands on a terminal of 80 columns."""
    found = []
    for command in COMMANDS:
        text = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "80"}).stdout
        found += re.findall(r"^ *Example: (crossroute .*?) *$", text, re.MULTILINE)
    return found


def test_the_help_of_each_command_has_an_example_on_one_line():
    assert [shlex.split(example)[1] for example in examples()] == list(COMMANDS)
    assert all(len(shlex.split(example)) > 2 for example in examples())


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ASKING])
def test_the_examples_work_when_pasted(command, jsonl, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(jsonl, "outcomes.jsonl")
    Path("prompts.csv").write_text("prompt\nHow high is Mont Blanc?\nWho wrote Faust?\n", "utf-8")
    Path("crossroute.toml").write_text(POOL, "utf-8")
    if command == "evaluate":
        shutil.copytree(saved, "my-router")
    (example,) = [words for words in map(shlex.split, examples()) if words[1] == command]
    done = CliRunner().invoke(cli.app, example[1:])
    assert done.exit_code == 0, done.output


def test_every_command_is_documented():
    click = typer.main.get_command(cli.app)
    assert set(click.commands) == {*COMMANDS, *GROUPS}
    every = [
        *click.commands.values(),
        *(each for group in GROUPS for each in click.commands[group].commands.values()),
    ]
    for command in every:
        assert command.help
        assert all(parameter.help for parameter in command.params)


def test_runs_as_a_module_from_another_folder(saved, tmp_path):
    process = spawn("route", "-", "--router", saved, cwd=tmp_path)
    printed, told = process.communicate("What is 2 + 2?\nTell me a story.\n", timeout=120)
    assert (process.returncode, told) == (0, "")
    assert len(printed.splitlines()) == 2
    process = spawn("route", " ", "--router", saved, cwd=tmp_path)
    printed, told = process.communicate(timeout=120)
    assert (process.returncode, printed) == (1, "")
    assert told == "Error: The query is empty: there is no text to route on.\n"


def test_a_reader_that_has_read_enough_ends_it_quietly(saved, tmp_path):
    lines = tmp_path / "lines"
    lines.write_text("".join(f"What is {number} plus 2?\n" for number in range(2_000)))
    with lines.open() as stdin:
        process = spawn("route", "-", "--router", saved, stdin=stdin)
        assert process.stdout.readline().strip() in ("small", "coder", "large", "free")
        process.stdout.close()
        told = process.stderr.read()
        process.stderr.close()
    assert process.wait(timeout=120) == 1
    assert told == ""


@interruptible
def test_interrupted_training_keeps_the_best_so_far_and_the_same_command_goes_on(jsonl, tmp_path):
    folder, settings = tmp_path / "router", tmp_path / "settings.json"
    settings.write_text(json.dumps({**QUICK, "epochs": 10**6, "patience": 10**6}))

    def epochs() -> int:
        with safe_open(folder / STATE, framework="np") as state:
            return json.loads(state.metadata()["state"])["epoch"]

    reached = 0
    for _ in range(2):
        process = spawn("train", jsonl, "--out", folder, "--config", settings)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not ((folder / STATE).exists() and epochs() > reached):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
        assert "Saved to" in told
        assert epochs() > reached
        reached = epochs()
        assert Router.from_pretrained(folder).route("text").candidate in ("small", "coder", "large", "free")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors", STATE]


def test_the_bundled_router_is_the_default():
    assert Decision.model_validate_json(invoke("route", "What is 17 * 23?", "--json"))
    assert "gpt" in invoke("candidates").lower()


def test_a_command_imports_no_other():
    route = "app(['route', 'Hi'], standalone_mode=False)"
    code = f"import sys; from crossroute.cli import app; {route}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name for name in done.stdout.splitlines()[-1].split() if name.startswith("crossroute.cli.")}
    names = ("completing", "console", "outputs", "routing", "shared")
    assert loaded == {f"crossroute.cli.{name}" for name in names}
