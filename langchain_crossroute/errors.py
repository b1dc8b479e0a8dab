"""What can go wrong here and not in the core."""

from __future__ import annotations

from crossroute import CrossRouteError


class MissingPackageError(CrossRouteError, ImportError):
    """A feature whose package, or a new enough version of it, is not installed."""

    def __init__(self, feature: str, requirement: str) -> None:
        super().__init__(f"{feature} needs another package. Install it with: pip install {requirement}")
