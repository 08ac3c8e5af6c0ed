"""Four small charts as inline SVG: curves with interval bands, lines over a budget, stacked bars, histograms.

Colours come from the page's style sheet (`.c0`, `.c1` …), so that a chart follows light and dark. Every text is
escaped here; the result is safe markup. It reads no records but `Estimate` and
`Point`.
"""

import html
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from etude.records import Estimate, Point

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 34
COLOURS = 8
TICKS = 5
SMALL_WIDTH, SMALL_HEIGHT = 320, 150


class Curve(NamedTuple):
    """One line: its name and, for each place on the axis that it has, an estimate (a share from 0 to 1)."""

    name: str
    points: Mapping[int, Estimate]


def curves(lines: Sequence[Curve], places: Sequence[str], *, dashed: bool = False) -> str:
    """Lines over named places, with their intervals as bands and whiskers; the axis starts at 0.

    Args:
        places: Names of the places on the horizontal axis.
        dashed: Whether every line but the first is dashed: the controls of a run.
    """
    top = _ceiling(max((item.high for line in lines for item in line.points.values()), default=0.0))
    body = "".join(_curve(number, line, len(places), top, dashed and number > 0) for number, line in enumerate(lines))
    return _frame(_grid(top) + _axis(places) + body, "curves") + _legend(
        {line.name: number for number, line in enumerate(lines)}
    )


def budgets(lines: Mapping[str, Sequence[Point]]) -> str:
    """Lines of the share of tasks solved over completion tokens per task; both axes start at 0."""
    known = [point for points in lines.values() for point in points]
    top = _ceiling(max((point.value for point in known), default=0.0))
    most = max((point.tokens for point in known), default=1.0) or 1.0
    body = [_grid(top)]
    for tick in range(TICKS + 1):
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / TICKS
        words = f"{most * tick / TICKS:,.0f}"
        body.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{words}</text>')
    for number, (name, points) in enumerate(lines.items()):
        places = [(LEFT + (WIDTH - LEFT - RIGHT) * point.tokens / most, _y(point.value, top)) for point in points]
        colour = f"c{number % COLOURS}"
        body.append(f'<polyline class="line {colour}" points="{_points(places)}"/>')
        for (x, y), point in zip(places, points, strict=True):
            words = (
                f"{name}: {100 * point.value:.1f} % at {point.tokens:,.0f} tokens, {point.generations:.1f} generations"
            )
            body.append(
                f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{_text(words)}</title></circle>'
            )
    return _frame("".join(body), "lines over a budget") + _legend({name: place for place, name in enumerate(lines)})


class Place(NamedTuple):
    """A point of a line over a budget: what was spent, the share solved, and the words that stand at it."""

    spent: float
    solved: Estimate
    words: str


