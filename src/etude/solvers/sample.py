"""Independent samples: the same prompt, drawn several times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etude.models.prompts import template_for
from etude.protocols import Budget, Workbench
from etude.records import Agent, Attempt, Sampling, TaskView
from etude.solvers.drafting import Draft, sampling, write
from etude.solvers.fitting import fitted
from etude.solvers.shots import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Draws `samples` programs per task.

    Attributes:
        samples: Programs per task; 0 writes nothing.
        temperature: 0 is greedy.
        max_tokens: New tokens per completion, at most.
        template: Prompt template (`complete.v1`, a file …); "" picks by the kind of the task.
        shots: Worked examples in front of a prompt, at most, where the agent carries any (learner `prompt_bank`).
    """

    samples: int = 4
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 512
    template: str = ""
    shots: int = 0

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        """Writes every sample of every view; attempts come in the order in which the model answers."""
        samples = self.samples if budget.samples is None else budget.samples
        shelf = Shelf.of(agent, self.shots)
        drafts = [draft for view in views for draft in self.drafts(view, samples, bench, shelf)]
        yield from write(drafts, agent, bench, budget, "sample", lambda view: self.sampling(view, budget))

    def drafts(self, view: TaskView, samples: int, bench: Workbench, shelf: Shelf) -> list[Draft]:
        """The drafts of one task: one prompt, `samples` sample indices."""
        template = self.template or template_for(view, repair=False)
        prompt = shelf.before(fitted(template, view, bench, self.max_tokens), view, bench, self.max_tokens)
        return [Draft(view, prompt, template, index) for index in range(samples)]

    def sampling(self, view: TaskView, budget: Budget) -> Sampling:
        """The sampling parameters for one view."""
        return sampling(
            view, temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, seed=budget.seed
        )
