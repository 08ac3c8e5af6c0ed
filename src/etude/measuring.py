"""How a run measures: its parts read off as one `Measurement`, and what every report is told besides its numbers.

It draws nothing and judges nothing. What a solver would say to a task it has not met is not asked; a part that is no
dataclass is described by the settings that the recipe gives it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from etude.config import Part
from etude.measurement import Measurement
from etude.models.prompts import source_of, stops_for, template_for
from etude.models.reply import PARSER, holds_program
from etude.protocols import Judged
from etude.records import Json, Report, encode, identify
from etude.tasks import Task

NOT_PROTOCOL = ("samples", "temperature", "top_p", "max_tokens")
"""Settings of a solver that are told elsewhere, or of which a number does not depend."""
HASH = 12


def measurement(
    estimator: str, solver: object, solver_part: Part, judge: object, judge_part: Part, exam: Sequence[Task], level: str
) -> Measurement:
    """The protocol of an examination.

    Args:
        solver: Who attempts the tasks, with the recipe's part that names it.
        judge: Who decides, with its part.
        exam: The tasks: of them only the kinds count.
        level: The isolation in force.
    """
    kinds = {task.facts.kind: task.facts for task in exam}
    own = settings(solver, solver_part)
    drawing = {key: own.get(key) for key in NOT_PROTOCOL}
    names = sorted(
        {
            str(value or template_for(view, repair="repair" in key))
            for key, value in own.items()
            if key == "template" or (key == "repair_template" and own.get("repairs", 1))
            for view in kinds.values()
        }
    )
    return Measurement(
        estimator=estimator,
        solver={key: value for key, value in own.items() if key not in NOT_PROTOCOL},
        prompts={name: hashlib.sha256(source_of(name).encode()).hexdigest()[:HASH] for name in names},
        parser=PARSER,
        stop={kind: stops_for(view) for kind, view in sorted(kinds.items())},
        temperature=drawing["temperature"],
        top_p=drawing["top_p"],
        max_tokens=drawing["max_tokens"],
        judge=settings(judge, judge_part),
        sandbox=level,
    )


def judged_again(known: Measurement | None, judge: object, judge_part: Part, level: str) -> Measurement | None:
    """The protocol of numbers whose verdicts were given anew: everything else is what it was."""
    return replace(known, judge=settings(judge, judge_part), sandbox=level) if known else None


def settings(part: object, named: Part) -> dict[str, Json]:
    """A part's settings as JSON, with its defaults; `use` is its name."""
    if dataclasses.is_dataclass(part):
        found: Mapping[str, Any] = {
            item.name: getattr(part, item.name) for item in dataclasses.fields(part) if item.init
        }
    else:
        found = named.settings
    plain = {key: encode(value) for key, value in sorted(found.items()) if not callable(value)}
    text: dict[str, Json] = json.loads(json.dumps({"use": named.use, **plain}, default=str))
    return text


def exam_digest(exam: Sequence[Task]) -> str:
    """A hash of the tasks, hidden tests among them, in any order."""
    return identify(sorted(identify(task) for task in exam))


def told(report: Report, how: Measurement, exam: Sequence[Task], judged: Sequence[Judged]) -> Report:
    """The report with its protocol, its exam, and the replies that held no program."""
    wrong = [item for item in judged if not item.attempt.parent and not item.verdict.passed]
    empty = sum(not holds_program(item.attempt.program, item.task.facts) for item in wrong)
    return replace(report, measurement=how, exam=exam_digest(exam), no_program=empty)
