import json
import shlex
import sys
from pathlib import Path

import pytest
import typer

from crossroute import cli
from crossroute.profiler.answers_file import read_rows
from crossroute.profiler.cards import read_card
from crossroute.profiler.questions import calibration_set

MODELS = """
from crossroute.profiler.answerers import Answer
from crossroute.profiler.questions import calibration_set

KEY = {query.text: query for query in calibration_set()}
asked = []

def strong(text):
    asked.append(text)
    return KEY[text].example

async def weak(text):
    return KEY[text].example if KEY[text].level == 1 else "no idea"

def dear(text):
    return Answer(text="42", cost=0.01)

def own(text):
    return "a haiku" if "haiku" in text else "391"

def failing(text):
    raise PermissionError("the key sk-0123456789abcdef is not allowed")

def broken(text):
    raise KeyError("token")

def lines(answer, fields):
    return 1.0 if fields["wanted"] in answer else 0.25

number = 7
"""


@pytest.fixture
def main(monkeypatch, capsys, tmp_path):
    """Run the command line in a folder with models: (exit code, standard output, standard error)."""
    (tmp_path / "mine.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(cli.err, "_width", 1_000)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crossroute", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return exit_.value.code, *capsys.readouterr()

    yield run
    sys.modules.pop("mine", None)


def routed(main, *arguments):
    code, printed, told = main(*arguments, "--json")
    assert code == 0, told
    return json.loads(printed)


def test_two_models_are_profiled_and_routed_between_by_the_printed_command(main, saved):
    weak = ("profile", "lab/weak", "--object", "mine:weak", "--price", "0.1/0.3", "--out", "my profiles")
    code, printed, told = main(*weak, "--router", saved)
    assert code == 0
    assert "0.25" in printed
    assert "260 queries" in told
    assert "Profile another model, then route with" in told
    strong = ("profile", "strong", "--object", "mine:strong", "--price", "2/8", "--out", "my profiles")
    code, printed, told = main(*strong, "--router", saved)
    assert code == 0
    assert "1.00" in printed
    command = shlex.split(told.partition("Route with: ")[2])
    assert command[:2] == ["crossroute", "route"]
    decisions = [routed(main, *command[1:], "--cost-preference", at) for at in (0, 1)]
    assert [decision["candidate"] for decision in decisions] == ["strong", "lab/weak"]
    strong_first = decisions[0]["alternatives"]
    assert strong_first[0]["quality"] > strong_first[1]["quality"] + 0.3
    assert strong_first[0]["cost"] > strong_first[1]["cost"]
    one = routed(main, *command[1:], "--candidates", "lab/weak")
    assert [alternative["candidate"] for alternative in one["alternatives"]] == ["lab/weak"]


def test_without_a_folder_profiles_are_the_users(main, saved):
    assert main("profile", "strong", "--object", "mine:strong", "--price", "0/0")[0] == 0
    decision = routed(main, "route", "What is 2 + 2?", "--router", saved, "--candidates", "strong")
    assert (decision["candidate"], decision["cost"]) == ("strong", 0)
    code, _, told = main("route", "What is 2 + 2?", "--router", saved, "--candidates", "strong,large")
    assert code == 1
    assert "Cannot compare" in told
    assert main("profile", "large", "--object", "mine:weak", "--price", "0/0")[0] == 0
    both = main("route", "What is 2 + 2?", "--router", saved, "--candidates", "large,small")
    assert both[0] == 0
    assert "Your profiles of large are not used" in both[2]
    assert main("route", "What is 2 + 2?", "--router", saved, "--candidates", "large")[2] == ""
    assert main("route", "text", "--router", saved, "--profiles", "none")[2].startswith("Error: There is no")


def test_a_name_given_twice_counts_once(main):
    for name in ("weak", "strong"):
        assert (
            main("profile", name, "--object", f"mine:{name}", "--price", "1/1", "--out", "profiles")[0] == 0
        )
    code, _, told = main(
        "route", "What is 2 + 2?", "--candidates", "weak,strong, weak", "--profiles", "profiles"
    )
    assert (code, told) == (0, "")


def test_the_same_command_again_asks_nothing_again(main):
    import mine

    command = ("profile", "strong", "--object", "mine:strong", "--price", "1/1", "--out", "profiles")
    assert main(*command)[0] == main(*command)[0] == 0
    assert len(mine.asked) == len(calibration_set())


def test_the_spending_limit_stops_the_run_and_a_higher_one_goes_on(main):
    def run(limit):
        command = ("profile", "dear", "--object", "mine:dear", "--price", "1/1", "--out", "profiles")
        return main(*command, "--max-cost", limit, "--concurrency", 1)

    code, _, told = run(0.5)
    assert code == 1
    assert "0.5" in told
    rows = read_rows(Path("profiles/dear.jsonl"))
    assert 40 <= len(rows) <= 50
    assert not Path("profiles/dear.json").exists()
    assert run(5)[0] == 0
    assert read_rows(Path("profiles/dear.jsonl"))[: len(rows)] == rows
    assert read_card("dear", Path("profiles")).cost == pytest.approx(2.6)


def test_own_queries_are_graded_by_their_reference_or_by_a_grader(main):
    asked = [{"text": "What is 17 * 23?", "reference": 391, "task": "sums", "wanted": "391"}]
    asked.append({"text": "Write a haiku.", "reference": "sonnet", "wanted": "sonnet"})
    Path("own.jsonl").write_text("\n".join(map(json.dumps, asked)))
    command = ("profile", "own", "--object", "mine:own", "--price", "1/1", "--queries", "own.jsonl")
    assert main(*command, "--out", "by-reference")[0] == 0
    card = read_card("own", Path("by-reference"))
    assert (card.source, card.quality) == ("own.jsonl", {"own": 0.0, "sums": 1.0})
    assert main(*command, "--grader", "mine:lines", "--out", "by-grader")[0] == 0
    assert read_card("own", Path("by-grader")).quality == {"own": 0.25, "sums": 1.0}
    code, _, told = main("profile", "own", "--object", "mine:own", "--price", "1/1", "--grader", "mine:lines")
    assert code == 1
    assert "--queries FILE" in told


def test_published_scores_make_a_rough_profile_beside_the_routers_own(main):
    scores = "mmlu_pro=0.81,gpqa=0.7"
    command = ("profile", "new", "--price", "1/4", "--from-scores", scores, "--out", "profiles")
    code, printed, told = main(*command)
    assert code == 0
    assert "rough" in printed
    assert "Route with" in told
    decision = routed(
        main, "route", "What is 2 + 2?", "--profiles", "profiles", "--candidates", "new,gpt-4-1106-preview"
    )
    assert {a["candidate"] for a in decision["alternatives"]} == {"new", "gpt-4-1106-preview"}
    for wrong, why in (
        ("mmlu_pro", "must be benchmark=score"),
        ("mmlu_pro=81", "81 % is 0.81"),
        ("x=1", "'x'"),
    ):
        code, _, told = main("profile", "new", "--price", "1/4", "--from-scores", wrong, "--out", "profiles")
        assert code == 1
        assert why in told


def test_what_costs_nothing_needs_no_price(main):
    for name in ("ollama:llama3.1:8b", "ollama:nobody-knows:1b"):
        code, _, told = main("profile", name, "--object", "mine:strong", "--out", "profiles")
        assert code == 0
        assert "at no charge" in told
        card = read_card(name, Path("profiles"))
        assert (card.candidate.price.input, card.candidate.price.output, card.cost) == (0, 0, 0)


def test_a_price_that_is_not_known_or_not_readable_is_asked_for(main):
    code, _, told = main("profile", "nobody-knows", "--object", "mine:strong")
    assert code == 1
    assert "No price is known for 'nobody-knows'. State it: --price 0.25/2" in told
    for wrong in ("1", "1/2/3", "a/b"):
        assert f"got '{wrong}'" in main("profile", "m", "--object", "mine:strong", "--price", wrong)[2]


def test_a_models_own_error_is_told_in_one_line_without_its_secrets(main, monkeypatch):
    import mine

    monkeypatch.setattr("crossroute.profiler.run.wait_random_exponential", lambda **_: lambda state: 0.0)
    code, _, told = main("profile", "m", "--object", "mine:broken", "--price", "1/1")
    assert code == 1
    assert "Error: m: KeyError: 'token'. The answers so far are stored" in told
    assert "Traceback" not in told
    failed = main("profile", "m", "--object", "mine:failing", "--price", "1/1")
    assert failed[0] == 1
    assert "is not allowed" in failed[2]
    assert "0123456789abcdef" not in failed[2]
    for place, why in (
        ("mine:nothing", "has no 'nothing'"),
        ("mine:number", "An object of type int cannot be called as a model"),
    ):
        code, _, told = main("profile", "m", "--object", place, "--price", "1/1")
        assert code == 1
        assert why in told
    assert mine.asked == []


def test_a_model_by_name_without_langchain_tells_the_install_command(main, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("langchain_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "langchain_core", None)
    code, _, told = main("profile", "openai:gpt-5-mini")
    assert code == 1
    assert 'pip install "crossroute[langchain]"' in told


def test_settings_out_of_range_are_refused(main):
    command = ("profile", "strong", "--object", "mine:strong", "--price", "1/1")
    assert main(*command, "--concurrency", 0)[0] == 2
    for option in ("--requests-per-minute", "--max-cost"):
        for value in (0, -1):
            code, _, told = main(*command, option, value)
            assert code == 1
            assert f"{option[2:].replace('-', '_')}: Input should be greater than 0, got {value}" in told
    assert ">=0" not in main("profile", "--help")[1]


def test_the_router_of_a_profile_is_for_published_scores_alone():
    (option,) = [
        each for each in typer.main.get_command(cli.app).commands["profile"].params if each.name == "router"
    ]
    assert "--from-scores" in option.help
    assert option.help.endswith("by default universal.")
