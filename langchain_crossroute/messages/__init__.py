"""Messages: LangChain's messages to facts for the core, and decisions onto messages."""
