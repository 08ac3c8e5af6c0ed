"""A comparison as text: the table of gains with its rule, spread over seeds, flags, solve-rate map, and protocols."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etude.comparing import Sides
    from etude.suites.solve_map import Moves

LISTED = 8


def text_of(found: "Sides") -> str:
    """Everything that was compared, what a reader must not overlook first."""
    from etude.cli.tables import grid
    from etude.suites.gain_rule import RULE
    from etude.viewer.gains import row, seeds, shown_moves

    heading = [
        "other",
        "against",
        f"pass@{found.k} %",
        "same samples",
        "same tokens",
        "same seconds",
        "only it : only base solves",
        "",
    ]
    cells = [row(line) for line in found.lines]
    rows = [
        [each.other, each.base, each.rates, each.samples, each.tokens, each.seconds, each.solved, each.call]
        for each in cells
    ]
    parts = ["\n".join(f"! {flag}" for flag in found.flags), grid([heading, *rows])]
    parts += [f"{found.tasks} tasks; differences in points, [..] 95 % interval over tasks", RULE]
    parts += [seeds(line) for line in found.lines if line.spread]
    if moves := shown_moves(found):
        parts.append(_map(moves))
    parts.append("\n".join(found.protocols))
    if found.draw_more:
        told = "a base has too few samples for the same tokens; to draw the others:"
        parts.append("\n".join([told, *(f"  {command}" for command in found.draw_more)]))
    return "\n\n".join(filter(None, parts))


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
