"""Draw ```math blocks as MathML while the site is built: a browser shows it without a script or a font.

A code host shows the same blocks as equations, so that a page reads well in both places.
"""

from __future__ import annotations

from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from pymdownx.superfences import SuperFencesException


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Teach the fences of the site the language `math`."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {}).setdefault("custom_fences", [])
    fences.append({"name": "math", "class": "equation", "format": equation})
    return config


def equation(source: str, _language: str, css_class: str, *_: Any, **__: Any) -> str:
    """Return one LaTeX equation as MathML.

    Raises:
        SuperFencesException: A command of it is not known; it ends the build.
    """
    drawn = convert(source.strip(), display="block")
    if "\\" in drawn:
        raise SuperFencesException(f"latex2mathml does not know a command of the equation {source!r}.")
    return f'<div class="{css_class}">{drawn}</div>'
