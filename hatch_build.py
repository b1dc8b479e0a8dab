"""What the package index shows: the README with links that work outside the repository, and the project's URLs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^]]*)\]\((?P<target>(?![a-z]+:|#)[^)]+)\)")


class IndexMetadataHook(MetadataHookInterface):
    """Fill in `readme` and `urls` from `tool.hatch.metadata.hooks.custom` in pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the fields that pyproject.toml declares as dynamic."""
        repository = self.config["repository"].rstrip("/")
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": index_page(text, repository, f"v{metadata['version']}"),
        }
        metadata["urls"] = {"Paper": self.config["paper"], **project_urls(repository)}


def index_page(text: str, repository: str, ref: str) -> str:
    """Return the README with absolute links and images; without a repository, links keep their text alone.

    Args:
        text: The README, whose links are relative to the repository's root.
        repository: Its public address; empty where there is none.
        ref: The tag that the links point to.
    """

    def absolute(link: re.Match[str]) -> str:
        image, words, target = link["image"], link["text"], link["target"]
        if not repository:
            return "" if image else words
        return f"{image}[{words}]({repository}/{'raw' if image else 'blob'}/{ref}/{target})"

    return RELATIVE_LINK.sub(absolute, text)


def project_urls(repository: str) -> dict[str, str]:
    """Return the URLs that follow from the repository's address."""
    if not repository:
        return {}
    return {
        "Changelog": f"{repository}/blob/HEAD/CHANGELOG.md",
        "Documentation": f"{repository}/blob/HEAD/docs/index.md",
        "Issues": f"{repository}/issues",
        "Repository": repository,
    }
