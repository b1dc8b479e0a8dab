"""Draw charts as HTML and SVG: lines, areas and dots on two axes, with a legend and values on hovering.

A chart scales with its page. The SVG uses thousandths of the plot as units, with strokes of constant width; text and
dots are HTML positioned in per cent, so that they keep their size. Text and grid use the page's colours, light or dark.
`chart.js` adds hovering and hides series; without it the chart is complete but static.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from crossroute.numeric import Floats

WIDTH, HEIGHT = 556, 420
"""Size in pixels of the narrowest plot that shows labels next to dots (page.html)."""
LETTER, LINE = 6.6, 15
"""Width of a letter, at most, and height of a line of a label, in pixels."""
MOST_TICKS = 6
"""Most labels of an axis on a page of 360 pixels."""


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis.

    Attributes:
        title: Its title.
        low: Its lower end.
        high: Its upper end.
        ticks: Values with a label.
        log: Whether it is logarithmic.
        form: Format specification of the labels.
    """

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False
    form: str = "g"

    @classmethod
    def logarithmic(cls, title: str, values: Floats) -> Axis:
        """Return an axis over positive values, with labels at 1, 2 and 5 times the powers of ten."""
        low, high = float(values.min()) / 1.08, float(values.max()) * 1.08
        powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        ticks = (float(f"{step}e{power}") for power in powers for step in (1, 2, 5))
        return cls(title, low, high, tuple(tick for tick in ticks if low <= tick <= high), log=True)

    @classmethod
    def linear(cls, title: str, low: float, high: float, form: str = "g") -> Axis:
        """Return an axis with about five labels at round numbers."""
        rough = max(high - low, 1e-9) / 6
        unit = 10 ** float(np.floor(np.log10(rough)))
        step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough)
        ticks = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
        return cls(title, low, high, tuple(round(float(tick), 10) + 0.0 for tick in ticks), form=form)

    def at(self, values: Floats) -> Floats:
        """Return the positions of values, in thousandths of the axis."""
        ends = np.array([self.low, self.high])
        if self.log:
            values, ends = np.log10(values), np.log10(ends)
        return np.asarray(1000 * (values - ends[0]) / (ends[1] - ends[0]))

    @property
    def fewest(self) -> frozenset[float]:
        """The labels that are shown on narrow pages."""
        main = [tick for tick in self.ticks if not self.log or f"{tick:e}".startswith("1.0")]
        main = main if len(main) > 1 else list(self.ticks)
        return frozenset(main[:: -(-len(main) // MOST_TICKS)])


@dataclass(frozen=True, eq=False)
class Series:
    """A line, or an area down to another line, over the plot's x.

    Attributes:
        name: Its name in the legend.
        y: Values, one per x of the chart.
        colour: CSS colour.
        told: Text per value, shown on hovering.
        under: Lower edge of an area; None for a line.
        dash: SVG dash pattern, such as "6 5".
        width: Line width in pixels.
        shown: Whether it is visible initially.
    """

    name: str
    y: Floats
    colour: str
    told: Sequence[str] = ()
    under: Floats | None = None
    dash: str = ""
    width: float = 2.5
    shown: bool = True


@dataclass(frozen=True)
class Dot:
    """A dot.

    Attributes:
        x: Value on the x axis.
        y: Value on the y axis.
        told: Text shown on hovering.
        label: Text next to it, if there is room.
        size: Diameter in pixels.
        colour: CSS colour.
    """

    x: float
    y: float
    told: str
    label: str = ""
    size: float = 9
    colour: str = "var(--soft)"


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart.

    Attributes:
        name: Id of its HTML element.
        x: Horizontal axis.
        y: Vertical axis.
        at: x values of the series, ascending.
        told: Text per x value, shown on hovering.
        series: Lines and areas, in drawing order.
        dots: Drawn on top.
    """

    name: str
    x: Axis
    y: Axis
    at: Floats
    told: Sequence[str] = ()
    series: Sequence[Series] = ()
    dots: Sequence[Dot] = field(default=())

    def html(self) -> str:
        """Render the chart as an HTML element."""
        read = {
            "x": np.round(self.x.at(self.at)).tolist(),
            "told": list(self.told),
            "series": {place: list(each.told) for place, each in enumerate(self.series) if each.told},
        }
        return (
            f'<figure class=chart id="{escape(self.name)}" data-read="{escape(json.dumps(read))}">'
            f"<figcaption>{escape(self.y.title)}</figcaption>"
            f'<div class=plot><svg viewBox="0 0 1000 1000" preserveAspectRatio=none aria-hidden=true>'
            f"{''.join(self._grid())}{''.join(map(self._drawn, range(len(self.series))))}</svg>"
            f"{''.join(self._ticks())}{''.join(self._dots())}<i class=rule></i><div class=tip></div></div>"
            f"<p class=across>{escape(self.x.title)}</p>{self._legend()}</figure>"
        )

    def _grid(self) -> Iterator[str]:
        across = self.x.at(np.array(self.x.ticks))
        up = 1000 - self.y.at(np.array(self.y.ticks))
        yield from (f'<path class=grid d="M{place:.0f} 0V1000"/>' for place in across)
        yield from (f'<path class=grid d="M0 {place:.0f}H1000"/>' for place in up)

    def _drawn(self, place: int) -> str:
        one = self.series[place]
        known = np.isfinite(one.y)
        x = self.x.at(self.at[known])
        line = _path(x, 1000 - self.y.at(one.y[known]))
        hidden = "" if one.shown else " hidden"
        if one.under is not None:
            back = _path(x[::-1], 1000 - self.y.at(one.under[known][::-1]))
            return f'<path class=area data-series={place}{hidden} fill="{one.colour}" d="M{line}L{back}Z"/>'
        dash = f' stroke-dasharray="{one.dash}"' if one.dash else ""
        look = f'stroke="{one.colour}" stroke-width="{one.width:g}"{dash}'
        return f'<path class=line data-series={place}{hidden} {look} d="M{line}"/>'

    def _ticks(self) -> Iterator[str]:
        for axis, side, kind in ((self.x, "left", "x"), (self.y, "bottom", "y")):
            for tick, place in zip(axis.ticks, axis.at(np.array(axis.ticks)), strict=True):
                rare = "" if tick in axis.fewest else " rare"
                yield f'<span class="tick {kind}{rare}" style="{side}:{place / 10:.2f}%">{tick:{axis.form}}</span>'

    def _dots(self) -> Iterator[str]:
        if not self.dots:
            return
        x = self.x.at(np.array([dot.x for dot in self.dots])) / 10
        y = self.y.at(np.array([dot.y for dot in self.dots])) / 10
        sides = label_sides(x * WIDTH / 100, y * HEIGHT / 100, [dot.label for dot in self.dots])
        for dot, left, bottom, side in zip(self.dots, x, y, sides, strict=True):
            place = f"left:{left:.2f}%;bottom:{bottom:.2f}%"
            label = f"<span class=label>{escape(dot.label)}</span>" if side else ""
            yield (
                f'<b class="dot {side}" tabindex=0 data-told="{escape(dot.told)}" '
                f'style="{place};--size:{dot.size:.1f}px;--colour:{dot.colour}">{label}</b>'
            )

    def _legend(self) -> str:
        entries = (
            f"<label><input type=checkbox data-series={place}{' checked' if one.shown else ''}>"
            f'<i style="background:{one.colour}"></i>{escape(one.name)}</label>'
            for place, one in enumerate(self.series)
        )
        return f"<div class=legend>{''.join(entries)}</div>" if self.series else ""


def label_sides(x: Floats, y: Floats, labels: Sequence[str]) -> list[str]:
    """Choose the side of each dot's label without overlaps; "" if there is no room.

    Args:
        x: Pixels from the left of a plot of `WIDTH`, shape (n,).
        y: Pixels from its bottom, shape (n,).
        labels: Labels of the dots; empty ones are not placed.
    """
    taken = [(left - 6.0, bottom - 6.0, left + 6.0, bottom + 6.0) for left, bottom in zip(x, y, strict=True)]
    sides = [""] * len(labels)
    for place in np.argsort(-y, kind="stable"):
        left, bottom, width = float(x[place]), float(y[place]), LETTER * len(labels[place])
        for side, (begin, base) in {
            "right": (left + 7, bottom - LINE / 2),
            "left": (left - 7 - width, bottom - LINE / 2),
            "above": (left - width / 2, bottom + 7),
            "below": (left - width / 2, bottom - 7 - LINE),
        }.items():
            box = (begin, base, begin + width, base + LINE)
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= HEIGHT
            others = (one for number, one in enumerate(taken) if number != place)
            if labels[place] and inside and not any(_overlap(box, one) for one in others):
                sides[place] = side
                taken.append(box)
                break
    return sides


Box = tuple[float, float, float, float]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _path(x: Floats, y: Floats) -> str:
    return "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
