"""Runs and evaluations side by side: every round against its base resampled, runs against runs, seeds together.

It reads ledgers and draws nothing. A folder is a run (it has a recipe: base, rounds, controls) or an evaluation (one
model's samples). Beside runs, an evaluation of a run's base is more draws of that base; without runs, every evaluation
is compared with the first one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from etude.arms import MAIN
from etude.errors import InputError
from etude.sides import Side, command, groups, read_side, require_same_tasks, with_more
from etude.stages import BASE
from etude.suites.gain import Gain, Point, Spread, curve, gain, spread
from etude.suites.gain_draws import Measured
from etude.suites.gain_rule import Call, worst
from etude.suites.solve_map import Moves, moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One agent against another, over one or several seeds.

    Attributes:
        gains: One per seed.
        spread: One per budget where there are several seeds.
        curve, moves: Of the first seed.
    """

    base: str
    other: str
    folders: tuple[str, ...]
    gains: tuple[Gain, ...]
    spread: tuple[Spread, ...]
    call: Call
    curve: tuple[Point, ...]
    moves: Moves | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Folders side by side.

    Attributes:
        lines: Rounds against their base first, then runs and arms against each other.
        flags: What a reader must not overlook.
        draw_more: Commands that draw what the bases lack.
    """

    k: int
    tasks: int
    lines: tuple[Line, ...]
    flags: tuple[str, ...]
    draw_more: tuple[str, ...]


def compare_folders(folders: Sequence[Path], k: int = 1) -> Sides:
    """Everything in the folders that can be compared, at k draws.

    Raises:
        InputError: A folder holds nothing to compare, or the folders were measured on different tasks.
    """
    sides = [read_side(folder) for folder in folders]
    require_same_tasks(sides)
    runs, evaluations = [item for item in sides if item.recipe], [item for item in sides if not item.recipe]
    if runs:
        more = [item for item in evaluations if item.agent in {run.agent for run in runs}]
        runs = [with_more(run, more) for run in runs]
        others = [item for item in evaluations if item not in more]
        found = [*_within(runs, k), *_against(runs[0], others, k), *_between(runs, k)]
    else:
        found = list(_against(evaluations[0], evaluations[1:], k))
    if not found:
        raise InputError(
            f"there is nothing to compare in {', '.join(map(str, folders))}",
            expected="a run with a base and a round, or two evaluations",
            fix="give a second folder, or let the run finish a round",
        )
    tasks = len(sides[0].base.passes)
    return Sides(k=k, tasks=tasks, lines=tuple(found), flags=_flags(found), draw_more=_draw_more(runs, found))


def _within(runs: Sequence[Side], k: int) -> Iterator[Line]:
    """Every round of every arm against the base of its own run."""
    for group in groups(runs):
        for way in ("arms", "repaired"):
            names = dict.fromkeys(
                (arm, item.round) for run in group for arm, own in getattr(run, way).items() for item in own
            )
            for arm, round in names:
                pairs = [
                    (run, run.base, item)
                    for run in group
                    for item in getattr(run, way).get(arm, ())
                    if item.round == round and round > BASE
                ]
                if pairs:
                    yield _line(pairs, k, _label(group))
        for run in group:
            for item in run.repaired.get(MAIN, ()):
                if item.round == BASE:
                    yield _line([(run, run.base, item)], k, _label([run]))


def _label(group: Sequence[Side]) -> str:
    return ", ".join(str(item.folder) for item in group)


def _against(first: Side, others: Sequence[Side], k: int) -> Iterator[Line]:
    """Evaluations against the first side's base; those of one model are seeds of one line."""
    for group in groups(others):
        yield _line([(item, first.base, item.base) for item in group], k, _label(group))


def _between(runs: Sequence[Side], k: int) -> Iterator[Line]:
    """The last round of every run against that of the first recipe, and of the main arm against its controls."""
    first, *others = groups(runs)
    for group in others:
        pairs = list(zip(first, group, strict=False))
        found = [(b, _named(a, _last(a, MAIN)), _named(b, _last(b, MAIN))) for a, b in pairs]
        known = [(side, one, another) for side, one, another in found if one and another]
        if known:
            yield _line(known, k, f"{_label(first)} and {_label(group)}")
    for group in [first, *others]:
        for arm in dict.fromkeys(name for run in group for name in run.arms if name != MAIN):
            last = [(run, _last(run, arm), _last(run, MAIN)) for run in group]
            both = [(run, one, another) for run, one, another in last if one and another]
            if both:
                yield _line(both, k, _label(group))


def _last(run: Side, arm: str) -> Measured | None:
    return next(reversed(run.arms.get(arm, ())), None)


def _named(run: Side, measured: Measured | None) -> Measured | None:
    return replace(measured, name=f"{run.folder}: {measured.name}") if measured else None


def _line(pairs: Sequence[tuple[Side, Measured, Measured]], k: int, folders: str) -> Line:
    gains = tuple(gain(base, other, k=k) for _, base, other in pairs)
    spreads = [spread(gains, item.budget) for item in gains[0].budgets] if len(gains) > 1 else []
    known = tuple(item for item in spreads if item)
    _, base, other = pairs[0]
    return Line(
        base=base.name,
        other=other.name if len(pairs) == 1 or other.round > BASE else f"{len(pairs)} seeds",
        folders=tuple(str(side.folder) for side, _, _ in pairs),
        gains=gains,
        spread=known,
        call=_call(gains, known),
        curve=curve(base, other),
        moves=moves(base, other),
    )


def _call(gains: Sequence[Gain], spreads: Sequence[Spread]) -> Call:
    if len(gains) == 1:
        return gains[0].call
    deciding = [item.call for item in spreads if item.budget != "training"]
    unknown: list[Call] = ["not proven"] if any(item.wanted for item in gains) else []
    return worst([*deciding, *unknown])


def _flags(lines: Sequence[Line]) -> tuple[str, ...]:
    found = []
    for line in lines:
        for folder, item in zip(line.folders, line.gains, strict=True):
            if item.collapse and item.collapse.collapsing:
                up, down = (
                    f"{100 * each.value:+.1f} [{100 * each.low:+.1f}, {100 * each.high:+.1f}]"
                    for each in (item.collapse.at_one, item.collapse.at_k)
                )
                found.append(
                    f"{folder}: {item.other} against {item.base}: diversity is collapsing: pass@1 {up}, "
                    f"pass@{item.collapse.k} {down}"
                )
    return tuple(found)


def _draw_more(runs: Sequence[Side], lines: Sequence[Line]) -> tuple[str, ...]:
    """One command per base that has too few draws."""
    wanted: dict[str, int] = {}
    for line in lines:
        for folder, item in zip(line.folders, line.gains, strict=True):
            if item.wanted and item.base == "base":
                wanted[folder] = max(wanted.get(folder, 0), item.wanted)
    known = {str(run.folder): run for run in runs}
    found = [command(known[folder], number) for folder, number in wanted.items() if folder in known]
    lacking = [item for line in lines for item in line.gains if item.wanted and item.base != "base"]
    if lacking:
        most = max(item.wanted for item in lacking)
        found.append(f"the `etude eval` command of {lacking[0].base} again, with --n {most}")
    return tuple(found)
