"""crossroute data, crossroute train."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossroute.cli import completing
from crossroute.cli.console import answer, note
from crossroute.cli.logs import find_log, parse_place, prove_floor_on_log, train_log
from crossroute.cli.outputs import check_new_folder, check_output_folder
from crossroute.cli.shared import (
    AsJson,
    Columns,
    Names,
    Overwrite,
    PricedOnly,
    RouterArgument,
    Texts,
    load,
    make_progress_bar,
    read,
    read_settings,
)
from crossroute.errors.names import describe_unknown_argument

if TYPE_CHECKING:
    from crossroute.data.outcomes import Outcomes
    from crossroute.routing.router import Router
    from crossroute.training import Choice, Epoch

NOTHING = "nothing"
"""Value of `--from` to train a new router."""


def data(
    path: Annotated[
        Path, typer.Argument(help="A table, a folder, RouterBench's .pkl, or an evaluation log.")
    ],
    as_json: AsJson = False,
    priced_only: PricedOnly = False,
    columns: Columns = None,
    texts: Texts = None,
) -> None:
    """Check and summarize a file of outcomes."""
    from crossroute.data.summary import summarize

    summary = summarize(read([path], None, priced_only, columns=columns, texts=texts))
    answer(as_json, summary, summary)


def train(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA...",
            parser=parse_place,
            help="Files of outcomes, which are trained on together; or a single traffic log.",
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out", callback=check_output_folder, help="Folder to write the router to; not needed for a log."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            autocompletion=completing.complete_router,
            help="Router to continue training: a bundled name, a folder or a hub id; `nothing` trains a new one. The "
            "default is nothing, or, with few queries, the start that is best in cross-validation.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="static, minilm, sentence-transformers:NAME ...")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="JSON file of training settings.")] = None,
    margin: Annotated[
        float, typer.Option(help="For a log: accepted loss of mean reward by the new router.", min=0, max=1)
    ] = 0.0,
    overwrite: Overwrite = False,
    candidates: Names = None,
    priced_only: PricedOnly = False,
    columns: Columns = None,
    texts: Texts = None,
    as_json: AsJson = False,
) -> None:
    """Train a router; after an interruption the best so far is kept, and the same command resumes."""
    if (log := find_log(paths)) is not None:
        train_log(log, start, folder, margin, as_json)
        return
    if folder is None:
        raise typer.BadParameter("Give the folder to write the router to.", param_hint="--out")
    from crossroute.routing.storage import locate
    from crossroute.training import FEW, TrainingConfig, fit

    chooses = not (start or encoder or config)
    start = None if start == NOTHING else start
    if start and encoder:
        raise ValueError("Give --from or --encoder, not both: a trained router keeps its encoder.")
    if start and locate(start).resolve() == folder.resolve():
        raise ValueError(
            f"--from and --out are both {folder}: after an interruption, training could not resume from the original "
            "router. Give --out another folder."
        )
    check_new_folder(folder, overwrite)
    given = {"seed": seed, "encoder": encoder}
    given = {name: value for name, value in given.items() if value is not None}
    defaults = TrainingConfig.tuning() if start else TrainingConfig()
    stated = read_settings(config)
    if unknown := sorted(stated.keys() - TrainingConfig.model_fields.keys()):
        raise ValueError(f"{config}: {describe_unknown_argument(unknown[0], TrainingConfig.model_fields)}")
    chosen = TrainingConfig.model_validate(defaults.model_dump(exclude_unset=True) | stated | given)
    begun = load(start) if start else None
    outcomes = read(paths, candidates, priced_only, begun, columns=columns, texts=texts)
    if chooses and 0 < sum(split != "test" for split in outcomes.splits) <= FEW:
        choice = _train_on_few(outcomes, folder, seed or 0)
        _print_saved(folder, choice.way, choice.standings, outcomes, as_json)
        return
    with make_progress_bar() as progress:
        encoded = sum(split != "test" for split in outcomes.splits)
        encoding = progress.add_task("encoding", total=encoded)
        training = progress.add_task("training", total=chosen.epochs)

        def on_epoch(epoch: Epoch) -> None:
            progress.update(
                training, completed=epoch.epoch, description=f"validation AIQ {epoch.best_aiq:.4f}"
            )

        fit(
            outcomes,
            chosen,
            start=begun,
            state_folder=folder,
            on_encoded=lambda count: progress.advance(encoding, count),
            on_epoch=on_epoch,
            on_trained=lambda router: router.save_pretrained(folder),
        )
    _print_saved(folder, f"from {start or NOTHING}", {}, outcomes, as_json)


def _train_on_few(outcomes: Outcomes, folder: Path, seed: int) -> Choice:
    """Train on few outcomes by the best of several ways, and return the choice with its comparison."""
    from crossroute.routing.router import WIDEST_ROUTER
    from crossroute.training import fit_few

    known = load(WIDEST_ROUTER)
    with make_progress_bar() as progress:
        task = progress.add_task("cross-validating", total=None)
        choice = fit_few(
            outcomes,
            known,
            seed=seed,
            on_fit=lambda done, total: progress.update(task, completed=done, total=total),
        )
    choice.router.save_pretrained(folder)
    note(str(choice))
    return choice


def _print_saved(
    folder: Path, way: str, standings: Mapping[str, object], outcomes: Outcomes, as_json: bool
) -> None:
    """Print how the router was trained, the comparison of the ways, and the outcomes."""
    from crossroute.routing.storage import bundled_routers

    # a bundled name refers to the bundled router
    name = f"./{folder}" if str(folder) in bundled_routers() else str(folder)
    saved = f"Saved to {folder}. Route with: crossroute route 'TEXT' --router {shlex.quote(name)}"
    told = {"router": folder, "way": way, "standings": standings, "candidates": outcomes.pool.names}
    answer(as_json, told | {"queries": sum(split != "test" for split in outcomes.splits)})
    note(saved)


def floor(
    router: RouterArgument,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="OUTCOMES...",
            parser=parse_place,
            help="Outcomes of typical queries that the router was not trained on; or a single traffic log.",
        ),
    ],
    folder: Annotated[
        Path, typer.Option("--out", callback=check_output_folder, help="Folder to write the router to.")
    ],
    drop: Annotated[
        float, typer.Option(min=0, max=1, help="Mean quality is at most this much under the reference.")
    ] = 0.02,
    against: Annotated[str, typer.Option(help="The reference: a candidate, or best.")] = "best",
    confidence: Annotated[float, typer.Option(min=0, max=1, help="Confidence of the promise.")] = 0.9,
    max_calls: Annotated[int, typer.Option(min=1, help="Maximum calls per query (escalation).")] = 1,
    by_task: Annotated[
        bool, typer.Option("--by-task", help="The promise holds for each task separately.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Prove a quality floor on outcomes: find the cheapest dial that keeps a promise, and save both with the router."""
    from crossroute.routing.storage import locate

    if locate(router).resolve() != folder.resolve():  # saving into the router's own folder adds the promise
        check_new_folder(folder, overwrite)
    loaded, log = load(router), find_log(paths)
    asked: dict[str, Any] = {"drop": drop, "against": against, "confidence": confidence}
    if log is not None:
        promised = prove_floor_on_log(loaded, log, asked)
    else:
        asked |= {"max_calls": max_calls, "groups": "task" if by_task else None}
        outcomes = read(paths, None, router=loaded)
        promised = _restrict_to_observed(loaded, outcomes).with_floor(outcomes, **asked)
    promised.save_pretrained(folder)
    promise = promised.floor.promise if promised.floor else None
    answer(
        as_json,
        {"router": folder, "promise": promise},
        f"{folder} promises {promise}.",
        f"It holds at a willingness to pay of ${promise.willingness_to_pay if promise else 0:.4g} and above.",
    )


def _restrict_to_observed(router: Router, outcomes: Outcomes) -> Router:
    """Return a router over its candidates with outcomes; print a note if others are left out."""
    from crossroute.candidate import Pool
    from crossroute.catalogue import find_same_model
    from crossroute.routing.members import over_pool
    from crossroute.tables import list_names

    meant = {each.name: find_same_model(router.pool, each) for each in outcomes.pool}
    held = {own.name for own in meant.values() if own}
    if not held or held == set(router.pool.names):
        return router
    known = [each for each in outcomes.pool if meant[each.name]]
    note(
        f"The promise covers the candidates with outcomes, {list_names(each.name for each in known)}; the saved router "
        f"does not contain the {len(router.pool) - len(held)} others."
    )
    return over_pool(router, Pool(known))
