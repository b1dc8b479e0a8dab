"""Write core/crossroute/catalogue/catalogue.json: the facts of catalogue.txt, with prices and counts of outcomes.

    python benchmarks/build_catalogue.py [--check]

Prices come from the installed genai-prices; outcomes are counted in the folder of `CROSSROUTE_DATA`. `--check` writes
nothing and fails if the file is out of date.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from datetime import date
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import catalogue_facts as facts
import pyarrow.parquet as pq
from genai_prices.data import providers
from genai_prices.types import TimeOfDateConstraint
from published_scores import SCORES, SEEN, WRITES_LIKE
from sets import DATA

import crossroute.catalogue
from crossroute.catalogue import Catalogue, Entry
from crossroute.catalogue.spelling import make_key

FILE = Path(crossroute.catalogue.__file__).with_name("catalogue.json")
ABILITIES = {"t": "tools", "s": "structured_output", "v": "vision", "a": "audio", "f": "files"}
PACKAGE = f"genai-prices {version('genai-prices')}"

AS_OF = date(2026, 12, 1)
"""Day whose prices are listed: some of genai-prices change on a later day. Raise it to build the catalogue anew."""


def build() -> dict[str, Any]:
    """Return the content of the file."""
    stated = Path(__file__).with_name("catalogue.txt").read_text("utf-8").splitlines()
    lines = [line for line in stated if line and not line.startswith("#")]
    entries = [make_entry(*(column.strip() for column in f"{line} |".split("|")[:7])) for line in lines]
    entries.sort(key=lambda entry: entry["name"])
    add_batches(entries)
    return {
        "candidates": entries,
        "price_lists": {PACKAGE: find_check_date(), facts.UNVERIFIED: facts.UNVERIFIED_AS_OF},
        "refused": facts.REFUSED,
        "left_out": facts.LEFT_OUT,
    }


def add_batches(entries: list[dict[str, Any]]) -> None:
    """Add OpenRouter's batch prices, for the models that have them."""
    known = Catalogue(map(Entry.model_validate, entries), facts.REFUSED)
    by_name = {row["name"]: row for row in entries}
    for model in next(p for p in providers if p.id == "openrouter").models:
        found = known.find(model.id.removesuffix(":batch")) if model.id.endswith(":batch") else None
        if found:
            charged = find_price(f"=openrouter/{model.id}") or {}
            price = {field: charged[field] for field in ("input", "output")} | {"source": PACKAGE}
            by_name[found.entry.name].setdefault("variants", {})[model.id] = {"price": price}


def make_entry(  # noqa: PLR0917
    name: str, maker: str, price: str, context: str, abilities: str, spellings: str, outcomes: str
) -> dict[str, Any]:
    """Return the row of a candidate."""
    spelled: dict[str, list[str]] = {}
    for outcome in filter(None, map(str.strip, outcomes.split(";"))):
        data_set, spelling = outcome.split("=", 1)
        spelled.setdefault(facts.DATA_SETS[data_set], []).append(spelling)
    row = {
        "name": name,
        "maker": maker,
        "open_weights": "w" in abilities,
        "price": find_price(price),
        "context_window": find_window(context, price),
        "capabilities": sorted(ABILITIES[letter] for letter in abilities if letter in ABILITIES),
        "aliases": sorted({*spellings.split()} - {name}),
        "variants": {
            spelling: ({"effort": effort} if effort else {}) | ({"price": find_price(cost)} if cost else {})
            for spelling, (effort, cost) in facts.VARIANTS.get(name, {}).items()
        },
        "recorded_as": spelled,
        "sources": {data_set: count_queries(data_set, names) for data_set, names in spelled.items()},
        **find_published(name),
    }
    stated = {field: value for field, value in row.items() if value not in (None, [], {}, False)}
    return stated | describe_reasoning(name, [name, *spellings.split()], "w" in abilities)


def describe_reasoning(name: str, ids: list[str], is_open: bool) -> dict[str, Any]:
    """Return whether a candidate reasons, and its reasoning efforts."""
    known = read_reasoning().get(name)
    if known is None:
        return {}
    kind, untold = known
    row: dict[str, Any] = {"reasoning": kind} | (
        {"thinks_untold": True} if untold and kind == "optional" else {}
    )
    if kind == "never":
        return row
    levels, usual, source = (
        find_stated_efforts(name) or find_profiled_efforts(ids) or assume_efforts(kind, is_open)
    )
    if source is None:
        return row
    row["efforts"] = [level for level in levels if level != "budgets"]
    if kind == "optional" and name.startswith("claude-") and "none" not in levels:
        # its profile lists efforts, but thinking is switched separately
        row["efforts"].insert(0, "none")
    told = {
        "usual_effort": usual if usual != "medium" else "",
        "budgets": "budgets" in levels,
        "efforts_from": source,
    }
    return row | {field: value for field, value in told.items() if value}


