"""A run's programs as the sample files of HumanEval and EvalPlus: one JSON line for each program.

`solution` holds a whole program and is what EvalPlus and `etude judge` read; `completion` holds what follows the
task's prompt and is what HumanEval's own evaluator reads. The same programs are judged either way.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from etude.errors import InputError
from etude.folders import write_text
from etude.records import Attempt, Json

Form = Literal["solution", "completion"]
SPELLED = {"mbpp/": "Mbpp/"}
"""How EvalPlus spells the ids of task sets that we spell another way; our reader takes both."""


def sample_of(attempt: Attempt, form: Form) -> dict[str, Json] | None:
    """One line, or None where the program does not begin with its prompt and so has no completion."""
    name = attempt.task_id
    for ours, theirs in SPELLED.items():
        name = theirs + name.removeprefix(ours) if name.startswith(ours) else name
    if form == "solution":
        return {"task_id": name, "solution": attempt.program}
    if not attempt.prompt or not attempt.program.startswith(attempt.prompt):
        return None
    return {"task_id": name, "completion": attempt.program[len(attempt.prompt) :]}


def write_samples(attempts: Iterable[Attempt], target: Path, form: Form) -> dict[str, Json]:
    """Writes the samples of first attempts and repairs alike, and counts them.

    Raises:
        InputError: There is no attempt, or one has no completion.
        StorageError: It cannot be written.
    """
    found = [(attempt, sample_of(attempt, form)) for attempt in attempts]
    without = sorted({attempt.task_id for attempt, sample in found if sample is None})
    if without:
        raise InputError(
            f"programs of {len(without)} tasks do not begin with their prompt, such as {without[0]}",
            expected="tasks whose prompt is code that the model continues",
            fix="--as solution",
        )
    if not found:
        raise InputError("there is no attempt to write", expected="a stage and a round that were drawn")
    write_text(target, "".join(json.dumps(sample, ensure_ascii=False) + "\n" for _, sample in found))
    return {"to": str(target), "samples": len(found), "form": form}
