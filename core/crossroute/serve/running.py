"""Running: uvicorn over the application, in one process or several."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from crossroute.config import read_config
from crossroute.errors import ConfigError, one_line
from crossroute.serve.app import CONFIG, WORKERS
from crossroute.serve.guard import LOOPBACK
from crossroute.serve.heads import LimitedHead
from crossroute.serve.keys import Keys
from crossroute.serve.metrics import TOGETHER
from crossroute.serve.service import FOLDER, Service
from crossroute.serve.settings import ServerSettings, read_settings

APP = "crossroute.serve.app:app_of_environment"
BACKLOG = 2048


def run(path: Path, given: Mapping[str, Any]) -> None:
    """Serve a pool's file until stopped.

    Args:
        path: The file.
        given: Values that replace the file's: host, port, workers.
    """
    settings = check_settings(path, given)
    check_address(settings.host, settings.port)
    os.environ[CONFIG], os.environ[WORKERS] = str(path.resolve()), str(settings.workers)
    with TemporaryDirectory(prefix="crossroute-") as folder:
        if settings.workers > 1:
            os.environ[FOLDER] = folder
            os.environ.setdefault(TOGETHER, folder)
        _listen(settings)


def check_settings(path: Path, given: Mapping[str, Any]) -> ServerSettings:
    """Return the settings of a server after creating the service once, so that only one process reports an error.

    Args:
        path: The pool's file.
        given: Values that replace the file's.

    Raises:
        ConfigError: The file is invalid, or the server would be open to anyone.
    """
    config = read_config(path)
    settings = read_settings(config, path)
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    Service(config, settings)
    if settings.host not in LOOPBACK and not len(Keys(settings.keys_file)):
        raise ConfigError(
            f"The server would answer anyone at {settings.host}: {settings.keys_file} holds no keys. Add one with "
            f"`crossroute keys add NAME --config {path}`, or listen on 127.0.0.1."
        )
    return settings


def check_address(host: str, port: int) -> None:
    """Check that the server can listen at an address, before any process is started.

    Raises:
        ConfigError: Another process listens there, or the host is not of this machine.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
    except OSError as error:
        raise ConfigError(
            f"Cannot listen at {host}, port {port} ({error.strerror or one_line(error)}). Choose another with --host "
            "or --port, or stop what listens there."
        ) from None


def _listen(settings: ServerSettings) -> None:
    uvicorn.run(
        APP,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        timeout_graceful_shutdown=int(settings.drain_s),
        backlog=BACKLOG,
        http=LimitedHead,
        ws="none",
        server_header=False,
        access_log=False,
        log_level="info",
    )
