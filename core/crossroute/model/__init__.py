"""The prediction model: clusters, profiles, the network, and the conversion of tokens to cost."""
