"""The outcome files of Dr. Boot, read and checked; `etude.outcomes.drboot` makes tables of them.

Two kinds of files, told apart by their names. A test file (`test_full_bootstrap_mbpp_1.json`) holds the outcomes of one
trained model on the test split: greedy scores in percent and, per task, how many of n samples were right, before and
after one repair of each wrong sample. A run log (`full_feedback_mbpp_1.json`) holds greedy scores per round of
bootstrapping. A number that cannot be true is an error with file and place; nothing is guessed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from etude.errors import InputError
from etude.records import Json
from etude.sources.files import absent, readable
from etude.sources.rows import read_json, type_name
from etude.suites.estimate import task_values

NAME = re.compile(
    r"(?P<test>test_)?(?P<arm>regular|plain|simple|full)(_bootstrap\w*|_feedback(_bootstrap)?)?_(?P<tasks>mbpp|apps)"
    r"_(?P<run>\d+)\.json(\.gz)?"
)
PUBLISHED = "files named as published, such as test_full_bootstrap_mbpp_1.json or plain_bootstrap_apps_2.json"
GREEDY = {
    "baseline_1_test": ("plain", "greedy"),
    "simple_feedback_test_greedy_pass@1": ("simple", "greedy"),
    "full_feedback_test_greedy_pass@1": ("full", "greedy"),
    "simple_feedback_repair_test_greedy_repair@1": ("simple", "repaired"),
    "full_feedback_repair_test_greedy_repair@1": ("full", "repaired"),
}
SAMPLED = {
    "baseline_3_test": ("plain", "samples"),
    "simple_feedback_test": ("simple", "samples"),
    "full_feedback_test": ("full", "samples"),
    "simple_feedback_repair_test": ("simple", "repaired_samples"),
    "full_feedback_repair_test": ("full", "repaired_samples"),
}
ERRORS = {
    "simple_feedback_test_greedy_pass@1_errors_to_count": ("simple", "greedy_errors"),
    "full_feedback_test_greedy_pass@1_errors_to_count": ("full", "greedy_errors"),
}
ERRORS_OF_REPAIRS = ("repair@1_errors_to_count", "repair@1_repaired_errors_to_count")
CLOSE = 1e-6
NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """How many of the n samples of each task were right.

    Attributes:
        said: k -> pass@k in percent as the file itself states it.
        errors: Error class -> samples that ended in it, where the file counts them.
    """

    n: int
    right: Mapping[str, int]
    said: Mapping[int, float]
    errors: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One trained model under one prompt: percentages of greedy decoding, and counts of samples; None is not measured.

    `repaired` and `repaired_samples` count a task, or a sample, that was right at first or after one repair.
    """

    greedy: float | None = None
    repaired: float | None = None
    samples: Samples | None = None
    repaired_samples: Samples | None = None
    greedy_errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One test file: prompt (`plain`, `simple`, `full`) -> what was measured; `unread` are keys of no known meaning."""

    where: str
    arm: str
    tasks: str
    run: int
    prompts: Mapping[str, Measured]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One run log: the name of a measurement -> its percentage per round, the untrained model first."""

    where: str
    arm: str
    tasks: str
    run: int
    rounds: Mapping[str, tuple[float, ...]]


def read_outcomes(place: Path) -> tuple[list[Tested], list[Logged]]:
    """All test files and run logs at a place: one file, or a folder that is searched with its subfolders.

    Raises:
        InputError: Nothing is there, no file is named as published, or some are not what they should be; all of those
            are named, each with its fault.
    """
    tested: list[Tested] = []
    logged: list[Logged] = []
    faults: list[str] = []
    for file, name in _named(place):
        try:
            item = _read(file, name)
        except InputError as error:
            faults.append(error.found)
            continue
        (tested if isinstance(item, Tested) else logged).append(item)  # type: ignore[arg-type]  # as the line asks
    if faults:
        raise _refused(place, faults)
    return tested, logged


def _named(place: Path) -> list[tuple[Path, re.Match[str]]]:
    place = place.expanduser()
    with readable(place):
        if not place.exists():
            raise absent(place)
        files = sorted(item for item in place.rglob("*") if item.is_file()) if place.is_dir() else [place]
    found = [(file, name) for file in files if (name := NAME.fullmatch(file.name))]
    if not found:
        raise InputError(
            f"{place} holds no outcomes of Dr. Boot: none of its {len(files)} files has such a name",
            expected=PUBLISHED,
            choices=tuple(file.name for file in files[:5]),
            fix="git clone https://github.com/NoahVl/Dr-Boot, then etude import drboot-outcomes CLONE/results",
        )
    return found


def _refused(place: Path, faults: Sequence[str]) -> InputError:
    more = [f"… and {len(faults) - NAMED} more"] if len(faults) > NAMED else []
    head = [f"{place}: {len(faults)} files are no outcomes of Dr. Boot"] if len(faults) > 1 else []
    return InputError(
        "\n".join([*head, *faults[:NAMED], *more]),
        expected="test files and run logs as they are published; no number is taken from a damaged set",
        fix="get the named files again, or move them out of the folder",
    )


