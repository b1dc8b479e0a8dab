"""Start the processes for the benchmarks of the server: the stand-in for a provider, and the server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from echo_server import MODELS


class Server(NamedTuple):
    """A process that listens."""

    url: str
    process: subprocess.Popen[bytes]


def find_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def list_children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


@asynccontextmanager
async def start(command: list[str], port: int, path: str, **environment: str) -> AsyncIterator[Server]:
    """Run a server within the block."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as session:
            for _ in range(3000):
                try:
                    async with session.get(url + path) as response:
                        if response.status < 500:
                            break
                except aiohttp.ClientError:
                    if process.poll() is not None:
                        raise RuntimeError(f"{command[:3]} ended with {process.returncode}") from None
                    await asyncio.sleep(0.2)
        yield Server(url, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def make_body(text: str, model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


async def read_answer(session: aiohttp.ClientSession, url: str, asked: dict[str, Any]) -> str:
    async with session.post(f"{url}/v1/chat/completions", json=asked) as response:
        said = await response.json()
        if response.status != 200:
            raise RuntimeError(f"status {response.status}")
        return str(said["choices"][0]["message"]["content"])


@asynccontextmanager
async def start_echo() -> AsyncIterator[Server]:
    """Run the stand-in for a provider within the block."""
    port, folder = find_free_port(), str(Path(__file__).parent)
    words = ["echo_server:app", "--app-dir", folder, "--port", str(port), "--log-level", "error"]
    async with start([sys.executable, "-m", "uvicorn", *words], port, "/") as upstream:
        yield upstream


def write_config(
    folder: Path, upstream: str, port: int, *, workers: int = 1, server: str = "", path: str = "v1"
) -> list[str]:
    """Write a crossroute.toml, and return the command that serves it."""
    lines = ["[server]", f'keys_file = "{folder}/none.json"', server]
    for name in MODELS:
        lines += [
            "[[models]]",
            f'name = "{name}"',
            f'model = "openai:{name}"',
            f'base_url = "{upstream}/{path}"',
        ]
    (folder / f"{port}.toml").write_text("\n".join(lines), "utf-8")
    words = ["serve", f"{folder}/{port}.toml", "--port", str(port), "--workers", str(workers)]
    return [sys.executable, "-m", "crossroute", *words]
