"""Evaluate routers on outcomes: reports as tables, plots and an HTML page."""

from crossroute.evaluation.comparison import compare, evaluate
from crossroute.evaluation.report import Report

__all__ = ["Report", "compare", "evaluate"]
