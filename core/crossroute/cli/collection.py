"""crossroute collect."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TaskID

from crossroute.cli import completing
from crossroute.cli.catalogue import parse_price
from crossroute.cli.collected import build_table, compute_figures
from crossroute.cli.console import answer, note, warn
from crossroute.cli.outputs import check_output_file, keep_inputs
from crossroute.cli.shared import (
    GOES_ON,
    Address,
    AsJson,
    Engine,
    check_one_of_both,
    make_progress_bar,
    on_cluster,
    split_names,
)
from crossroute.errors import CrossRouteError, require_extra
from crossroute.files import is_file

if TYPE_CHECKING:
    from crossroute.candidate import Price
    from crossroute.collection import AskedModel, Collected
    from crossroute.collection.run import Collection
    from crossroute.profiler.run import Progress

PromptsFile = Annotated[
    Path,
    typer.Argument(
        metavar="PROMPTS", help="A table of prompts (.jsonl, .csv, .parquet), or a .txt with one per line."
    ),
]
Spellings = Annotated[
    str | None,
    typer.Option(
        "--candidates",
        autocompletion=completing.complete_candidates,
        help="A list a,b,c of openai:gpt-5-mini, NAME=openai:gpt-5-mini, NAME=http://host/v1, NAME=module:object.",
    ),
]
PoolFile = Annotated[Path | None, typer.Option("--config", help="The models of a crossroute.toml.")]
Prices = Annotated[
    list[str] | None,
    typer.Option("--price", metavar="NAME=IN/OUT", help="USD per million tokens, if it is unknown."),
]
Seconds = Annotated[
    list[str] | None,
    typer.Option("--usd-per-second", metavar="NAME=USD", help="Price of a second, for models paid by time."),
]
TextColumn = Annotated[str | None, typer.Option("--text", help="The column of the prompts.")]


def _check_outcomes_path(path: Path) -> Path:
    """Check that outcomes can be written to a path before the first call, and return it."""
    from crossroute.collection.writing import check_form

    check_form(path)
    if not path.suffix and is_file(path / "outcomes.parquet"):  # a folder of outcomes is replaced
        return path
    check_output_file(path)
    return path


def collect(
    prompts: PromptsFile,
    outcomes: Annotated[
        Path,
        typer.Option("--out", callback=_check_outcomes_path, help="Output file: .parquet, .jsonl or .csv."),
    ],
    candidates: Spellings = None,
    config: PoolFile = None,
    prices: Prices = None,
    seconds: Seconds = None,
    text: TextColumn = None,
    reference: Annotated[str | None, typer.Option(help="The column of the references.")] = None,
    grade: Annotated[
        str | None,
        typer.Option(
            autocompletion=completing.complete_word(*completing.GRADES),
            help="exact, number, choice, contains, json or code (runs the code); by default chosen by the reference.",
        ),
    ] = None,
    grader: Annotated[
        str | None, typer.Option(help="module:function, a grader: (answer, row of the table) -> quality.")
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="A model that grades answers without a reference; spelled like a candidate."),
    ] = None,
    way: Annotated[
        str,
        typer.Option(
            "--judge-by",
            autocompletion=completing.complete_word(*completing.WAYS),
            help="How the judge grades: rubric or pairwise.",
        ),
    ] = "rubric",
    samples: Annotated[
        int, typer.Option("--judge-samples", min=1, max=20, help="Judgements per answer or pair.")
    ] = 1,
    rubric: Annotated[str | None, typer.Option("--rubric", help="The criterion of the judge.")] = None,
    design: Annotated[
        bool, typer.Option("--design", help="Call only the most informative pairs of prompt and candidate.")
    ] = False,
    share: Annotated[float, typer.Option(help="Maximum share of the pairs, with --design.")] = 0.5,
    limit: Annotated[float | None, typer.Option(help="Spending limit in USD, above 0.")] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Print the estimated cost, and call no model.")
    ] = False,
    requests_per_minute: Annotated[
        float | None, typer.Option(help="Maximum calls per minute to one provider.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=256, help="Concurrent calls per candidate; 8 by default.")
    ] = None,
    engine: Engine = "local",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Call candidates with your prompts, grade their answers, and write outcomes to train on.

    After an interruption the same command resumes; no call is paid for twice.
    """
    with require_extra("Collecting", "train"):
        import pyarrow  # noqa: F401

    from crossroute.collection import CollectionSettings, read_prompts
    from crossroute.collection.design import Design
    from crossroute.collection.judging import JudgeSettings
    from crossroute.collection.run import Collection
    from crossroute.profiler.own_queries import load_object

    keep_inputs([outcomes], [prompts, *([config] if config else [])])
    if is_file(outcomes) and not find_answers_folder(outcomes).exists():
        raise ValueError(
            f"{outcomes} exists without the folder of its collected answers, and would be replaced. Name another file."
        )
    clustered = on_cluster(engine, address)
    given = {"limit": limit, "requests_per_minute": requests_per_minute, "concurrency": concurrency}
    stated = dict(map(parse_price, prices or ()))
    models = create_models(candidates, config, stated, seconds)
    collection = Collection(
        read_prompts(prompts, text=text, reference=reference),
        models,
        folder=find_answers_folder(outcomes),
        settings=CollectionSettings(**{name: value for name, value in given.items() if value is not None}),
        grade=grade,
        grader=load_object(grader) if grader else None,
        judge=_create_model(judge, stated, {}) if judge else None,
        judging=JudgeSettings.model_validate(
            {"way": way, "samples": samples} | ({"rubric": rubric} if rubric else {})
        ),
        design=Design(share=share) if design else None,
    )
    _print_estimate(collection, share if design else 1.0)
    if estimate:
        answer(as_json, collection.estimates)
        return
    if not clustered:
        _finish(collection, outcomes, as_json)
        return
    from crossroute.collection.cluster import spread

    with spread(collection, address):
        _finish(collection, outcomes, as_json)