def _read(file: Path, name: re.Match[str]) -> Tested | Logged:
    document = read_json(file)
    if not isinstance(document, dict) or not document:
        raise InputError(f"{file} holds {type_name(document)} where an object of measurements was expected")
    arm, tasks, run = name["arm"], name["tasks"], int(name["run"])
    if not name["test"]:
        rounds = {key: tuple(_percents(value, f"{file}, {key}")) for key, value in document.items()}
        return Logged(where=str(file), arm=arm, tasks=tasks, run=run, rounds=rounds)
    prompts = {prompt: _measured(document, prompt, file) for prompt in ("plain", "simple", "full")}
    known = {prompt: item for prompt, item in prompts.items() if item != Measured()}
    if not known:
        raise InputError(f"{file} has none of the measurements of a test file: {', '.join(list(document)[:5])}")
    spare = [key for key in document if key not in GREEDY | SAMPLED | ERRORS and not key.endswith(ERRORS_OF_REPAIRS)]
    return Tested(where=str(file), arm=arm, tasks=tasks, run=run, prompts=known, unread=tuple(spare))


def _measured(document: Mapping[str, Json], prompt: str, file: Path) -> Measured:
    greedy = {to: _percents(value, at, 1)[0] for to, value, at in _of(document, GREEDY, prompt, file)}
    samples = {to: _samples(_single(value, at), at) for to, value, at in _of(document, SAMPLED, prompt, file)}
    errors = {to: _counts(_single(value, at), at) for to, value, at in _of(document, ERRORS, prompt, file)}
    item = Measured(**greedy, **samples, **errors)  # type: ignore[arg-type]  # each name comes with its own kind
    _consistent(item, f"{file}, prompt {prompt}")
    return item


def _of(
    document: Mapping[str, Json], names: Mapping[str, tuple[str, str]], prompt: str, file: Path
) -> Iterator[tuple[str, Json, str]]:
    """Field, value and place of every measurement of a prompt."""
    for key, (own, to) in names.items():
        if own == prompt and key in document:
            yield to, document[key], f"{file}, {key}"


def _single(value: Json, where: str) -> Json:
    if not isinstance(value, list) or len(value) != 1:
        raise InputError(f"{where}: {type_name(value)} where a list of one measurement was expected")
    return value[0]


def _percents(value: Json, where: str, length: int = 0) -> list[float]:
    items = value if isinstance(value, list) else []
    if not items or (length and len(items) != length):
        raise InputError(f"{where}: {type_name(value)} where a list of {length or 'one or more'} percentages belongs")
    for number, item in enumerate(items, 1):
        if type(item) not in (int, float) or not 0 <= item <= 100:
            raise InputError(f"{where}, number {number}: {item!r} is no percentage")
    return [float(item) for item in items]


def _samples(value: Json, where: str) -> Samples:
    entry = value if isinstance(value, dict) else {}
    n, said = entry.get("n"), entry.get("estimated", {})
    if type(n) is not int or n < 1:
        raise InputError(f"{where}: the number of samples per task is {n!r}")
    right = _counts(entry.get("task_id_to_total_correct"), where)
    if not right:
        raise InputError(f"{where}: no task_id_to_total_correct")
    if wrong := next((task for task, count in right.items() if count > n), None):
        raise InputError(f"{where}: task {wrong} has {right[wrong]} right samples of {n}")
    listed = entry.get("total_correct")
    if listed is not None and sorted(_whole(listed)) != sorted(right.values()):
        raise InputError(f"{where}: total_correct and task_id_to_total_correct differ")
    if not isinstance(said, dict) or not all(str(k).isdigit() for k in said):
        raise InputError(f"{where}: 'estimated' is {type_name(said)}, expected k -> percentage")
    stated = (
        dict(zip(map(int, said), _percents(list(said.values()), f"{where}, estimated"), strict=True)) if said else {}
    )
    errors = entry.get("errors_to_count", entry.get("repaired_errors_to_count", {}))
    return Samples(n=n, right=right, said=stated, errors=_counts(errors, where))


def _whole(values: Iterable[Json]) -> list[int]:
    return [value for value in values if type(value) is int] if isinstance(values, list) else []


def _counts(value: Json, where: str) -> dict[str, int]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: {type_name(value)} where an object of counts was expected")
    for name, count in value.items():
        if type(count) is not int or count < 0:
            raise InputError(f"{where}: {name} has the count {count!r}")
    return value


def _consistent(item: Measured, where: str) -> None:
    """A repair is an addition: it takes nothing away that was right."""
    if item.greedy is not None and item.repaired is not None and item.repaired < item.greedy - CLOSE:
        raise InputError(f"{where}: {item.repaired} percent after repair, {item.greedy} before")
    first, after = item.samples, item.repaired_samples
    if first is None or after is None:
        return
    if first.n != after.n or first.right.keys() != after.right.keys():
        raise InputError(f"{where}: the samples after repair are not of the same tasks as those before")
    if lost := next((task for task, count in first.right.items() if after.right[task] < count), None):
        raise InputError(f"{where}: task {lost} has {after.right[lost]} right after repair, {first.right[lost]} before")


def pass_at(samples: Samples | None, k: int, tasks: Iterable[str] | None = None) -> float | None:
    """Pass@k in percent by the unbiased estimator, over some tasks or all; None where it cannot be known."""
    if samples is None or k > samples.n:
        return None
    chosen = samples.right if tasks is None else {task: samples.right[task] for task in tasks if task in samples.right}
    values = task_values({task: (count, samples.n) for task, count in chosen.items()}, k).values()
    return 100 * sum(values) / len(values) if values else None


def misstated(samples: Samples) -> Iterator[tuple[int, float, float]]:
    """Every (k, stated, counted) where a file's own pass@k is not what its counts give."""
    for k, said in samples.said.items():
        found = pass_at(samples, k)
        if found is not None and abs(found - said) > CLOSE:
            yield k, said, found
