"""A pool as a file, `crossroute.toml`: both integrations, the command line and a server read it."""

from crossroute.config.entries import Deployment, ModelEntry
from crossroute.config.pool import PoolConfig
from crossroute.config.reading import read_config

__all__ = ["Deployment", "ModelEntry", "PoolConfig", "read_config"]
