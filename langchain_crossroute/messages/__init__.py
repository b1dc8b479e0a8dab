"""Messages: read LangChain's messages for the core, and attach decisions to them."""
