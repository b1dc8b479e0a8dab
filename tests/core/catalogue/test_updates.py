"""Updates: beside the package, shown, undone; releases that were altered are refused."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from crossroute import Candidate, DataError, Price, Router
from crossroute.catalogue import Catalogue, Entry, find_evidence
from crossroute.catalogue.layers import FOLDER, Layer, add_layer, read_layers, undo_layer
from crossroute.catalogue.updates import Release, find_stale_prices, list_changes, read_update
from crossroute.cli import app
from crossroute.profiler.scores import profile_from_scores

PRICES = [
    {
        "id": "openai",
        "models": [
            {"id": "gpt-5.5", "prices": {"input_mtok": 4, "output_mtok": {"base": 20, "tiers": []}}},
            {"id": "gpt-5.4", "prices": [{"prices": {"input_mtok": 2.5, "output_mtok": 15}}]},
        ],
    }
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "updates"))
    Catalogue.bundled.cache_clear()
    yield tmp_path / "updates"
    monkeypatch.undo()
    Catalogue.bundled.cache_clear()


def applied(path):
    layer = read_update(path)
    found = list_changes(layer)
    add_layer(layer)
    Catalogue.bundled.cache_clear()
    return found


def written(path, held):
    path.write_text(held if isinstance(held, str) else json.dumps(held), "utf-8")
    return path


def test_prices_are_taken_over_shown_and_undone(tmp_path):
    before = Catalogue.bundled()["gpt-5.5"].price
    (change,) = applied(written(tmp_path / "prices.json", PRICES))
    assert (change.model, change.fact) == ("gpt-5.5", "price")
    assert change.before.startswith("5/30")
    assert change.after.startswith("4/20 (prices.json: openai/gpt-5.5, ")
    price = Catalogue.bundled()["gpt-5.5"].price
    assert (price.input, price.output, price.as_of) == (4, 20, date.today())
    assert Router.from_pretrained("universal").pool["gpt-5.5"].price == price
    assert undo_layer() == "prices.json"
    Catalogue.bundled.cache_clear()
    assert Catalogue.bundled()["gpt-5.5"].price == before
    assert undo_layer() is None


def test_scores_are_taken_over_with_their_source(tmp_path):
    table = "model,benchmark,score,source,date\nopenai:gpt-6-sol,gpqa,91.5,a card,2026-11-01\n"
    applied(written(tmp_path / "scores.csv", table))
    entry = Catalogue.bundled()["gpt-6-sol"]
    assert (entry.scores, entry.scores_from) == ({"gpqa": 0.915}, "a card; read 2026-11-01")


def test_listed_scores_move_no_prediction_and_are_not_said_to(tmp_path, capsys):
    before = Router.from_pretrained("universal")
    name = next(one.name for one in before.pool if find_evidence(one) == "prior")
    path = written(tmp_path / "scores.csv", f"model,benchmark,score\n{name},gpqa,0.9\n")
    app(["catalogue", "update", str(path)], standalone_mode=False)
    assert "predictions do not change until you make a profile" in " ".join(capsys.readouterr().err.split())
    after = Router.from_pretrained("universal")
    assert (after.predict(["Hi there"]).quality == before.predict(["Hi there"]).quality).all()
    assert find_evidence(after.pool[name]) == "prior"
    app(["candidates", "universal", "--search", name, "--json"], standalone_mode=False)
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["evidence"], row["scores"]) == ("prior", {"gpqa": 0.9})
    rough = profile_from_scores(before, "mine", {"mmlu_pro": 0.8}, Price(input=1, output=2))
    assert find_evidence(rough) == "published scores"


def test_a_release_brings_a_model_that_routes(tmp_path):
    router = Router.from_pretrained("universal")
    profile = router.pool["gpt-5.5"].profile
    price = Price(input=1, output=2, source="its maker", as_of=date(2026, 11, 28))
    entry = Entry(name="brand-new-1", maker="acme", price=price)
    release = Release(
        made_on=date(2026, 11, 28), source="us", entries=(entry,), profiles={"brand-new-1": profile}
    )
    path = tmp_path / "release.json"
    path.write_bytes(release.signed().written())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_update(path, digest).entries == (entry,)
    assert {change.fact for change in applied(path)} >= {"price", "profile"}
    again = Router.from_pretrained("universal")
    assert isinstance(again.pool["brand-new-1"], Candidate)
    assert again.subset(["brand-new-1"]).route("Hi").candidate == "brand-new-1"


def test_what_was_altered_is_refused(tmp_path):
    release = Release(
        made_on=date(2026, 11, 28), source="us", entries=(Entry(name="x-1", maker="acme"),)
    ).signed()
    path = tmp_path / "release.json"
    path.write_bytes(release.written().replace(b"acme", b"evil"))
    with pytest.raises(DataError, match="was altered"):
        read_update(path)
    path.write_bytes(release.written())
    with pytest.raises(DataError, match="is not the file with the SHA-256 00"):
        read_update(path, "00")


def test_an_older_price_does_not_replace_a_newer_one(tmp_path):
    known = Catalogue.bundled()["gpt-5.5"]
    old = known.model_copy(update={"price": Price(input=9, output=9, source="old", as_of=date(2020, 1, 1))})
    path = tmp_path / "release.json"
    path.write_bytes(Release(made_on=date(2026, 11, 28), source="us", entries=(old,)).signed().written())
    assert read_update(path).entries == ()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", "{", "is not valid JSON"),
        ("a.json", "{}", "is no release"),
        ("a.csv", "model,score\n", "lacks the column 'benchmark'"),
        (
            "a.csv",
            "model,benchmark,score\ngpt-6-sol,gpqa,1\nnobody,gpqa,1\n",
            "a.csv:3: 'nobody' names no one model",
        ),
        ("a.csv", "model,benchmark,score\n,gpqa,1\n", "a.csv:2: '' names no one model"),
        ("a.csv", "model,benchmark,score\ngpt-6-sol,gpqa,much\n", r"a.csv:2: expected a score in \[0, 1\]"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, name, content, told):
    with pytest.raises(DataError, match=told):
        read_update(written(tmp_path / name, content))


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"a\.csv is not UTF-8 text"):
        read_update(tmp_path / "a.csv")


def test_a_broken_update_names_its_file_and_the_remedy(folder):
    folder.mkdir()
    (folder / "0001.json").write_text("{")
    with pytest.raises(DataError, match=r"0001\.json is no update .* crossroute catalogue undo"):
        read_layers()


def test_stale_facts_are_told():
    entries = [
        Entry(name=name, maker="m", price=Price(input=1, output=1, as_of=day))
        for name, day in (("old", date(2026, 1, 1)), ("new", date(2026, 11, 1)))
    ]
    assert [name for name, _ in find_stale_prices(entries, date(2026, 11, 28))] == ["old"]


def test_the_command_updates_and_undoes(tmp_path, folder):
    from typer.testing import CliRunner

    run = CliRunner().invoke
    path = written(tmp_path / "prices.json", PRICES)
    told = run(app, ["catalogue", "update", str(path), "--dry-run"])
    assert "gpt-5.5: price 5/30" in told.output
    assert not folder.exists()
    assert run(app, ["catalogue", "update", str(path)]).exit_code == 0
    assert [each.name for each in folder.iterdir()] == ["0001.json"]
    assert "1 models from prices.json" in run(app, ["catalogue", "show"]).output
    assert run(app, ["catalogue", "undo"]).exit_code == 0
    assert not list(folder.iterdir())


def test_updates_that_are_added_at_once_are_all_kept():
    layers = [Layer(source=f"s{number}", made_on=date(2026, 11, 28), entries=()) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(add_layer, layers))
    assert len(set(paths)) == 16
    assert {layer.source for layer in read_layers()} == {layer.source for layer in layers}