def spending(lines: Mapping[str, Sequence[Place]], unit: str) -> str:
    """Lines of the share of tasks solved over what was spent per task, with bands; both axes start at 0.

    Args:
        unit: What is spent, such as `tokens`.
    """
    known = [place for places in lines.values() for place in places]
    top = _ceiling(max((place.solved.high for place in known), default=0.0))
    most = max((place.spent for place in known), default=1.0) or 1.0
    wide = WIDTH - LEFT - RIGHT
    body = [_grid(top)]
    for tick in range(TICKS + 1):
        words = f"{most * tick / TICKS:,.{0 if most >= 50 else 2}f}"
        x = LEFT + wide * tick / TICKS
        body.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{words}</text>')
    for number, (name, places) in enumerate(lines.items()):
        colour, xs = f"c{number % COLOURS}", [LEFT + wide * place.spent / most for place in places]
        middle, lows, highs = (
            [(x, _y(value, top)) for x, value in zip(xs, own, strict=True)]
            for own in zip(*((p.solved.value, p.solved.low, p.solved.high) for p in places), strict=True)
        )
        body.append(f'<polygon class="band {colour}" points="{_points([*highs, *reversed(lows)])}"/>')
        body.append(f'<polyline class="line {colour}" points="{_points(middle)}"/>')
        for (x, y), place in zip(middle, places, strict=True):
            words = _text(f"{name}: {place.words}")
            body.append(f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{words}</title></circle>')
    label = f"share of tasks solved over {unit} per task"
    return _frame("".join(body), label) + _legend({name: place for place, name in enumerate(lines)})


def stacked(bars: Sequence[Mapping[str, float]], places: Sequence[str], order: Mapping[str, int]) -> str:
    """One bar per place, cut into shares of its own sum; `order` names the parts from the bottom up, with colours."""
    step = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    body = []
    for place, bar in enumerate(bars):
        total, level = sum(bar.values()), 0.0
        for name, colour in order.items():
            share = bar.get(name, 0) / total if total else 0.0
            if share:
                x, y = LEFT + place * step + step * 0.15, _y(level + share, 1.0)
                shape = f'x="{x:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" height="{_y(level, 1.0) - y:.1f}"'
                words = _text(f"{places[place]}: {name} {bar[name]:.0f} of {total:.0f} ({100 * share:.1f} %)")
                body.append(f'<rect class="part c{colour % COLOURS}" {shape}><title>{words}</title></rect>')
            level += share
    return _frame(_grid(1.0) + _axis(places) + "".join(body), "stacked bars") + _legend(order)


def histogram(bars: Sequence[float], aside: tuple[str, float], most: float, name: str) -> str:
    """How many things have a share in each of equal parts of 0 to 100 %, with one bar that stands aside.

    Args:
        bars: The counts, from the lowest shares up.
        aside: Name and count of the bar before the others.
        most: The count that fills the height; give charts of one row the same.
        name: What this is the chart of; it begins the text alternative.
    """
    step, foot = (SMALL_WIDTH - 20) / (len(bars) + 2), SMALL_HEIGHT - 22
    edges = [f"{100 * place / len(bars):.0f}" for place in range(len(bars) + 1)]
    parts = [aside[0], *(f"{low} to {high} %" for low, high in pairwise(edges))]
    body = [f'<line class="grid" x1="0" x2="{SMALL_WIDTH}" y1="{foot}" y2="{foot}"/>']
    for place, (part, count) in enumerate(zip(parts, [aside[1], *bars], strict=True)):
        x = 10 + step * (place + (0.5 if place else 0))
        height = max(1.0 if count else 0.0, (foot - 16) * count / most) if most else 0.0
        colour = "c0" if place else "c7"
        shape = f'x="{x:.1f}" y="{foot - height:.1f}" width="{step - 3:.1f}" height="{height:.1f}"'
        middle = f'x="{x + step / 2 - 1.5:.1f}" y="{foot - height - 4:.1f}" text-anchor="middle"'
        body.append(f'<rect class="part {colour}" {shape}><title>{_text(f"{part}: {count:g}")}</title></rect>')
        body.append(f'<text class="small" {middle}>{count:g}</text>' if count else "")
    places = [(10 + step / 2 - 1.5, aside[0])]
    places += [(10 + step * (place + 1.5) - 1.5, edge) for place, edge in enumerate(edges)]
    for x, words in places:
        body.append(f'<text class="small" x="{x:.1f}" y="{foot + 14}" text-anchor="middle">{_text(words)}</text>')
    said = ", ".join(f"{part}: {count:g}" for part, count in zip(parts, [aside[1], *bars], strict=True))
    return _frame("".join(body), f"{name}; {said}", SMALL_WIDTH, SMALL_HEIGHT)


def _curve(number: int, line: Curve, places: int, top: float, dashed: bool) -> str:
    at = sorted(line.points.items())
    colour = f"c{number % COLOURS}"
    xs = [_x(place, places) for place, _ in at]
    ys = [_y(item.value, top) for _, item in at]
    lows, highs = ([_y(value, top) for value in side] for side in zip(*((i.low, i.high) for _, i in at), strict=True))
    parts = []
    if len(at) > 1:
        edge = [*zip(xs, highs, strict=True), *reversed(list(zip(xs, lows, strict=True)))]
        parts.append(f'<polygon class="band {colour}" points="{_points(edge)}"/>')
    else:
        parts.append(f'<path class="line {colour}" d="M{xs[0]:.1f} {lows[0]:.1f}V{highs[0]:.1f}"/>')
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    parts.append(f'<polyline class="line {colour}" points="{_points(list(zip(xs, ys, strict=True)))}"{dash}/>')
    for x, y, (_, item) in zip(xs, ys, at, strict=True):
        words = _text(f"{line.name}: {100 * item.value:.1f} % [{100 * item.low:.1f}, {100 * item.high:.1f}]")
        parts.append(f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{words}</title></circle>')
    return "".join(parts)


def _frame(body: str, label: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{_text(label)}">{body}</svg>'


def _grid(top: float) -> str:
    lines = []
    for tick in range(TICKS + 1):
        value = top * tick / TICKS
        y = _y(value, top)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * value:g} %</text>')
    return "".join(lines)


def _axis(places: Sequence[str]) -> str:
    every = math.ceil(len(places) / 14)  # more names than that would run into each other
    named = [(place, name) for place, name in enumerate(places) if place % every == 0]
    y = HEIGHT - BOTTOM + 20
    return "".join(
        f'<text x="{_x(place, len(places)):.1f}" y="{y}" text-anchor="middle">{_text(name)}</text>'
        for place, name in named
    )


def _legend(names: Mapping[str, int]) -> str:
    items = (f'<li><i class="c{colour % COLOURS}"></i>{_text(name)}</li>' for name, colour in names.items())
    return f'<ul class="legend">{"".join(items)}</ul>'


def _x(place: int, places: int) -> float:
    step = (WIDTH - LEFT - RIGHT) / max(places, 1)
    return LEFT + step * (place + 0.5)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, top) / top


def _ceiling(value: float) -> float:
    """The end of the axis: a round share not below `value`, at most 1."""
    return next((end for end in (0.01, 0.05, 0.1, 0.2, 0.25, 0.5, 0.75) if value <= end), 1.0)


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _text(words: str) -> str:
    return html.escape(words, quote=True)
