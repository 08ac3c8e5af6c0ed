"""Runs and evaluations side by side: every round against its base resampled, runs against runs, seeds together.

It reads ledgers and draws nothing. A folder is a run (it has a recipe: base, rounds, controls) or an evaluation (one
model's samples). Beside runs, an evaluation of a run's base is more draws of that base; without runs, every evaluation
is compared with the first one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from etude.arms import MAIN
from etude.errors import InputError
from etude.measurement import words
from etude.records import Json, encode
from etude.sides import Side, command, groups, read_side, require_same_tasks, with_more
from etude.stages import BASE
from etude.suites.gain import Gain, Point, Spread, curve, gain, spread
from etude.suites.gain_draws import Measured, mismatch
from etude.suites.gain_rule import RULE, Call, worst
from etude.suites.solve_map import Moves, moves
from etude.suites.tracks import Track, tracks


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One agent against another, over one or several seeds.

    Attributes:
        gains: One per seed.
        spread: One per budget where there are several seeds.
        curve, seconds, moves: Of the first seed: both over tokens, both over seconds, and which tasks moved.
        mismatch: What differs in how the two were measured, or "".
    """

    base: str
    other: str
    folders: tuple[str, ...]
    gains: tuple[Gain, ...]
    spread: tuple[Spread, ...]
    call: Call
    curve: tuple[Point, ...]
    seconds: tuple[Point, ...]
    moves: Moves | None
    mismatch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Folders side by side.

    Attributes:
        lines: Rounds against their base first, then runs and arms against each other.
        flags: What a reader must not overlook.
        protocols: How the numbers were made, a line for each protocol.
        tracks: Of the first folder, over budget: the base, the rounds of the main arm, the last of every control.
        draw_more: Commands that draw what the bases lack.
    """

    k: int
    tasks: int
    lines: tuple[Line, ...]
    flags: tuple[str, ...]
    protocols: tuple[str, ...]
    tracks: tuple[Track, ...]
    draw_more: tuple[str, ...]


def _tracked(side: Side) -> list[Measured]:
    """What is drawn over budget: of an evaluation its one model."""
    controls = [own[-1] for arm, own in side.arms.items() if arm != MAIN and own]
    return [side.base, *side.arms.get(MAIN, ()), *controls]


def as_json(sides: Sides) -> dict[str, Json]:
    """Everything as a JSON value, with the rule; the differences of single tasks are left out."""
    document: dict[str, Json] = {"rule": RULE, **encode(sides)}
    for line in document["lines"]:
        for item in line["gains"]:
            for budget in item["budgets"]:
                budget.pop("by_task")
    return document


class How(NamedTuple):
    """What is asked: draws that a gain is about, and whether protocols may differ."""

    k: int
    any_protocol: bool


def compare_folders(folders: Sequence[Path], k: int = 1, any_protocol: bool = False) -> Sides:
    """Everything in the folders that can be compared, at k draws.

    Args:
        any_protocol: Compare what was measured in different ways too, with a flag that says so.

    Raises:
        InputError: A folder holds nothing to compare, or the folders were measured on different tasks or in different
            ways.
    """
    sides = [read_side(folder) for folder in folders]
    require_same_tasks(sides)
    how = How(k=k, any_protocol=any_protocol)
    runs, evaluations = [item for item in sides if item.recipe], [item for item in sides if not item.recipe]
    if runs:
        more = [item for item in evaluations if item.agent in {run.agent for run in runs}]
        runs = [with_more(run, more) for run in runs]
        others = [item for item in evaluations if item not in more]
        found = [*_within(runs, how), *_against(runs[0], others, how), *_between(runs, how)]
    else:
        found = list(_against(evaluations[0], evaluations[1:], how))
    if not found:
        raise InputError(
            f"there is nothing to compare in {', '.join(map(str, folders))}",
            expected="a run with a base and a round, or two evaluations",
            fix="give a second folder, or let the run finish a round",
        )
    tasks = len(sides[0].base.passes)
    return Sides(
        k=k,
        tasks=tasks,
        lines=tuple(found),
        flags=_flags(found),
        protocols=_protocols(sides),
        tracks=tracks(_tracked((runs or sides)[0])),
        draw_more=_draw_more(runs, found),
    )


def _within(runs: Sequence[Side], how: How) -> Iterator[Line]:
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
                    yield _line(pairs, how, _label(group))
        for run in group:
            for item in run.repaired.get(MAIN, ()):
                if item.round == BASE:
                    yield _line([(run, run.base, item)], how, _label([run]))


def _label(group: Sequence[Side]) -> str:
    return ", ".join(str(item.folder) for item in group)


def _against(first: Side, others: Sequence[Side], how: How) -> Iterator[Line]:
    """Evaluations against the first side's base; those of one model are seeds of one line."""
    for group in groups(others):
        yield _line([(item, first.base, item.base) for item in group], how, _label(group))


