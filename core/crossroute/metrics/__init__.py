"""Figures of a choice: what a prediction is worth beside what was observed."""
