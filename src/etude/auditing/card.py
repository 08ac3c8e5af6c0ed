"""The health card of a task: what an audit found of it, as frozen data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found of one task.

    Attributes:
        name: Short, and the same for all tasks, such as `flaky reference`.
        detail: Where and how: enough to see it without running the audit again.
    """

    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A mutant of the reference that passes all tests: a hole in them, or a program that does the same.

    Attributes:
        operator, line: The mistake, and where it is in the reference.
        was, now: The line before and after.
    """

    operator: str
    line: int
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What an audit found of one task.

    Attributes:
        defects: What is wrong; a task with any is flagged.
        remarks: What is worth knowing, but no fault: a twin in wording, a test stated twice.
        mutants, killed: Mutants of the reference that could be judged, and those that did not pass.
        survivors: The others.
        cheats: How many were tried; `passed_cheats` names those that passed.
        runs, passed: Runs of the reference in fresh processes, those in another order of tests included.
        seconds: Processor time of the slowest of them.
    """

    task_id: str
    defects: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    mutants: int = 0
    killed: int = 0
    survivors: tuple[Survivor, ...] = ()
    cheats: int = 0
    passed_cheats: tuple[str, ...] = ()
    runs: int = 0
    passed: int = 0
    seconds: float = 0.0

    @property
    def strength(self) -> float | None:
        """Share of mutants that the tests notice; None where there are none."""
        return self.killed / self.mutants if self.mutants else None

    @property
    def names(self) -> tuple[str, ...]:
        """The kinds of defects, each once."""
        return tuple(dict.fromkeys(item.name for item in self.defects))
