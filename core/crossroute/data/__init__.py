"""Recorded outcomes: what every candidate of a pool did on every query, its prices and its summary."""
