"""Is it a gain? Every round against the base model resampled, as a Markdown table for a card.

It lays out what `etude.comparing` finds in the run's ledgers and decides nothing.
"""

from pathlib import Path

from etude.comparing import Sides, compare_folders
from etude.errors import InputError
from etude.exchange.cards import grid
from etude.suites.gain_rule import RULE
from etude.viewer.gains import row

HEAD = ("model", "against", "pass@{k} %", "difference at the same samples", "at the same tokens", "verdict")


def gain_section(folder: Path) -> str:
    """The table with its rule, its protocols and its warnings; a sentence where nothing was measured."""
    try:
        sides = compare_folders([folder], any_protocol=True)
    except InputError:
        return "The run has measured nothing yet: whether this model is better than its base is not known."
    return "\n\n".join([*_body(sides), *(f"**Note:** {flag}." for flag in sides.flags)])


def _body(sides: Sides) -> list[str]:
    lines = [row(line) for line in sides.lines]
    cells = [(item.other, item.base, item.rates, item.samples, item.tokens, item.call) for item in lines]
    return [
        f"Measured on {sides.tasks} tasks; differences in points with 95 % intervals, paired by task.",
        grid([name.format(k=sides.k) for name in HEAD], cells),
        f"What the verdicts mean: {RULE}",
        "\n".join(f"- {item}" for item in sides.protocols),
    ]
