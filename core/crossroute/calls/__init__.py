"""Calls: from a decision to an answer, with failover, cooldowns, escalation and spend; what both guests ask."""