def create_models(
    candidates: str | None,
    config: Path | None,
    prices: Mapping[str, Price],
    seconds: list[str] | None = None,
) -> tuple[AskedModel, ...]:
    """Create the models that the options name."""
    from crossroute.collection.models import create_configured_models

    check_one_of_both(candidates, config)
    if config is not None:
        from crossroute.config import read_config

        return create_configured_models(read_config(config), prices)
    timed = dict(map(_parse_seconds, seconds or ()))
    return tuple(_create_model(spelled, prices, timed) for spelled in split_names(candidates or ""))


def find_answers_folder(outcomes: Path) -> Path:
    """Return the folder with the collected answers of a file of outcomes."""
    return outcomes.with_name(f"{outcomes.stem}.answers")


def _create_model(spelled: str, prices: Mapping[str, Price], seconds: Mapping[str, float]) -> AskedModel:
    from crossroute.collection.models import asked_model

    name = spelled.partition("=")[0]
    try:
        return asked_model(spelled, price=prices.get(name), usd_per_second=seconds.get(name))
    except TypeError as error:  # an object that cannot be called
        raise ValueError(f"{name}: {error}") from error


def _parse_seconds(setting: str) -> tuple[str, float]:
    name, _, usd = setting.rpartition("=")
    try:
        return name, float(usd)
    except ValueError:
        raise ValueError(
            f"Expected --usd-per-second NAME=USD, such as small=0.0001, got {setting!r}."
        ) from None


def _print_estimate(collection: Collection, share: float) -> None:
    least = most = 0.0
    if collection.ungradable:
        warn(
            f"Answers to {collection.ungradable} of {len(collection.prompts)} prompts cannot be graded: give "
            "--reference COLUMN, --grader or --judge, now or in a later run, which does not repeat calls."
        )
    for name, estimate in collection.estimates.items():
        note(f"{name}: {estimate}.")
        least, most = least + share * estimate.least, most + share * estimate.most
    if most:
        about = "" if share == 1 else f" for {share:.0%} of the pairs"
        bound = collection.settings.limit
        limit = f"; it stops at ${bound:.4g}" if bound else ". Set a limit with --limit USD"
        note(f"Total{about}: ${least:.2g} to ${most:.2g}{limit}.")
    _print_accuracy(collection.accuracy())


def _print_accuracy(accuracy: tuple[tuple[float, float], ...]) -> None:
    """Print the accuracy of the design now and after further spending; nothing without a design."""
    if not accuracy:
        return
    (_, now), *more = accuracy
    buys = ", ".join(f"${usd:.2g} more ± {half:.2f}" for usd, half in more)
    told = f"The 95 % interval of a model's quality on a kind of prompt is ± {now:.2f}"
    note(f"{told}; {buys}." if buys else f"{told}.")


def _finish(collection: Collection, path: Path, as_json: bool) -> None:
    from crossroute.collection.writing import write_collected

    collected = _run(collection)
    if not collected.rows and not collected.ungraded:
        raise CrossRouteError(f"No model was called: {collected.stopped or 'there are no prompts'}.")
    if not collected.rows:
        raise CrossRouteError(
            f"None of the {collected.ungraded} answers was graded. They are stored; grade them by adding "
            "--reference, --grader or --judge to the same command."
        )
    write_collected(path, collected)
    figures = compute_figures(collected)
    told = {"outcomes": path, "candidates": figures, "cost": collected.cost, "ungraded": collected.ungraded}
    judged = {"agreement": collected.agreement, "stopped": collected.stopped or None}
    answer(as_json, told | judged, build_table(figures, collected.cost))
    if collected.agreement is not None:
        note(str(collected.agreement))
    if collected.ungraded:
        note(f"{collected.ungraded} answers have no grade, and are not in the outcomes.")
    if collected.stopped:
        note(f"Stopped early: {collected.stopped}.")
    _print_accuracy(collected.accuracy)
    note(f"Wrote {path}. Train with: crossroute train {shlex.quote(str(path))} --out my-router")


def _run(collection: Collection) -> Collected:
    from crossroute.calls.failures import shorten_provider_errors
    from crossroute.profiler.api import run_here

    with make_progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def on_answer(name: str, at: Progress) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=at.wanted)
            told = f"{name}: quality {at.quality:.2f}, ${at.cost:.4f}"
            progress.update(tasks[name], completed=at.answered, total=at.wanted, description=told)

        collection.on_answer = on_answer
        with shorten_provider_errors(then=GOES_ON):
            return run_here(collection.run())
