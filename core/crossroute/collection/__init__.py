"""Collecting outcomes: candidates are asked a user's prompts, the answers graded, and written as outcomes."""

from crossroute.collection.grading import GRADERS
from crossroute.collection.judging import JudgeSettings
from crossroute.collection.models import AskedModel, asked_model
from crossroute.collection.prompts import Prompt, read_prompts
from crossroute.collection.run import Collected, CollectionSettings, acollect, collect

__all__ = [
    "GRADERS",
    "AskedModel",
    "Collected",
    "CollectionSettings",
    "JudgeSettings",
    "Prompt",
    "acollect",
    "asked_model",
    "collect",
    "read_prompts",
]
