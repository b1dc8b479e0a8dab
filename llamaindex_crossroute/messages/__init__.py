"""Messages: LlamaIndex's messages and responses to facts for the core, and decisions onto responses."""
