"""Messages: read LlamaIndex's messages and responses for the core, and attach decisions to responses."""
