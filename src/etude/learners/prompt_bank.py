"""Learning without weights: what was solved and repaired is kept, and shown where a task is like it.

For models behind an interface. The rows that curators chose (they passed hidden tests, and solve no task of the exam)
become demonstrations of the agent; a solver with `shots` puts the nearest of them in front of its prompts. Examples of
one's own that were verified go back to STaR (arXiv 2203.14465) and, for prompts, to DSPy's bootstrapped demonstrations
(arXiv 2310.03714); choosing the nearest ones to Liu et al. (arXiv 2101.06804).

It trains nothing and calls no model; whether an agent with its demonstrations is kept is decided by the loop.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from etude.errors import RecipeError
from etude.folders import write_text
from etude.protocols import State
from etude.records import Agent, Demonstration, Example, TaskView, canonical, identify

FILE = "bank.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptBank:
    """Puts the round's rows into the agent's store of worked examples.

    The store is written to the round's folder as `bank.jsonl`, one example a line with where it comes from.

    Attributes:
        per_task: Solutions of one task that are kept, and as many repairs: the shortest ones.
        most: Examples in all; of more, those of the latest rounds stay.
        references: Whether rows made from given solutions count too, for tasks the agent has not solved itself.
    """

    per_task: int = 1
    most: int = 2000
    references: bool = False

    def __post_init__(self) -> None:
        if self.per_task < 1 or self.most < 1:
            raise RecipeError(
                f"prompt_bank: per_task {self.per_task}, most {self.most}", expected="numbers of 1 or more"
            )

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        """The agent with the examples it has earned; the same rows give the same store.

        Raises:
            StorageError: The store cannot be written.
        """
        views = {task.task_id: task.view() for task in state.tasks}
        rows = [row for row in examples if row.task_id in views and (self.references or row.origin != "reference")]
        bank = self._kept([*agent.demonstrations, *(_demonstration(row, views) for row in rows)])
        write_text(state.folder / FILE, "".join(f"{canonical(item)}\n" for item in bank))
        return replace(
            agent,
            demonstrations=tuple(bank),
            fingerprint=identify([state.base.fingerprint, bank]) if bank else state.base.fingerprint,
            parent=agent.fingerprint,
            rows=identify(list(examples)),
            round=state.round,
        )

    def _kept(self, items: Iterable[Demonstration]) -> list[Demonstration]:
        """The shortest of each task, solutions and repairs apart; equal programs once; in the order they came."""
        groups: dict[tuple[str, bool], dict[str, Demonstration]] = {}
        for item in items:
            groups.setdefault((item.view.task_id, bool(item.wrong)), {}).setdefault(item.program, item)
        best = [item for own in groups.values() for item in _shortest(own.values(), self.per_task)]
        return sorted(best, key=lambda item: item.round)[-self.most :]


def _shortest(items: Iterable[Demonstration], most: int) -> list[Demonstration]:
    """A task's own solutions before given ones, then by length."""
    return sorted(items, key=lambda item: (not item.attempt, len(item.program)))[:most]


def _demonstration(row: Example, views: Mapping[str, TaskView]) -> Demonstration:
    """What a row teaches: a repair where the program that was repaired is known, else a solution."""
    repaired = row.origin == "repair" and bool(row.rejected)
    return Demonstration(
        view=views[row.task_id],
        program=row.program,
        wrong=row.rejected if repaired else "",
        feedback=row.feedback if repaired else "",
        attempt=row.attempt,
        verdict=row.verdict,
        round=row.round,
        licence=row.licence,
    )
