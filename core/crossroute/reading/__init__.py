"""Reading of texts: normalization, the question without its context, and the next call of a conversation."""
