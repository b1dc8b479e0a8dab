"""crossroute profile."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from crossroute.cli.console import answer, note
from crossroute.cli.outputs import check_output_folder
from crossroute.cli.shared import GOES_ON, AsJson, make_progress_bar, split_names

if TYPE_CHECKING:
    from crossroute.candidate import Candidate, Price
    from crossroute.profiler.answerers import Answerer
    from crossroute.profiler.cards import Card
    from crossroute.profiler.questions import GradedQuery
    from crossroute.profiler.run import Progress
    from crossroute.profiler.settings import ProfilingSettings


def profile(
    model: Annotated[
        str,
        typer.Argument(help="A model as for init_chat_model (openai:gpt-5-mini), or any name with --object."),
    ],
    place: Annotated[
        str | None,
        typer.Option("--object", help="module:name of a callable, a chat model or an LLM, to call instead."),
    ] = None,
    price: Annotated[str | None, typer.Option(help="USD per million tokens, input/output: 0.25/2.")] = None,
    queries: Annotated[Path | None, typer.Option(help="JSONL of your own graded queries.")] = None,
    grader: Annotated[
        str | None, typer.Option(help="module:function that grades answers to your queries.")
    ] = None,
    from_scores: Annotated[
        str | None, typer.Option(help="Use published scores instead of calls: mmlu_pro=0.81,gpqa=0.7.")
    ] = None,
    max_cost: Annotated[float | None, typer.Option(help="Spending limit in USD, above 0.")] = None,
    requests_per_minute: Annotated[
        float | None, typer.Option(help="Maximum calls per minute, above 0.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=256, help="Concurrent calls; 8 by default.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", callback=check_output_folder, help="Folder of profiles.")
    ] = None,
    router: Annotated[
        str | None,
        typer.Option(
            "--router",
            help="Router for --from-scores: a bundled name, a folder or a hub id; by default universal.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model to add it to a router; after an interruption the same command resumes."""
    from crossroute.profiler.cards import write_card
    from crossroute.profiler.settings import ProfilingSettings

    candidate = _make_candidate(model, price)
    if from_scores is not None:
        card = _profile_from_scores(candidate, from_scores, router)
    else:
        given = {"concurrency": concurrency, "requests_per_minute": requests_per_minute, "max_cost": max_cost}
        chosen = {name: value for name, value in given.items() if value is not None}
        asked = _read_queries(queries, grader)
        card = _measure(candidate, place, asked, queries, ProfilingSettings.model_validate(chosen), folder)
    path = write_card(card, folder)
    answer(as_json, card, card)
    note(f"Stored in {path}. {_suggest_next_step(card, folder, router)}")


def _suggest_next_step(card: Card, folder: Path | None, router: str | None) -> str:
    """Return the command that routes among the profiled models, or among them and the router's own candidates."""
    from crossroute.profiler.cards import profiled_names, profiles_folder

    beside = f" --router {shlex.quote(router)}" if router else ""
    place = shlex.quote(str(folder or profiles_folder()))
    count = len(profiled_names(folder))
    first = "Profile another model, then route" if count == 1 and not card.scores else "Route"
    return f"{first} with: crossroute route 'What is 17 * 23?'{beside} --profiles {place}"


def _make_candidate(model: str, price: str | None) -> Candidate:
    """Return a candidate with its stated price, or the catalogue's."""
    from crossroute.candidate import Candidate
    from crossroute.catalogue import Catalogue, look_up_price
    from crossroute.data.prices import look_up_listed_price

    found = Catalogue.bundled().find(model)
    known = found.entry.candidate if found else None
    listed = look_up_price(model)
    paid = (
        _parse_price(price)
        if price is not None
        else listed or look_up_listed_price(model.partition(":")[2] or model)
    )
    if paid is None:
        raise ValueError(
            f"No price is known for {model!r}. State it: --price 0.25/2, or 0/0 if calls are free."
        )
    return Candidate(
        name=model,
        price=paid,
        context_window=known.context_window if known else None,
        capabilities=known.capabilities if known else frozenset(),
    )


def _parse_price(text: str) -> Price:
    from crossroute.candidate import Price

    try:
        read, written = map(float, text.split("/"))
        return Price(input=read, output=written, source="stated by the user")
    except ValueError:  # pydantic's is one
        raise ValueError(
            f"--price must be input/output in USD per million tokens (0.25/2), got {text!r}."
        ) from None


def _profile_from_scores(candidate: Candidate, listed: str, router: str | None) -> Card:
    from crossroute.profiler.cards import build_card
    from crossroute.profiler.scores import profile_from_scores
    from crossroute.routing.router import WIDEST_ROUTER, Router

    scores: dict[str, float] = {}
    for part in split_names(listed):
        name, _, value = part.partition("=")
        try:
            scores[name.strip()] = float(value)
        except ValueError:
            raise ValueError(f"--from-scores must be benchmark=score,..., got {part!r}.") from None
    paid = cast("Price", candidate.price)
    # checks them
    profile_from_scores(Router.from_pretrained(router or WIDEST_ROUTER), candidate.name, scores, paid)
    return build_card(candidate, "published scores", ()).model_copy(update={"scores": scores})


def _read_queries(path: Path | None, grader: str | None) -> Sequence[GradedQuery]:
    from crossroute.profiler.own_queries import load_object, read_queries
    from crossroute.profiler.questions import calibration_set

    if path is None and grader is not None:
        raise ValueError("--grader grades answers to your own queries: add --queries FILE.")
    return read_queries(path, load_object(grader) if grader else None) if path else calibration_set()


def _measure(
    candidate: Candidate,
    place: str | None,
    asked: Sequence[GradedQuery],
    source: Path | None,
    settings: ProfilingSettings,
    folder: Path | None,
) -> Card:
    from crossroute.profiler.answers_file import read_rows
    from crossroute.profiler.cards import answers_path, build_card
    from crossroute.profiler.settings import Estimate

    answerer = _make_answerer(candidate.name, place)
    estimate = Estimate.of(asked, cast("Price", candidate.price))
    note(f"{candidate.name}: {estimate}.")
    path = answers_path(candidate.name, folder)
    _ask(candidate, answerer, asked, settings, path)
    return build_card(candidate, source.name if source else "calibration set", read_rows(path))


def _ask(
    candidate: Candidate,
    answerer: Answerer,
    asked: Sequence[GradedQuery],
    settings: ProfilingSettings,
    path: Path,
) -> None:
    from crossroute.calls.failures import shorten_provider_errors
    from crossroute.profiler.api import profile_model

    with make_progress_bar() as progress:
        task = progress.add_task("asking", total=len(asked))

        def on_answer(at: Progress) -> None:
            told = f"quality {at.quality:.2f}, ${at.cost:.4f}"
            progress.update(task, completed=at.answered, description=told)

        with shorten_provider_errors(candidate.name, GOES_ON):
            profile_model(
                answerer,
                name=candidate.name,
                price=cast("Price", candidate.price),
                queries=asked,
                file=path,
                settings=settings,
                on_answer=on_answer,
            )


def _make_answerer(model: str, place: str | None) -> Answerer:
    from crossroute.calls.failures import shorten_provider_errors
    from crossroute.profiler.answerers import adapt_model
    from crossroute.profiler.own_queries import load_object

    given = load_object(place) if place else model
    with shorten_provider_errors(model):
        return adapt_model(given)
