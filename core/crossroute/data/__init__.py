"""Recorded outcomes: the result of every candidate of a pool on every query, its prices and its summary."""
