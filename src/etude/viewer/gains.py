"""The last part of a report: is it a gain? Every round against the base model resampled, as rows, charts and a map.

It lays out what `etude.comparing` has found and decides nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etude.comparing import Line, Sides
from etude.records import Estimate
from etude.suites.gain import Gain
from etude.suites.gain_rule import RULE
from etude.suites.solve_map import RATES, Moves
from etude.suites.tracks import Track
from etude.viewer.charts import Place, spending, stacked

NONE = "-"
COLOURS = {"always": 2, "sometimes": 4, "never": 7}
CROWD = 5  # lines of a chart besides the base and the first round


@dataclass(frozen=True, slots=True, kw_only=True)
class GainRow:
    """One agent against another, as cells of text.

    Attributes:
        rates: pass@k before and after.
        samples, tokens, seconds: The difference at that budget, with interval and p.
        solved: McNemar: tasks that only one of the two solves, and p.
        call: What it is called.
        words: The sentence of each seed.
    """

    other: str
    base: str
    rates: str
    samples: str
    tokens: str
    seconds: str
    solved: str
    call: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GainPart:
    """All of the last part of the page.

    Attributes:
        charts: (heading, SVG).
        seeds: A sentence per line of several seeds.
        moves: The solve-rate map of the main arm's last round, or of the last line.
    """

    k: int
    tasks: int
    rule: str
    rows: tuple[GainRow, ...]
    flags: tuple[str, ...]
    charts: tuple[tuple[str, str], ...]
    seeds: tuple[str, ...]
    moves: Moves | None
    draw_more: tuple[str, ...]


def part(sides: Sides) -> GainPart:
    """The last part of the page, from what was compared."""
    return GainPart(
        k=sides.k,
        tasks=sides.tasks,
        rule=RULE,
        rows=tuple(row(line) for line in sides.lines),
        flags=sides.flags,
        charts=tuple(_charts(sides.tracks)),
        seeds=tuple(seeds(line) for line in sides.lines if line.spread),
        moves=shown_moves(sides),
        draw_more=sides.draw_more,
    )


def shown_moves(sides: Sides) -> Moves | None:
    """The map that tells most: that of the main arm's last round against its base."""
    own = [line for line in sides.lines if line.base == "base" and line.other.startswith("main")]
    return (own or list(sides.lines))[-1].moves


def row(line: Line) -> GainRow:
    """A line as cells of text; of several seeds the mean over them."""
    first = line.gains[0]
    if line.spread:
        cells = {str(item.budget): points(item.over_tasks) for item in line.spread}
    else:
        cells = {
            str(item.budget): f"{points(item.difference)} p {item.p:.4f}" if item.difference else "too few samples"
            for item in first.budgets
        }
    base, other = first.budgets[0].base, first.budgets[0].other
    number = f" ({len(line.gains)} seeds)" if len(line.gains) > 1 and "seeds" not in line.other else ""
    return GainRow(
        other=f"{line.other}{number}",
        base=line.base,
        rates=f"{100 * base:.1f} -> {100 * other:.1f}" if base is not None and other is not None else NONE,
        samples=cells.get("samples", NONE),
        tokens=cells.get("tokens", NONE),
        seconds=cells.get("seconds", NONE),
        solved=_solved(first),
        call=line.call,
        words=tuple(item.words for item in line.gains),
    )


def _solved(gain: Gain) -> str:
    told = gain.mcnemar
    return f"{told.only_other} : {told.only_base}, p {told.p:.3f}" if told else NONE


def points(estimate: Estimate | None) -> str:
    """`+3.1 [+1.2, +5.0]`, in points of percent."""
    if estimate is None:
        return NONE
    value, low, high = (100 * item + 0.0 for item in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def seeds(line: Line) -> str:
    """How the seeds of one line spread, and what each alone would be called."""
    item = line.spread[0]
    each = ", ".join(f"{100 * value + 0.0:+.1f}" for value in item.by_seed)
    noise = sum(gain.call == "within noise" for gain in line.gains)
    return (
        f"{line.other} against {line.base}, {len(line.gains)} seeds: {each}; mean {points(item.over_seeds)} "
        f"(95 % over seeds): {line.call}; each alone: {noise} of {len(line.gains)} within noise"
    )


def _charts(tracks: Sequence[Track]) -> Iterator[tuple[str, str]]:
    """The share solved over tokens and over seconds, and how often tasks are solved."""
    known = [each for each in tracks if each.spots]
    few = known if len(known) <= CROWD + 2 else [*known[:2], *known[-CROWD:]]
    yield "Solved over tokens per task", spending({each.name: _places(each, "tokens") for each in few}, "tokens")
    timed = {each.name: _places(each, "seconds") for each in few if each.spots[0].seconds is not None}
    if len(timed) > 1:
        yield "Solved over seconds per task", spending(timed, "seconds")
    bars = [{str(name): float(each.rates[name]) for name in RATES} for each in tracks]
    yield "Tasks solved never, sometimes, always", stacked(bars, [_short(each.name) for each in tracks], COLOURS)


def _places(track: Track, unit: str) -> list[Place]:
    return [
        Place(
            getattr(spot, unit),
            spot.solved,
            f"pass@{spot.k} {100 * spot.solved.value:.1f} % [{100 * spot.solved.low:.1f}, "
            f"{100 * spot.solved.high:.1f}] for {getattr(spot, unit):,.{0 if unit == 'tokens' else 2}f} {unit}",
        )
        for spot in track.spots
    ]


def _short(name: str) -> str:
    """`2` for `main, round 2`: a bar has little room for its name."""
    return name.removeprefix("main, round ")
