"""Profile models without recorded outcomes, from graded queries (bundled or your own) or published scores."""
