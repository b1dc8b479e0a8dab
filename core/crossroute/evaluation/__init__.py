"""Evaluation: predictions of routers against outcomes; tables, plots and a page."""

from crossroute.evaluation.comparison import compare, evaluate
from crossroute.evaluation.report import Report

__all__ = ["Report", "compare", "evaluate"]
