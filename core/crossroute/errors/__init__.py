"""The errors and warnings of the package.

Bad arguments raise `ValueError` or `TypeError`. The errors below are failures of the domain; each also inherits the
builtin that a caller would expect, so that `except LookupError` works without importing this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.util import find_spec
from shlex import quote
from typing import Any

from crossroute.errors.names import list_names, suggest_remedy

WINDOW = "context window"
"""First words of the reason that excludes a candidate with too small a context window."""


class CrossRouteError(Exception):
    """Base of every error that CrossRoute raises on purpose; copies and pickles keep its attributes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


class UnknownCandidateError(CrossRouteError, LookupError):
    """A name that the pool does not know."""

    def __init__(self, name: str, known: tuple[str, ...], reason: str | None = None) -> None:
        super().__init__(
            f"Unknown candidate {name!r}{_because(reason)}. The pool knows {list_names(name, known)}. "
            f"{suggest_remedy(name, known, reason)}"
        )


class UnprofiledCandidateError(UnknownCandidateError):
    """A model that the router has no profile of."""

    def __init__(self, name: str, known: tuple[str, ...], reason: str | None = None) -> None:
        CrossRouteError.__init__(
            self,
            f"The router has no profile of {name!r}{_because(reason)}; it knows {list_names(name, known)}. If it is "
            "one that it knows, under another name such as a deployment's, give it by name: {'gpt-5-mini': ...}. "
            f"Or profile it (`crossroute profile {quote(name)}`), or by its outcomes on some of your queries, "
            "router.with_candidates(router.profile(outcomes)), or train a router on them "
            "(`crossroute train`), or name it as `default`, for queries that cannot be routed.",
        )


class UnknownModelError(UnknownCandidateError):
    """A name that means no one model of the catalogue."""

    def __init__(self, name: str, nearest: tuple[str, ...], reason: str | None = None) -> None:
        self.nearest = nearest
        CrossRouteError.__init__(
            self,
            f"{name!r} names no one model of the catalogue{_because(reason)}. "
            + (f"The nearest are {', '.join(map(repr, nearest))}. " if nearest else "")
            + f"Use a name that `crossroute candidates` lists, or profile it: `crossroute profile {quote(name)}`.",
        )


class EffortError(CrossRouteError, ValueError):
    """An effort that a model does not take."""

    def __init__(self, model: str, told: str, taken: tuple[str, ...]) -> None:
        said = f"{model!r} takes no effort {told!r}"
        remedy = f"It takes {', '.join(taken)}." if taken else f"It takes none at all; name it {model!r}."
        super().__init__(f"{said}. {remedy}")


class NoEligibleCandidateError(CrossRouteError, ValueError):
    """No candidate of the pool satisfies the constraints."""

    def __init__(self, failures: dict[str, str]) -> None:
        self.failures = failures
        listed = "; ".join(f"{name!r}: {reason}" for name, reason in failures.items())
        shorten = " shorten the call," if any("context window" in one for one in failures.values()) else ""
        super().__init__(
            f"No candidate satisfies the constraints. {listed}. "
            f"Loosen one of these constraints,{shorten} or add a model."
        )

    @property
    def too_long(self) -> bool:
        """Whether the call is too long for every candidate that could take it otherwise."""
        return any(reason.startswith(WINDOW) for reason in self.failures.values())


class UnroutableError(CrossRouteError, ValueError):
    """A call without text to route on, where there is no default model for such calls."""

    def __init__(self) -> None:
        super().__init__(
            "There is no text to route on: the call is empty, or holds images or files alone. "
            "Name one of the models as `default` for such calls."
        )


class BrokenStreamError(CrossRouteError, ConnectionError):
    """A stream that ended before its answer was complete, or without any chunk."""

    def __init__(self, candidate: str, then: str = "Ask again, or use what came.") -> None:
        super().__init__(
            f"The stream of {candidate!r} ended without a finish reason: the answer is cut. {then}"
        )


class FilteredAnswerError(CrossRouteError, ValueError):
    """An answer that a provider's content filter withheld, where other models may answer (`past_filters`)."""

    def __init__(self, candidate: str) -> None:
        super().__init__(
            f"The content filter of {candidate!r} left nothing of its answer. Ask in other words, or add a model "
            "whose filter differs."
        )
        self.candidate = candidate


