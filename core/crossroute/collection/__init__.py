"""Collect outcomes: call candidates with a user's prompts, grade the answers, and write them as outcomes."""

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
