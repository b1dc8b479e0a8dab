"""Escalation: what an answer shows, what that says about its quality, and whether a further call is worth its cost."""

from crossroute.escalation.settings import Escalation, Judge, Opinion

__all__ = ["Escalation", "Judge", "Opinion"]
