"""`Task`: the record that knows the hidden tests.

It stands apart from the other records so that an import rule can keep it from whoever writes programs: `models` and
`solvers` may not import this module, and get a `TaskView` instead.
"""

from dataclasses import dataclass

from etude.records import TaskView, Tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One exercise, whole.

    Attributes:
        facts: What a solver may see (`Task.view()` returns it).
        hidden: The tests that decide; never in a prompt, a feedback or a training row.
        reference: A right program, whole, or "" where none is known.
        origin: Where the task comes from, such as `mbpp[train]`.
        licence: The licence of the task's text, carried into every row.
    """

    facts: TaskView
    hidden: Tests
    reference: str = ""
    origin: str = ""
    licence: str = ""

    @property
    def task_id(self) -> str:
        return self.facts.task_id

    def view(self) -> TaskView:
        """The task without hidden tests and reference."""
        return self.facts
