"""The guard: identify the key of a request, and check its permissions and rates."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from urllib.parse import urlsplit

from crossroute.calls.hooks import Called
from crossroute.calls.settings import CallSettings
from crossroute.decision import Decision
from crossroute.routing.policy import Constraints
from crossroute.serve.errors import RequestError
from crossroute.serve.keys import Key, Keys
from crossroute.serve.rates import Rates

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
NO_KEY = "-"
"""The caller's name if no keys are required."""

_caller: ContextVar[Key | None] = ContextVar("crossroute_caller", default=None)


def find_caller() -> str:
    """Return the name of the current request's key."""
    key = _caller.get()
    return NO_KEY if key is None else key.name


class Guard:
    """Checks the keys and rates of requests, and observes their calls.

    Args:
        keys: The keys; if there are none, none is required, and the server only accepts local requests.
        rates: Their usage.
        share: This process's share of each key's rates, if processes count separately.
    """

    def __init__(self, keys: Keys, rates: Rates, share: float = 1.0) -> None:
        self.keys, self.rates, self._share = keys, rates, share

    def admit(self, headers: Mapping[str, str]) -> Key | None:
        """Return the key of a request; None if none is required.

        Raises:
            RequestError: The key is missing or unknown, or the request comes from a page of another site.
        """
        _caller.set(None)
        if not len(self.keys):
            self._check_site(headers)
            return None
        scheme, _, told = headers.get("authorization", "").partition(" ")
        secret = told.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        key = self.keys.find(secret) if secret else None
        if key is None:
            what = "is not known" if secret else "is missing"
            raise RequestError(
                f"The key {what}. Send Authorization: Bearer KEY, or x-api-key: KEY.",
                status=401,
                kind="authentication_error",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        _caller.set(key)
        return key

    def admit_admin(self, headers: Mapping[str, str]) -> Key | None:
        """Return the key of a caller that may see all spending.

        Raises:
            RequestError: As for `admit`, or the key may not.
        """
        key = self.admit(headers)
        if key is not None and not key.admin:
            raise RequestError(
                "This key may not see that. Make one with `crossroute keys add NAME --admin`.",
                status=403,
                kind="permission_error",
            )
        return key

    def decided(self, decision: Decision) -> None:
        """Do nothing: the tokens of a call are known when it has ended."""

    def called(self, call: Called) -> None:
        """Count the tokens that a call wrote against its key's rate; those that it read were counted before."""
        key = _caller.get()
        if key is not None and key.tokens_a_minute is not None and call.usage is not None:
            self.rates.settle(f"{key.label}:tokens", call.usage.output_tokens)

    def take_request(self, key: Key | None) -> dict[str, str]:
        """Count a request of a key, and return the headers with the rest of its rate.

        Raises:
            RequestError: Its rate is used up.
        """
        if key is None or key.requests_a_minute is None:
            return {}
        return self._take(key, "requests", 1, key.requests_a_minute)

    def take_tokens(self, key: Key | None, tokens: int) -> dict[str, str]:
        """Count the tokens that a request is expected to read.

        Raises:
            RequestError: The rate is used up.
        """
        if key is None or key.tokens_a_minute is None:
            return {}
        return self._take(key, "tokens", tokens, key.tokens_a_minute)

    def _take(self, key: Key, what: str, amount: int, limit: int) -> dict[str, str]:
        allowed = max(1, int(limit * self._share))
        taken = self.rates.take(f"{key.label}:{what}", amount, allowed)
        told = {f"x-ratelimit-limit-{what}": str(limit), f"x-ratelimit-remaining-{what}": str(taken.left)}
        if taken.wait:
            raise RequestError(
                f"The key {key.name!r} may take {limit:,} {what} a minute, which are used up. "
                f"Wait {taken.wait:.0f} s.",
                status=429,
                kind="rate_limit_error",
                code="rate_limit_exceeded",
                headers=told | {"retry-after": f"{max(1.0, taken.wait):.0f}"},
            )
        return told

    @staticmethod
    def _check_site(headers: Mapping[str, str]) -> None:
        """Refuse requests sent by a browser for a page of another site, even under another name of this machine."""
        origin = headers.get("origin")
        sites = [headers.get("host", "")] + ([urlsplit(origin).netloc] if origin else [])
        for site in sites:
            host = urlsplit(f"//{site}").hostname or ""
            if host not in LOOPBACK:
                raise RequestError(
                    f"Without keys the server answers this machine alone, not {host!r}. "
                    "Add one: `crossroute keys add`.",
                    status=403,
                    kind="permission_error",
                )


def limit_settings(settings: CallSettings, key: Key | None) -> CallSettings:
    """Return how a call of a key is decided: among its models, and on its budget."""
    if key is None:
        return settings
    update: dict[str, object] = {"budget_keys": settings.budget_keys | {key.label}}
    if key.allow is not None:
        own = settings.constraints or Constraints()
        if settings.candidate is not None and settings.candidate not in key.allow:
            raise RequestError(
                f"The key {key.name!r} may not use {settings.candidate!r}. "
                f"It may use {', '.join(sorted(key.allow))}.",
                status=403,
                kind="permission_error",
            )
        allow = key.allow if own.allow is None else key.allow & own.allow
        update["constraints"] = own.model_copy(update={"allow": allow})
    return settings.model_copy(update=update)
