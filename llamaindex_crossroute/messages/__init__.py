"""Messages: what LlamaIndex's messages and responses say, as facts for the core, and what is written on them."""
