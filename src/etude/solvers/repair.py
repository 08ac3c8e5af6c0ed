"""One round of repair: a program that fails its shown tests is shown what the interpreter said, and written again.

Method: bootstrapping with repair (Dr. Boot, arXiv 2507.15889). A repair keeps its lineage: parent attempt and feedback.
Only shown tests are run, so the feedback is what a user without hidden tests could give too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etude.models.prompts import render, template_for
from etude.protocols import Budget, Workbench
from etude.records import Agent, Attempt, TaskView, identify
from etude.solvers.drafting import Draft, write
from etude.solvers.feedback import Level, feedback
from etude.solvers.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Samples as `Sample` does, then repairs what fails its shown tests.

    Attributes:
        repairs: Repairs per failed program.
        level: How much of the outcome the model is told.
        longest: Characters of the failing program that are kept in the prompt.
        repair_template: Template of the repair prompt; "" picks by the kind of the task.
    """

    samples: int = 4
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 512
    template: str = ""
    repairs: int = 1
    level: Level = "full"
    longest: int = 1000
    repair_template: str = ""

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        """Yields every first attempt as it is written, then the repairs of those that fail."""
        first = self._first()
        written: list[Attempt] = []
        for attempt in first.attempt(views, agent, bench, budget):
            written.append(attempt)
            yield attempt
        known = {view.task_id: view for view in views}
        drafts = self._drafts([(known[item.task_id], item) for item in written], bench)
        yield from write(drafts, agent, bench, budget, "repair", lambda view: first.sampling(view, budget))

    def _first(self) -> Sample:
        return Sample(
            samples=self.samples,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            template=self.template,
        )

    def _drafts(self, pairs: Sequence[tuple[TaskView, Attempt]], bench: Workbench) -> list[Draft]:
        """Repair drafts for the attempts that fail their shown tests; tasks without shown tests have none."""
        testable = [(view, attempt) for view, attempt in pairs if len(view.shown)]
        outcomes = bench.check([(view, attempt.program) for view, attempt in testable])
        drafts: list[Draft] = []
        for (view, attempt), outcome in zip(testable, outcomes, strict=True):
            said = feedback(outcome, self.level)
            if said:
                drafts.extend(self._repairs(view, attempt, said))
        return drafts

    def _repairs(self, view: TaskView, attempt: Attempt, said: str) -> list[Draft]:
        template = self.repair_template or template_for(view, repair=True)
        failing = attempt.completion[: self.longest]
        prompt = render(template, view, completion=failing, program=attempt.program[: self.longest], feedback=said)
        indices = range(attempt.sample_index * self.repairs, (attempt.sample_index + 1) * self.repairs)
        return [Draft(view, prompt, template, index, identify(attempt), said) for index in indices]