def _between(runs: Sequence[Side], how: How) -> Iterator[Line]:
    """The last round of every run against that of the first recipe, and of the main arm against its controls."""
    first, *others = groups(runs)
    for group in others:
        pairs = list(zip(first, group, strict=False))
        found = [(b, _named(a, _last(a, MAIN)), _named(b, _last(b, MAIN))) for a, b in pairs]
        known = [(side, one, another) for side, one, another in found if one and another]
        if known:
            yield _line(known, how, f"{_label(first)} and {_label(group)}")
    for group in [first, *others]:
        for arm in dict.fromkeys(name for run in group for name in run.arms if name != MAIN):
            last = [(run, _last(run, arm), _last(run, MAIN)) for run in group]
            both = [(run, one, another) for run, one, another in last if one and another]
            if both:
                yield _line(both, how, _label(group))


def _last(run: Side, arm: str) -> Measured | None:
    return next(reversed(run.arms.get(arm, ())), None)


def _named(run: Side, measured: Measured | None) -> Measured | None:
    return replace(measured, name=f"{run.folder}: {measured.name}") if measured else None


def _line(pairs: Sequence[tuple[Side, Measured, Measured]], how: How, folders: str) -> Line:
    gains = tuple(gain(base, other, k=how.k, any_protocol=how.any_protocol) for _, base, other in pairs)
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
        seconds=curve(base, other, "seconds"),
        moves=moves(base, other),
        mismatch=next((why for _, one, another in pairs if (why := mismatch(one, another))), ""),
    )


def _call(gains: Sequence[Gain], spreads: Sequence[Spread]) -> Call:
    if len(gains) == 1:
        return gains[0].call
    named = {budget for item in gains for budget in item.deciding}
    deciding = [item.call for item in spreads if item.budget in named]
    unknown: list[Call] = ["not proven"] if any(item.wanted for item in gains) else []
    return worst([*deciding, *unknown])


def _flags(lines: Sequence[Line]) -> tuple[str, ...]:
    found = [f"not the same protocol: {line.mismatch}" for line in lines if line.mismatch]
    found += [_slow(line) for line in lines if _slow(line)]
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


def _slow(line: Line) -> str:
    """That the call would be another at the same seconds, where it would."""
    calls = [item.call for each in line.gains for item in each.budgets if item.budget == "seconds" and item.difference]
    if not calls or line.call != "a gain" or worst(calls) == "a gain":
        return ""
    return f"{line.other} against {line.base}: {worst(calls)} at the same seconds, which depend on the machine's load"


def _protocols(sides: Sequence[Side]) -> tuple[str, ...]:
    """How everything was measured; what is not on record is said to be so."""
    measured = [item for side in sides for item in (side.base, *(each for own in side.arms.values() for each in own))]
    known = dict.fromkeys(words(item.how) for item in measured if item.how)
    unknown = dict.fromkeys(f"{side.folder}" for side in sides if side.base.how is None)
    return (*known, *([f"protocol not recorded: {', '.join(unknown)}"] if unknown else []))


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