class NoAnswerError(CrossRouteError, ValueError):
    """An answer without content and finish reason, or with one that means failure."""

    def __init__(
        self, candidate: str, lack: str = "answered with nothing to read, and did not say why it ended"
    ) -> None:
        super().__init__(f"{candidate!r} {lack}. Ask again, or add a model.")
        self.candidate = candidate


class UnableError(CrossRouteError, NotImplementedError):
    """A model that does not support an argument of the call; another model is called."""

    def __init__(self, model: str, argument: str) -> None:
        super().__init__(
            f"{model!r} cannot do what {argument!r} asks for. Leave it out, or name a model that can as `candidate`."
        )


class DroppedArgumentWarning(UserWarning):
    """An argument of the call that the chosen model does not have, and that was left out."""

    def __init__(self, model: str, argument: str) -> None:
        super().__init__(f"{model!r} has no argument {argument!r}: it is left out of calls to this model.")


class CheckpointError(CrossRouteError, ValueError):
    """A saved router that cannot be trusted: missing, truncated, altered, foreign or filled with NaN."""


class DataError(CrossRouteError, ValueError):
    """Outcomes that cannot be read; the message names the file, the line, the value and the remedy."""


class DataWarning(UserWarning):
    """An unexpected treatment of outcomes: rows averaged, a column ignored."""


class ConfigError(CrossRouteError, ValueError):
    """A `crossroute.toml` that cannot be read; the message names the file, the line, the value and the remedy."""


class TrafficError(CrossRouteError, ValueError):
    """A traffic log that is missing, of another version, or lacks the requested data."""


class EncoderError(CrossRouteError, ValueError):
    """An encoder that is missing, or that returned something other than finite embeddings."""


class FloorError(CrossRouteError, ValueError):
    """A quality floor that is not proved, or no longer; the message says what would prove it."""


class BudgetSpentError(CrossRouteError, ValueError):
    """A budget that a call would exceed, and that refuses such calls.

    Attributes:
        budget: In words.
        until: The end of its period, in seconds since 1970; None where there is none.
    """

    def __init__(self, budget: str, left: float, until: float | None) -> None:
        self.budget, self.until = budget, until
        again = "It does not come again: raise it."
        if until is not None:
            moment = datetime.fromtimestamp(until, timezone.utc).isoformat(timespec="seconds")
            again = f"Money comes again at {moment}; until then raise it, or let calls go to the cheapest candidate."
        super().__init__(
            f"The budget of {budget} has ${max(left, 0):.4g} left, which does not pay for this call. {again}"
        )


class BudgetStateError(CrossRouteError, OSError):
    """The state of budgets cannot be read or written: no call is made that could not be counted."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            f"Budgets cannot keep what calls take in {place}: {why}. Mend that, or name another as their `state`."
        )
        self.place, self.why = place, why


class SpendingLimitError(CrossRouteError, RuntimeError):
    """Profiling reached its spending limit; the answers so far are kept."""

    def __init__(self, name: str, cost: float, limit: float, answered: int, wanted: int) -> None:
        super().__init__(
            f"Profiling {name!r} stopped at its spending limit of ${limit:.4g}: {answered} of {wanted} queries are "
            f"answered, for ${cost:.4g}. The same run with a greater limit (--max-cost) goes on from there."
        )


class MissingExtraError(CrossRouteError, ImportError):
    """A feature whose optional packages are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs an extra. Install it with: pip install "crossroute[{extra}]"')


@contextmanager
def require_extra(feature: str, extra: str) -> Iterator[None]:
    """Name the extra to install where an import within the block fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(feature, extra) from error


def check_extra(feature: str, extra: str, *packages: str) -> None:
    """Check that packages can be imported, without doing so: that may take seconds.

    Raises:
        MissingExtraError: One is not installed.
    """
    if None in map(find_spec, packages):
        raise MissingExtraError(feature, extra)


def one_line(error: BaseException) -> str:
    """Return another library's message as a clause of ours: on one line, without its full stop."""
    return " ".join(str(error).split()).rstrip(".")


def _restore(kind: type[CrossRouteError], args: tuple[Any, ...], state: dict[str, Any]) -> CrossRouteError:
    """Return an error with its message, without what made the message."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""
