"""Running: uvicorn over the application, in one process or several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn

from crossroute.config import read_config
from crossroute.serve.app import CONFIG
from crossroute.serve.service import Service
from crossroute.serve.settings import server_settings

APP = "crossroute.serve.app:app_of_environment"
BACKLOG = 2048


def run(path: Path, given: Mapping[str, Any]) -> None:
    """Serve a pool's file until it is stopped.

    Args:
        path: The file.
        given: What is stated in place of the file's: host, port, workers.
    """
    config = read_config(path)
    settings = server_settings(config, path)
    settings = settings.model_validate(dict(settings) | {k: v for k, v in given.items() if v is not None})
    Service(config, settings)  # what is wrong is told here, once, and not by each process
    os.environ[CONFIG] = str(path.resolve())
    uvicorn.run(
        APP,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        timeout_graceful_shutdown=int(settings.drain_s),
        backlog=BACKLOG,
        limit_concurrency=settings.most_streams,
        h11_max_incomplete_event_size=65_536,
        server_header=False,
        access_log=False,
        log_level="info",
    )
