"""What is read of texts: normalized, the question apart from its context, a conversation by its next call."""
