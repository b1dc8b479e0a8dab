"""The page at `/`: one file, without anything from elsewhere, and what it asks for."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from base64 import b64encode
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from crossroute.serve.errors import RequestError
from crossroute.serve.refusals import refused
from crossroute.serve.service import Service
from crossroute.serve.wire.formats import CHAT

FILE = Path(__file__).with_name("page.html")
COMMON = {"x-content-type-options": "nosniff", "cache-control": "no-store", "referrer-policy": "no-referrer"}


async def page(_: Request, __: Service) -> Response:
    """Answer with the page, which runs no script but its own."""
    content, policy = _page()
    headers = {**COMMON, "content-security-policy": policy, "x-frame-options": "DENY"}
    return Response(content, media_type="text/html", headers=headers)


async def overview(request: Request, service: Service) -> Response:
    """Answer with what the page shows."""
    try:
        service.guard.admit_admin(request.headers)
    except RequestError as error:
        return refused(error, CHAT, service)
    told = await asyncio.to_thread(service.overview.told)
    return Response(json.dumps(told), media_type="application/json", headers=COMMON)


@lru_cache(1)
def _page() -> tuple[bytes, str]:
    content = FILE.read_bytes()
    [script] = re.findall(rb"<script>(.*?)</script>", content, re.DOTALL)
    digest = b64encode(hashlib.sha256(script).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'; style-src 'unsafe-inline'; connect-src 'self'"
    return content, f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
