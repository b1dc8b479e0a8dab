"""A server over a small pool, in a thread of the tests' process: real clients speak to it over HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PRICES = {"small": "0.1/0.2", "coder": "1/2", "large": "10/30"}
CAPABILITIES = ["tools", "structured_output", "vision", "files"]


class Served:
    """Where a server listens, and its service."""

    def __init__(self, port: int, service: Any) -> None:
        self.service = service
        self.url = f"http://127.0.0.1:{port}"

    @property
    def openai(self) -> str:
        """Base URL for OpenAI's clients."""
        return f"{self.url}/v1"


def write_pool(folder: Path, models: dict[str, str], more: str = "") -> Path:
    """Write a pool's file beside a router, with models at addresses: name -> "PREFIX ADDRESS" or "MODEL ADDRESS"."""
    lines = ['router = "router"', more]
    for name, place in models.items():
        prefix, address = place.split()
        model = prefix if ":" in prefix else f"{prefix}:{name}"
        lines += ["[[models]]", f'name = "{name}"', f'model = "{model}"', f'base_url = "{address}"']
        lines += [
            f'price = "{PRICES[name]}"',
            f"capabilities = {CAPABILITIES!r}",
            'api_key_env = "STAND_IN_KEY"',
        ]
    path = folder / "crossroute.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


@contextmanager
def served(path: Path, environment: dict[str, str]) -> Iterator[Served]:
    """Serve a pool's file at a free port for as long as the block lasts."""
    import uvicorn

    from crossroute.serve.app import make_app
    from crossroute.serve.heads import LimitedHead
    from crossroute.serve.service import Service

    service = Service.of(path, environment=environment)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        make_app(service), http=LimitedHead, log_level="error", timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    service.dispatcher.router.route("What is loaded late is loaded now.")
    while not server.started:
        time.sleep(0.005)
    try:
        yield Served(listening.getsockname()[1], service)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
