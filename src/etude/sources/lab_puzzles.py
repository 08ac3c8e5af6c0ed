"""The lab's puzzles as a task set of their own: `lab-puzzles[test]`. See `etude.sources.lab`, `etude.lab.puzzles`."""

from dataclasses import dataclass

from etude.sources.lab import Lab


@dataclass
class LabPuzzles(Lab):
    """`Lab` with puzzles in place of functions; its settings are the same."""

    kinds: tuple[str, ...] = ("puzzles",)
