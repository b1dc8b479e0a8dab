"""Escalation: evidence about an answer, its P(right), and whether another call is worth its cost."""

from crossroute.escalation.settings import Escalation, Judge, Opinion

__all__ = ["Escalation", "Judge", "Opinion"]
