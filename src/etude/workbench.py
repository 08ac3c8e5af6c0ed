"""What a solver works at: the agent's model behind the sample cache, and a sandbox that runs shown tests only.

The bench is handed views, never tasks, so nothing a solver can ask of it touches a hidden test.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from etude.errors import RecipeError
from etude.judges.examine import Exam, examine
from etude.ledger import Ledger
from etude.models.cache import Cached
from etude.protocols import Model, Sandbox
from etude.records import Agent, Attempt, Completion, Job, Limits, Outcome, Request, Run, TaskView, Verdict, canonical
from etude.sandbox.measured import narrate, read_measured

STEPS = 24  # lines of a trace in a prompt
CHUNK = 64  # programs examined between two writes to the ledger: what a kill can cost


class Bench:
    """A `Workbench` whose every sample and outcome is remembered by a run's ledger.

    Args:
        model: The agent's model.
        sandbox: Where shown tests run.
        ledger: Remembers completions and outcomes.
        limits: Of one program on its shown tests.
        drawn: Called with each completion, cached or new.
        oracle: Gives the verdicts of the judge itself; None where nobody may ask for them.
    """

    def __init__(
        self,
        model: Model,
        sandbox: Sandbox,
        ledger: Ledger,
        *,
        limits: Limits | None = None,
        drawn: Callable[[Completion], None] | None = None,
        oracle: Callable[[Sequence[Attempt]], list[Verdict]] | None = None,
    ) -> None:
        self._model, self._sandbox, self._ledger = Cached(model, ledger), sandbox, ledger
        self._limits, self._drawn, self._oracle = limits or Limits(), drawn, oracle

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Completions for the requests, those already paid for first."""
        for completion in self._model.generate(requests):
            if self._drawn:
                self._drawn(completion)
            yield completion

    def check(self, programs: Sequence[tuple[TaskView, str]]) -> list[Outcome]:
        """The outcome of each program on its task's shown tests, in order."""
        keys = self._keys(programs)
        known = self._ledger.outcomes(keys)
        missing = {key: pair for key, pair in zip(keys, programs, strict=True) if key not in known}
        names = list(missing)
        for start in range(0, len(names), CHUNK):
            part = names[start : start + CHUNK]
            outcomes = examine([self._exam(*missing[key]) for key in part], self._sandbox)
            fresh = dict(zip(part, outcomes, strict=True))
            known.update(fresh)
            self._ledger.add_outcomes({key: item for key, item in fresh.items() if item.status != "unavailable"})
        return [known[key] for key in keys]

    def fits(self, prompt: str, max_tokens: int) -> bool:
        """Whether a prompt and its answer fit into the model's context; a model that cannot say has room."""
        asked = getattr(self._model.model, "fits", None)
        return bool(asked(prompt, max_tokens)) if asked else True

    def trace(self, questions: Sequence[tuple[str, str]]) -> list[str]:
        """For each (program, expression) what the program's lines do when it is asked that; "" where nothing is known.

        It is what the program's own process says, fit for feedback and for nothing else.
        """
        jobs = [
            Job(source=program, asks=(question,), measure=("trace",), limits=self._limits)
            for program, question in questions
        ]
        return [_narrated(job, run) for job, run in zip(jobs, self._sandbox.run(jobs), strict=True)]

    def passes(self, attempts: Sequence[Attempt]) -> list[bool | None]:
        """Whether each attempt passes every test, the hidden ones among them.

        Raises:
            RecipeError: The recipe allows no oracle in this stage.
        """
        if self._oracle is None:
            raise RecipeError(
                "the solver wants to know whether hidden tests pass, and the recipe does not allow it here",
                choices=('oracle = "train"', 'oracle = "always"'),
                fix='set solver.gate = "shown", or allow it with --oracle train (training tasks only)',
            )
        return [verdict.passed for verdict in self._oracle(attempts)]

    def beside(self, model: Model) -> "Bench":
        """The same bench with another model: a writer of repairs, say, that is not the writer of programs."""
        return Bench(model, self._sandbox, self._ledger, limits=self._limits, drawn=self._drawn, oracle=self._oracle)

    def _exam(self, view: TaskView, program: str) -> Exam:
        return Exam(program, view.shown, view.entry_point, self._limits, language=view.language)

    def _keys(self, programs: Sequence[tuple[TaskView, str]]) -> list[str]:
        """What each program and its tests are remembered by; a view that many share is written out once."""
        views = {id(view): view for view, _ in programs}
        tests = {name: canonical(_asked(view, self._limits)) for name, view in views.items()}
        texts = [f"{canonical([program])[:-1]},{tests[id(view)][1:]}" for view, program in programs]
        return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def _asked(view: TaskView, limits: Limits) -> list[object]:
    """What the outcome of a program depends on besides its text."""
    return [view.shown, view.entry_point, limits, *([view.language] if view.language != "python" else [])]


def _narrated(job: Job, run: Run) -> str:
    """The steps inside the program's functions; those of its definitions tell nothing."""
    found = read_measured(run.measured)
    if found is None or found.trace is None:
        return ""
    steps = tuple(step for step in found.trace.steps if step.function != "<module>")
    return narrate(job.source, replace(found.trace, steps=steps), most=STEPS)


def model_of(model: Any, agent: Agent) -> Model:
    """The model part with the agent's weights: the same settings at another path."""
    if getattr(model, "path", agent.model) == agent.model:
        return model  # type: ignore[no-any-return]
    moved: Model = replace(model, path=agent.model)
    return moved
