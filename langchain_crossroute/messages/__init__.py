"""Messages: what LangChain's messages say, as facts for the core, and what is written on them."""
