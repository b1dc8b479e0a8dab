"""Text in, a decision out: the predictor, the policy and the router, saved and loaded."""