def find_stated_efforts(name: str) -> tuple[list[str], str, str | None] | None:
    """Return the levels, the default one and their source from catalogue_facts.py; None if it has none."""
    for pattern, levels, usual, source in facts.EFFORTS:
        if re.fullmatch(pattern, name):
            return levels.split(), usual, source
    return None


def find_profiled_efforts(ids: list[str]) -> tuple[list[str], str, str | None] | None:
    """Return the same from LangChain's model profiles, with token budgets if Anthropic's model accepts them."""
    for spelling in ids:
        for package, profiles in load_langchain_profiles().items():
            profile = profiles.get(spelling, {})
            if levels := profile.get("reasoning_effort_levels"):
                budgets = ["budgets"] * bool(re.fullmatch(r"claude-(opus-4-[56]|sonnet-4-6)", spelling))
                return [*levels, *budgets], profile.get("reasoning_effort_default", ""), package
    return None


def assume_efforts(kind: str, is_open: bool) -> tuple[list[str], str, str | None]:
    """Return the assumed levels of a model without a source: a switch for open weights that have one, else none."""
    if not is_open:
        return [], "", None
    return (["none", "high"] if kind == "optional" else []), "", "chat template"


@cache
def read_reasoning() -> dict[str, tuple[str, bool]]:
    """Return whether each model of model_facts.csv reasons, and whether it does so by default."""
    with Path(__file__).with_name("model_facts.csv").open() as file:
        return {row["name"]: (row["reasoning"], row["default"] == "yes") for row in csv.DictReader(file)}


@cache
def load_langchain_profiles() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the model profiles of LangChain's packages, which are from models.dev."""
    found = {}
    for package in ("langchain-openai", "langchain-anthropic", "langchain-google-genai"):
        module = import_module(f"{package.replace('-', '_')}.data._profiles")
        found[f"{package} {version(package)}"] = module._PROFILES
    return found


def find_window(stated: str, price: str) -> int | None:
    """Return a context window in tokens: the stated one, else that of genai-prices."""
    if stated != "-":
        return int(stated)
    return find_listed(price).context_window if price.startswith("=") else None


def find_published(name: str) -> dict[str, Any]:
    """Return the published scores of a candidate; empty without any."""
    if name not in SCORES:
        return {}
    percent, source = SCORES[name]
    return {
        "scores": {benchmark: round(score / 100, 4) for benchmark, score in percent.items()},
        "scores_from": f"{source}; read {SEEN}",
        "writes_like": WRITES_LIKE.get(name),
    }


def find_price(stated: str) -> dict[str, Any] | None:
    """Return a price in USD per million tokens, with its source, and its date unless the list has one."""
    if stated == "-":
        return None
    if stated.startswith("="):
        prices = find_standard_price(find_listed(stated))
        found = {
            "input": to_usd(prices.input_mtok),
            "output": to_usd(prices.output_mtok),
            "cached_input": to_usd(prices.cache_read_mtok),
            "source": f"{PACKAGE}: {stated[1:]}{', peak hours' * depends_on_hour(find_listed(stated))}",
        }
        return {field: value for field, value in found.items() if value is not None}
    if sized := re.fullmatch(r"(size|moe):([\d.]+)", stated):
        table = facts.PRICE_BY_SIZE[sized[1]]
        one = next(price for largest, price in table if float(sized[2]) <= largest)
        return {"input": one, "output": one, **facts.PRICE_BY_SIZE_FROM}
    charged, source = stated.split(" ", 1)
    read, written = map(float, charged.split("/"))
    source, day = source.rsplit(", ", 1)
    dated = {} if source == facts.UNVERIFIED else {"as_of": day}
    return {"input": read, "output": written, "source": source} | dated


def list_publishers() -> dict[str, list[str]]:
    """Return the publishers of scores of each model without outcomes, as used by priors.py."""
    from priors import SETS, read_spellings

    found: dict[str, set[str]] = {}
    for (source, _), (model, _) in read_spellings().items():
        found.setdefault(model, set()).add(source)
    return {name: sorted(where) for name, where in sorted(found.items()) if not where & set(SETS)}


