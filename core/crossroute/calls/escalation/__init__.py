"""Escalation: call a further candidate where an answer is doubtful, and return the answer most likely right."""
