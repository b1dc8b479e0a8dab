"""Logs of live traffic as input of evaluate, train and floor."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossroute.cli.console import answer, note
from crossroute.cli.shared import load
from crossroute.errors import check_extra
from crossroute.files import is_file

if TYPE_CHECKING:
    from rich.table import Table

    from crossroute.routing.router import Router
    from crossroute.traffic.estimates import Estimate

THIN = "overlap too thin"
"""Beginning of the messages about policies that cannot be estimated."""
SQLITE = b"SQLite format 3\x00"


def check_log(log: str) -> str:
    """Check that the packages for traffic logs are installed, and return the log.

    Raises:
        MissingExtraError: A package is missing.
    """
    check_extra("A traffic log", "traffic", "sqlalchemy")
    return log


def parse_place(text: str) -> Path | str:
    """Parse an argument as a path, or as the URL of a log."""
    return text if "://" in text else Path(text)


def find_log(paths: list[Path]) -> str | None:
    """Return the traffic log among paths of outcomes, or None.

    Raises:
        ValueError: A log is given together with other paths.
    """
    logs = [str(path) for path in paths if isinstance(path, str) or _is_sqlite(path) or _is_missing_log(path)]
    if logs and len(paths) > 1:
        raise ValueError(f"{logs[0]} is a traffic log; give it alone.")
    return check_log(logs[0]) if logs else None


def evaluate_log(router: str, url: str, as_json: bool) -> None:
    """Print the estimated quality and cost of a router on logged traffic, at each cost preference."""
    from crossroute.tables import plain_table
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.logged import read_logged
    from crossroute.traffic.policies import Policy

    logged = read_logged(TrafficLog.existing(url))
    graded = logged.graded
    others = int((logged.quality == logged.quality).sum()) - len(graded)
    left_out = f", without {others:,} whose answers were not sampled at random" if others else ""
    table = plain_table(
        "dial", "quality (doubly robust)", "snips", "direct", "USD a call", "effective decisions",
        caption=f"{len(graded):,} graded decisions{left_out}; 95 % intervals, for the direct method without its bias.",
    )  # fmt: skip
    points = Policy(load(router), graded).curve()
    for point in points:
        if point.quality.thin:
            table.add_row(f"{point.cost_preference:g}", name_missing(point.quality.thin))
            continue
        quality, cost = point.quality, point.cost.doubly_robust
        shown = map(format_quality, (quality.doubly_robust, quality.snips, quality.direct))
        effective = f"{quality.effective:,.0f}"
        table.add_row(f"{point.cost_preference:g}", *shown, format_cost(cost), effective)
    explain_missing_estimates(table, {f"{point.cost_preference:g}": point.quality.thin for point in points})
    answer(as_json, {"decisions": len(graded), "dials": points}, table)


def train_log(url: str, start: str | None, folder: Path | None, margin: float, as_json: bool) -> None:
    """Retrain a router on a log, and adopt the new one only if the lower bound of its gain allows it."""
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.logged import read_logged
    from crossroute.traffic.registry import adopt
    from crossroute.traffic.retraining import learn

    log = TrafficLog.existing(url)
    new, way, verdict = learn(load(start or "universal"), read_logged(log), margin=margin)
    told: dict[str, Any] = {"router": None, "adopted": None, "way": way, "verdict": verdict}
    if new is None:
        answer(as_json, told, f"The current router stays: {verdict.reason}.")
        return
    if folder is not None:
        new.save_pretrained(folder)
    mark = adopt(log, new, verdict.reason)
    told |= {"router": folder, "adopted": mark}
    answer(as_json, told, f"Adopted router {mark}, {way}: {verdict.reason}.")
    note(f"Undo with: crossroute traffic back {url}")


def prove_floor_on_log(router: Router, url: str, promise: dict[str, Any]) -> Router:
    """Return a router with a quality floor proven on a log."""
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.logged import read_logged
    from crossroute.traffic.retraining import prove_floor

    return prove_floor(router, read_logged(TrafficLog.existing(url)), **promise)


def _is_sqlite(path: Path) -> bool:
    if not is_file(path):
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def _is_missing_log(path: Path) -> bool:
    """Return whether a path has the extension of a database."""
    return path.suffix in (".db", ".sqlite", ".sqlite3") and not path.is_dir()


def name_missing(reason: str) -> str:
    """Return what stands in a table in place of an estimate."""
    return THIN if reason.startswith(THIN) else "no grades"


def format_quality(quality: Estimate) -> str:
    """Return an estimated mean quality with its interval, within [0, 1]."""
    value, low, high = (min(max(one, 0.0), 1.0) for one in quality)
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def format_cost(cost: Estimate) -> str:
    """Return an estimated mean cost with its interval, at least $0; a dash if it is unknown."""
    from crossroute.decision import format_usd

    if math.isnan(cost.value):
        return "–"
    value, low, high = (format_usd(max(one, 0.0)) for one in cost)
    return f"{value} ({low} to {high})"


def explain_missing_estimates(table: Table, reasons: dict[str, str | None]) -> None:
    """State in the caption of a table why some of its rows have no estimates."""
    labels: dict[str, list[str]] = {}
    for label, reason in reasons.items():
        if reason:
            labels.setdefault(f"{reason.removeprefix(f'{THIN}: ')}.", []).append(label)
    remedies = {reason.partition(". ")[2] for reason in labels}
    shared = remedies.pop() if len(remedies) == 1 and len(labels) > 1 else ""
    lines = [f"{', '.join(rows)}: {reason.removesuffix(shared).strip()}" for reason, rows in labels.items()]
    table.caption = "\n".join([str(table.caption), *lines, *filter(None, [shared])])
