"""Budget: a limit in USD on the cost of calls in a period, for all calls or for those of a key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from typing_extensions import Self

HOURS = 24
EVERY = "*"
"""At the end of a key, marks a prefix; each key with the prefix has a separate account."""

REDIS = ("redis", "rediss", "unix")
"""URL schemes of Redis."""


class Period(NamedTuple):
    """A period of a budget.

    Attributes:
        begin: Seconds since 1970; 0 for per="total".
        end: Seconds since 1970; infinite for per="total".
    """

    begin: float
    end: float


class Budget(BaseModel):
    """A limit in USD on the cost of calls in a period.

    Spending is counted per key and period in a store that all processes of a user share.

    Attributes:
        usd: Limit of each period.
        per: "day" or "month" of the calendar, "total" for one period without end, or a timedelta counted from 1970.
        key: None counts all calls; otherwise only those with this key (`budget_keys` of the call, or a LangChain tag).
            "user:*" gives each key that begins with "user:" a separate account.
        pace: Adjust the willingness to pay so that the money lasts for the period and is used up at its end.
        then: When the money is spent: "cheapest" continues with the cheapest candidate, beyond the budget; "refuse"
            raises BudgetSpentError, which states the end of the period.
        shape: Distribution of calls over the day, if known: one weight per hour, from `day_shape`.
        zone: Time zone of days and months, such as "Europe/Berlin".
        state: Where spending is stored: a SQLite file, by default one of the user's; or a Redis, "redis://...".
        name: Distinguishes budgets of the same key and period.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd: float = Field(gt=0, allow_inf_nan=False)
    per: Literal["day", "month", "total"] | timedelta = "day"
    key: str | None = Field(default=None, min_length=1)
    pace: bool = False
    then: Literal["cheapest", "refuse"] = "cheapest"
    shape: tuple[Annotated[float, Field(ge=0)], ...] | None = Field(
        default=None, min_length=HOURS, max_length=HOURS
    )
    zone: str = "UTC"
    state: str | Path | None = Field(default=None, repr=False)
    name: str = ""

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"unknown time zone {zone!r}; expected one such as 'UTC' or 'Europe/Berlin'"
            ) from error
        return zone

    @field_validator("state")
    @classmethod
    def _file_or_redis(cls, state: str | Path | None) -> str | Path | None:
        scheme, sign, _ = str(state).partition("://")
        if sign and scheme not in REDIS:
            raise ValueError(
                f"spending is kept in a SQLite file or a Redis; expected a path or redis://host:6379/0, got {scheme}://..."
            )
        return state

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        if isinstance(self.per, timedelta) and self.per <= timedelta(0):
            raise ValueError(f"per must be a period above 0, got {self.per!r}")
        if self.pace and self.per == "total":
            raise ValueError("pace=True needs a period to spread the money over; per='total' has no end")
        if self.shape is not None and not sum(self.shape):
            raise ValueError("shape must give some hour a weight")
        return self

    def accounts(self, keys: Iterable[str]) -> list[str]:
        """Return the accounts to which a call with the given keys is charged."""
        if self.key is None:
            return [f"{self.name}|{self._span}|"]
        if self.key.endswith(EVERY):
            found = sorted({key for key in keys if key.startswith(self.key[:-1])})
        else:
            found = [self.key] if self.key in keys else []
        return [f"{self.name}|{self._span}|{key}" for key in found]

    def period(self, now: float) -> Period:
        """Return the period that contains a time.

        Args:
            now: Seconds since 1970.
        """
        if self.per == "total":
            return Period(0.0, float("inf"))
        if isinstance(self.per, timedelta):
            length = self.per.total_seconds()
            begin = now // length * length
            return Period(begin, begin + length)
        today = datetime.fromtimestamp(now, ZoneInfo(self.zone)).date()
        first = today if self.per == "day" else today.replace(day=1)
        later = first + timedelta(days=1 if self.per == "day" else 31)
        return Period(
            self._midnight(first), self._midnight(later if self.per == "day" else later.replace(day=1))
        )

    def elapsed(self, now: float) -> float:
        """Return the share of the period's calls that is expected before a time in it, in [0, 1]."""
        begin, end = self.period(now)
        if self.shape is None:
            return (now - begin) / (end - begin)
        return self._weight(begin, now) / self._weight(begin, end)

    def __str__(self) -> str:
        per = {"day": " a day", "month": " a month", "total": ""}.get(str(self.per), f" every {self.per}")
        named = f" ({self.name})" if self.name else ""
        return f"${self.usd:g}{per}{f' for {self.key}' if self.key else ''}{named}"

    @property
    def _span(self) -> str:
        seconds = self.per.total_seconds() if isinstance(self.per, timedelta) else None
        return f"{seconds:g}s" if seconds else f"{self.per}@{self.zone}"

    def _midnight(self, day: date) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).timestamp()

    def _weight(self, begin: float, end: float) -> float:
        """Return the total weight of the hours between two times, seconds since 1970."""
        shape = self.shape or (1.0,) * HOURS
        days, rest = divmod(end - begin, HOURS * 3600)
        total = days * sum(shape) * 3600
        moment, last = end - rest, end
        while moment < last:
            local = datetime.fromtimestamp(moment, ZoneInfo(self.zone))
            until = min(last, moment + 3600 - (local.minute * 60 + local.second + local.microsecond / 1e6))
            until = max(until, moment + 1e-3)
            total += shape[local.hour] * (until - moment)
            moment = until
        return total


def day_shape(times: Iterable[datetime | float], zone: str = "UTC") -> tuple[float, ...]:
    """Return the share of calls in each hour of the day, from the times of logged calls.

    Each hour gets half a call in addition (additive smoothing).

    Args:
        times: Times of calls: datetimes with a time zone, or seconds since 1970.
        zone: Time zone of the hours.

    >>> shape = day_shape([0.0, 60.0, 3600.0 * 12])
    >>> round(shape[0] / shape[12], 2), len(shape)
    (1.67, 24)
    """
    counts = [0.5] * HOURS
    for moment in times:
        seconds = moment.timestamp() if isinstance(moment, datetime) else moment
        counts[datetime.fromtimestamp(seconds, ZoneInfo(zone)).hour] += 1
    return tuple(count / sum(counts) for count in counts)
