"""Recorded outcomes: storage, merging, prices and summary of the quality and cost of each candidate on each query."""