@cache
def find_listed(reference: str) -> Any:
    """Return the entry of genai-prices for `=provider/model`, by its id."""
    provider, _, model = reference.removeprefix("=").partition("/")
    found = [m for p in providers if p.id == provider for m in p.models if m.id == model]
    if len(found) != 1:
        raise SystemExit(f"{PACKAGE} has no {reference!r}.")
    return found[0]


def find_standard_price(model: Any) -> Any:
    """Return the unconditional price on the day `AS_OF`."""
    if not isinstance(model.prices, list):
        return model.prices
    now = [p for p in model.prices if getattr(p.constraint, "start_date", date.min) <= AS_OF]
    return now[-1].prices


def depends_on_hour(model: Any) -> bool:
    """Return whether a price depends on the hour; the last one listed is for peak hours and the highest."""
    several = model.prices if isinstance(model.prices, list) else []
    return any(isinstance(each.constraint, TimeOfDateConstraint) for each in several)


def to_usd(price: Any) -> float | None:
    """Return USD per million tokens: the first tier, if the price depends on the length of the call."""
    return None if price is None else float(getattr(price, "base", price))


@cache
def find_check_date() -> str:
    """Return the latest day, up to `AS_OF`, on which genai-prices verified a price."""
    comments = " ".join(model.price_comments or "" for provider in providers for model in provider.models)
    days: list[str] = re.findall(r"verified on (\d{4}-\d\d-\d\d)", comments)
    return max(day for day in days if day <= AS_OF.isoformat())


def count_queries(data_set: str, names: list[str]) -> int:
    """Return the number of queries of a data set with known quality for a candidate."""
    absent = set(names) - list_recorded(data_set).keys()
    if absent:
        raise SystemExit(f"{data_set} has no outcomes of {sorted(absent)}.")
    return len(set().union(*(list_recorded(data_set)[name] for name in names)))


@cache
def list_recorded(data_set: str) -> dict[str, set[str]]:
    """Return candidate -> ids of the queries with known quality."""
    columns = ["query_id", "candidate", "quality"]
    table = pq.read_table(DATA / data_set / "outcomes.parquet", columns=columns).to_pandas().dropna()
    return {str(name): set(ids) for name, ids in table.groupby("candidate", observed=True)["query_id"]}


def check(catalogue: dict[str, Any]) -> None:
    """Exit with an error if two candidates share a spelling, or if a candidate has a rejected spelling."""
    owner: dict[str, str] = {}
    for row in catalogue["candidates"]:
        for spelling in dict.fromkeys(
            map(make_key, (row["name"], *row.get("aliases", ()), *row.get("variants", ())))
        ):
            if spelling in owner:
                raise SystemExit(f"{spelling!r} is both {owner[spelling]!r} and {row['name']!r}.")
            owner[spelling] = row["name"]
    for row in catalogue["candidates"]:
        if "scores" in row and "sources" in row:
            raise SystemExit(f"{row['name']!r} has outcomes; drop its published scores.")
    absent = (SCORES.keys() | set(WRITES_LIKE.values())) - {row["name"] for row in catalogue["candidates"]}
    if absent:
        raise SystemExit(f"published_scores.py names {sorted(absent)}, which catalogue.txt does not.")
    for spelling in catalogue["refused"]:
        if make_key(spelling) in owner:
            raise SystemExit(f"{spelling!r} is rejected, but is a spelling of {owner[make_key(spelling)]!r}.")


def main() -> None:
    catalogue = build()
    check(catalogue)
    rows = ",\n".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in catalogue["candidates"]
    )
    rest = {field: value for field, value in catalogue.items() if field != "candidates"}
    text = f'{{"candidates": [\n{rows}\n],\n{json.dumps(rest, indent=1, ensure_ascii=False)[1:]}\n'
    scores = json.dumps(list_publishers(), indent=0) + "\n"
    published_file = FILE.with_name("published.json")
    if "--check" in sys.argv:
        if FILE.read_text("utf-8") != text or published_file.read_text("utf-8") != scores:
            raise SystemExit(f"{FILE.name} is out of date; run build_catalogue.py.")
    else:
        FILE.write_text(text, "utf-8")
        published_file.write_text(scores, "utf-8")
    measured = [row for row in catalogue["candidates"] if "sources" in row]
    print(
        f"{len(catalogue['candidates'])} candidates, {len(measured)} with outcomes, {len(SCORES)} with "
        f"published scores, {len(text):,} bytes"
    )


if __name__ == "__main__":
    main()
