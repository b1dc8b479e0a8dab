"""The demonstration as a self-contained HTML page with an interactive dial."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np
from rich.table import Table

from crossroute.files import replace_file
from crossroute.query import Query
from crossroute.routing.router import Router
from crossroute.tables import to_html

STEPS = np.linspace(0, 1, 21)
START = 10
"""The step at which the page opens: a cost preference of 0.5."""


def write_page(path: Path, router: Router, queries: Sequence[Query], measured: Table, about: str) -> None:
    """Write the page.

    Args:
        path: The file, replaced if it exists.
        router: The router.
        queries: The queries to route.
        measured: Table of the measured savings on recorded outcomes.
        about: Caption of the table.
    """
    prediction = router.predict(queries)
    best = int(prediction.quality.mean(axis=0).argmax())
    chosen = [
        [
            router.pool.position(each.candidate)
            for each in router.route_many(queries, cost_preference=float(step))
        ]
        for step in STEPS
    ]
    data = {
        "names": router.pool.names,
        "queries": [query.text for query in queries],
        "preferences": STEPS.round(2).tolist(),
        "chosen": chosen,
        "quality": prediction.quality.round(4).tolist(),
        "cost": prediction.cost.tolist(),
        "always": float(prediction.cost[:, best].mean()),
    }
    template = files("crossroute.cli").joinpath("demo.html").read_text("utf-8")
    page = Template(template).substitute(
        count=len(queries),
        about=escape(f"{len(queries)} queries, routed among {', '.join(router.pool.names)}. Move the dial."),
        last=len(STEPS) - 1,
        start=START,
        best=escape(router.pool.names[best]),
        best_quality=f"{prediction.quality[:, best].mean():.3f}",
        measured_about=escape(about),
        measured=to_html(measured),
        data=json.dumps(data).replace("<", "\\u003c"),  # a query must not end the script element
    )
    replace_file(path, page.encode())
