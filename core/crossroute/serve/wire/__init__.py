"""The wire formats of OpenAI and Anthropic, each to and from one neutral form."""
