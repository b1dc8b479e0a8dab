"""Escalation: call another candidate if an answer is doubtful, and return the one most likely right."""
