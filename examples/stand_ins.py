"""Three stand-ins for models behind a local server that speaks OpenAI's API: to try CrossRoute without a key.

    python examples/stand_ins.py 9001

They know how hard each prompt of `examples/prompts.jsonl` is. "nano" answers the easy ones, "midi" half of the rest
too, "maxi" nearly all; they take longer, and would cost more, in that order.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHANCES = {"nano": (0.95, 0.1), "midi": (0.97, 0.55), "maxi": (0.98, 0.95)}
"""Model -> chance of a right answer to an easy and to a hard prompt."""

TOKENS = {"nano": 10, "midi": 20, "maxi": 40}
PROMPTS = Path(__file__).with_name("prompts.jsonl")


def known() -> dict[str, tuple[str, bool]]:
    """Return prompt -> its right answer, and whether it is hard."""
    lines = map(json.loads, PROMPTS.read_text("utf-8").splitlines())
    return {line["prompt"]: (line["answer"], line["task"] == "hard") for line in lines}


def answer(model: str, prompt: str, right: str, hard: bool) -> str:
    """Return the right answer, or another, by a draw that is the same each time."""
    drawn = int.from_bytes(hashlib.sha256(f"{model} {prompt}".encode()).digest()[:4], "big") / 2**32
    return right if drawn < CHANCES[model][hard] else "I do not know."


class StandIns(BaseHTTPRequestHandler):
    """Answers POST /v1/chat/completions."""

    prompts = known()

    def do_POST(self) -> None:
        """Answer as the model that is asked for."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = str(body["messages"][-1]["content"])
        right, hard = self.prompts.get(prompt, ("I do not know.", True))
        said = answer(body["model"], prompt, right, hard)
        time.sleep(TOKENS[body["model"]] / 10_000)
        self._send(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": said},
                    }
                ],
                "usage": {
                    "prompt_tokens": len(prompt) // 4,
                    "completion_tokens": TOKENS[body["model"]],
                    "total_tokens": len(prompt) // 4 + TOKENS[body["model"]],
                },
            }
        )

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""

    def _send(self, said: dict[str, Any]) -> None:
        content = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), StandIns).serve_forever()
