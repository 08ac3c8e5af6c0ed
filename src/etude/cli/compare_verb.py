"""`etude compare DIR DIR …`: runs and evaluations side by side, at the same samples and the same tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etude.cli.arguments import show

if TYPE_CHECKING:
    from etude.comparing import Line, Sides
    from etude.suites.gain import Gain
    from etude.suites.solve_map import Moves

LISTED = 8


@click.command("compare")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--k", default=1, show_default=True, type=click.IntRange(1), help="Draws that a gain is about.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(folders: tuple[Path, ...], k: int, as_json: bool) -> None:
    """Compare FOLDERS, runs or evaluations on the same tasks: is it a gain over the base model resampled?

    Every round of a run is compared with the run's base at the same samples, tokens and (where known) seconds, paired
    by task. Runs of one recipe with several seeds are one line. Of evaluations, the first is the base; beside a run, an
    evaluation of its base model is more samples of that base.

    \b
    Examples:
      etude compare runs/lab runs/lab-seed-1 runs/lab-seed-2
      etude compare runs/eval-base runs/eval-tuned --k 1 --json
    """
    from etude.comparing import compare_folders
    from etude.records import encode
    from etude.suites.gain_rule import RULE

    found = compare_folders(folders, k)
    document = {"rule": RULE, **encode(found)}
    for line in document["lines"]:
        for gain in line["gains"]:
            for item in gain["budgets"]:
                item.pop("by_task")
    show(document, as_json, "" if as_json else _text(found, RULE))


def _text(found: "Sides", rule: str) -> str:
    from etude.cli.tables import grid

    heading = ["other", "against", f"pass@{found.k} %", "same samples", "same tokens", "only it : only base solves", ""]
    parts = [grid([heading, *(_row(line) for line in found.lines)])]
    parts += [f"{found.tasks} tasks; differences in points, [..] 95 % interval over tasks", rule]
    parts += [_seeds(line) for line in found.lines if line.spread]
    parts += [f"! {flag}" for flag in found.flags]
    own = [line for line in found.lines if line.base == "base" and line.other.startswith("main")]
    if moves := (own or found.lines)[-1].moves:
        parts.append(_map(moves))
    if found.draw_more:
        parts.append("\n".join(["a base has too few samples for the same tokens; to draw the others:",
                                *(f"  {command}" for command in found.draw_more)]))  # fmt: skip
    return "\n\n".join(parts)


def _row(line: "Line") -> list[str]:
    first = line.gains[0]
    if line.spread:
        by_budget = {item.budget: _points(item.over_tasks) for item in line.spread}
    else:
        by_budget = {
            item.budget: f"{_points(item.difference)} p {item.p:.4f}" if item.difference else "too few samples"
            for item in first.budgets
        }
    division = first.mcnemar
    told = f"{division.only_other} : {division.only_base}, p {division.p:.3f}" if division else "-"
    base, other = first.budgets[0].base, first.budgets[0].other
    rates = f"{100 * base:.1f} -> {100 * other:.1f}" if base is not None and other is not None else "-"
    seeds = f" ({len(line.gains)} seeds)" if len(line.gains) > 1 and "seeds" not in line.other else ""
    return [f"{line.other}{seeds}", line.base, rates, by_budget.get("samples", "-"), by_budget.get("tokens", "-"),
            told, line.call]  # fmt: skip


def _points(estimate: object) -> str:
    from etude.records import Estimate

    assert isinstance(estimate, Estimate)
    value, low, high = (100 * part + 0.0 for part in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def _seeds(line: "Line") -> str:
    item = line.spread[0]
    each = ", ".join(f"{100 * value + 0.0:+.1f}" for value in item.by_seed)
    over = _points(item.over_seeds) if item.over_seeds else "-"
    return (
        f"{line.other}, {len(line.gains)} seeds: {each}; mean {over} (95 % over seeds): {line.call}{_alone(line.gains)}"
    )


def _alone(gains: Sequence["Gain"]) -> str:
    noise = sum(item.call == "within noise" for item in gains)
    return f"; each alone: {noise} of {len(gains)} within noise"


def _map(moves: "Moves") -> str:
    from etude.cli.tables import grid

    rows = [[f"{moves.base} \\ {moves.other}", *moves.counts]]
    rows += [[before, *(str(number) for number in after.values())] for before, after in moves.counts.items()]
    lines = [f"solve-rate map, {moves.draws} draws per task:", grid(rows)]
    for name, ids in moves.tasks.items():
        more = f", … and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
        lines.append(f"  {name}: {', '.join(ids[:LISTED])}{more}")
    lines.append(f"  more than chance: {len(moves.surely_up)} up, {len(moves.surely_down)} down")
    return "\n".join(lines)
