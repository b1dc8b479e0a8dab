"""Calls: from a decision to an answer, with failover, escalation and a ledger; used by every integration."""
