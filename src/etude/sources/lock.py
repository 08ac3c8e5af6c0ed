"""Which task sets hold a test split, and who may open them: whoever measures, guards or looks, never who practises.

A split named `test` is locked; so is a set read whole that has such a split (`mbpp:PATH` holds MBPP's test tasks).
A set that is nothing but an exam, as HumanEval is, is there to be measured on and needs no unlocking for that;
practising on it is refused as well. A file of one's own is locked only where its split is named: `jsonl:PATH[test]`.
"""

import inspect
from typing import Any, Literal

from etude.config import Part, find
from etude.errors import LockedError

Reading = Literal["practice", "measure", "guard", "look"]
"""What a task set is opened for: to be practised on (training and validation), to measure, to keep training rows and
proposals away from it, or to be shown, audited, or judged again."""
TEST, WHOLE = "test", "all"
FLAG = "--unlock-test"


def holds_test(source: str, split: str = "") -> bool:
    """Whether a source read with this split ("" for its default) yields tasks of a test split."""
    known = inspect.signature(find("sources", source)).parameters
    if "split" not in known or is_exam(source):
        return False
    default = known["split"].default
    return (split or default) == TEST or default == WHOLE == (split or default)


def is_exam(source: str) -> bool:
    """Whether a source is an exam and nothing else: it has no split to practise on."""
    return bool(getattr(find("sources", source), "exam_only", False))


def part_holds_test(part: Part) -> bool:
    """The same of a part of a recipe, `{use = "lab", split = "test"}` or one that names a task set in `tasks`; an exam
    counts too.
    """
    from etude.sources.task_set import parse_task_set

    settings: dict[str, Any] = part.settings
    chosen = parse_task_set(settings["tasks"]) if isinstance(settings.get("tasks"), str) else None
    source, split = (chosen.source, chosen.split) if chosen else (part.use, str(settings.get("split", "")))
    return holds_test(source, split) or is_exam(source)


def require_unlocked(text: str, source: str, split: str, unlocked: bool) -> None:
    """Lets a measurement pass that reads no test split, or that is unlocked.

    Args:
        text: The task set as it was given; `source` and `split` are what it says.

    Raises:
        LockedError: The test split is read and nobody has unlocked it.
    """
    if not unlocked and holds_test(source, split):
        what = "is a test split" if split == TEST else "is read whole, its test split with it"
        raise LockedError(
            f"{text} {what}, and it is locked",
            expected="another split while you are still choosing: a test that is looked at twice is a test no more",
            choices=("[validation]", "[train]", FLAG),
            fix=f"add {FLAG} (in a recipe: [suite] unlock_test = true); every reading is recorded",
        )


def require_no_test(text: str, source: str, split: str) -> None:
    """Refuses a task set that is to be practised on or chosen by, and holds test tasks.

    Raises:
        LockedError: It does.
    """
    if holds_test(source, split) or is_exam(source):
        raise practised(text)


def practised(what: str) -> LockedError:
    """The refusal for training code; no flag lifts it."""
    return LockedError(
        f"{what} holds test tasks: neither training nor validation can open it",
        expected="a split to practise on, such as [train]",
        fix="name another split; a task file of your own without a split is open",
    )
