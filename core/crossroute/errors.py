"""What can go wrong, drawn first.

Bad arguments raise `ValueError` or `TypeError`. Everything below is a failure of the domain; each child
also inherits the builtin that a caller would expect, so `except LookupError` works without knowing us.
"""

from __future__ import annotations


class CrossRouteError(Exception):
    """Base of every error that CrossRoute raises on purpose."""


class UnknownCandidateError(CrossRouteError, LookupError):
    """A name that the pool does not know."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        listed = ", ".join(repr(candidate) for candidate in known)
        super().__init__(
            f"Unknown candidate {name!r}. The pool knows {listed}. "
            "Use one of these, or add it with `router.with_candidates(...)`."
        )


class UnprofiledCandidateError(UnknownCandidateError):
    """A model that a guest was given, and that the router has no profile of."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        listed = ", ".join(repr(candidate) for candidate in known)
        CrossRouteError.__init__(
            self,
            f"The router has no profile of {name!r}; it knows {listed}. Profile it by its outcomes on "
            "some of your queries, router.with_candidates(router.profile(outcomes)), or train a router on "
            "them (`crossroute train`), or name it as `default`, for queries that cannot be routed.",
        )


class NoEligibleCandidateError(CrossRouteError, ValueError):
    """No candidate of the pool satisfies the constraints."""

    def __init__(self, failures: dict[str, str]) -> None:
        self.failures = failures
        listed = "; ".join(f"{name!r}: {reason}" for name, reason in failures.items())
        super().__init__(
            f"No candidate satisfies the constraints. {listed}. Loosen one of these constraints."
        )


class UnroutableError(CrossRouteError, ValueError):
    """A call that holds no text to route on, where no default was named for such calls."""

    def __init__(self) -> None:
        super().__init__(
            "There is no text to route on: the call is empty, or holds images or files alone. "
            "Name one of the models as `default` for such calls."
        )


class CheckpointError(CrossRouteError, ValueError):
    """A saved router that cannot be trusted: missing, truncated, altered, foreign or filled with NaN."""


class DataError(CrossRouteError, ValueError):
    """Outcomes that cannot be read; the message names the file, the line, the value and the remedy."""


class EncoderError(CrossRouteError, ValueError):
    """An encoder that is not there, or that returned something other than finite embeddings."""


class MissingExtraError(CrossRouteError, ImportError):
    """A feature whose optional packages are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs an extra. Install it with: pip install "crossroute[{extra}]"')
