"""The judge that picks the judge: by the kind of a task's tests."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from etude.judges.puzzle import PuzzleJudge
from etude.judges.settings import Settings
from etude.judges.stdio import StdioJudge
from etude.judges.tests import TestsJudge
from etude.protocols import Sandbox
from etude.records import Attempt, TestKind, Verdict
from etude.tasks import Task

JUDGES: dict[TestKind | None, type[TestsJudge] | type[StdioJudge] | type[PuzzleJudge]] = {
    "stdio": StdioJudge,
    "puzzle": PuzzleJudge,
}
"""Every other kind is for `TestsJudge`."""


@dataclass
class Auto(Settings):
    """Hands each task to the judge for its kind of tests, with its own settings."""

    def judge(self, task: Task, attempts: Sequence[Attempt], sandbox: Sandbox) -> list[Verdict]:
        """One verdict per attempt, in order."""
        kind = JUDGES.get(task.hidden.kind or task.facts.shown.kind, TestsJudge)
        judge = kind(**{item.name: getattr(self, item.name) for item in fields(self)})
        judge.calibration = self.calibration
        return judge.judge(task, attempts, sandbox)
