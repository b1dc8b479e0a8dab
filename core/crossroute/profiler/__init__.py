"""Profiles for models without recorded outcomes: from graded queries of ours or your own, or from published scores."""
