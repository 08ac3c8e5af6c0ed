"""A task of your own: one row, checked field by field, becomes a task, or is refused with every reason.

The fields: `task_id`, `prompt`, `entry_point`, and exactly one kind of test: `calls`, `assertions`, `check`, `stdio`
or `puzzle`. Optional: `language` (python), `reference`, `shown` (indices of the tests a solver may see; none where
absent), `difficulty`, `licence`, `setup` (source run beside the program before its tests) and `context` (trusted source
that a `check` may use). `shown_assertions` are shown tests beside hidden ones of another kind, as the examples of a
docstring are. Fields with other names are ignored, unless they look like a misspelt one.

A list of tests may also be given as JSON text, since Parquet cannot hold lists of mixed values.
"""

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from etude.errors import InputError
from etude.programs.parse import assertion_fault, continues, defines, fault_in
from etude.records import Call, Exchange, Json, TaskView, Tests
from etude.sandbox.languages import named
from etude.sources.rows import Row, type_name
from etude.sources.spoken import language_faults
from etude.tasks import Task

LISTS = ("calls", "assertions", "stdio")
KINDS = (*LISTS, "check", "puzzle")
SOURCES = ("setup", "context")
TEXTS = ("prompt", "language", "entry_point", "reference", "difficulty", "licence", *SOURCES)
EXAMPLES = "shown_assertions"
FIELDS = ("task_id", *TEXTS, "shown", EXAMPLES, *KINDS)
LARGEST = 20_000_000  # characters of test source; the author of a task is trusted, and big checks exist
NAMED = 100  # refused rows named in one error

Fields = Mapping[str, Json]


def tasks_of(rows: Iterable[Row], origin: str, skip_invalid: bool = False) -> list[Task]:
    """The tasks that rows stand for.

    Raises:
        InputError: Rows are no tasks, all of them named with their reasons (`skip_invalid` leaves them out instead),
            or none is left.
    """
    tasks: list[Task] = []
    refused: list[str] = []
    lines: dict[str, str] = {}
    for row in rows:
        task, problems = task_of(row.values, origin)
        if task and task.task_id in lines:
            problems = [f"task_id {task.task_id!r} is already that of {lines[task.task_id]}"]
        elif task:
            lines[task.task_id] = row.where
            tasks.append(task)
        refused += [f"{row.where}: {problem}" for problem in problems]
    if refused and not (skip_invalid and tasks):
        raise refusal(refused, origin)
    return tasks


def refusal(problems: Sequence[str], origin: str) -> InputError:
    """The error that names every refused row (the first hundred, and how many more there are)."""
    more = [f"… and {len(problems) - NAMED} more"] if len(problems) > NAMED else []
    found = "\n".join([f"{origin}: {len(problems)} problems in its rows", *problems[:NAMED], *more])
    return InputError(
        found,
        expected=f"task_id, prompt, entry_point and one of {', '.join(KINDS)} in every row",
        fix="mend the rows, or leave them out with skip_invalid = true",
    )


def task_of(values: Fields, origin: str) -> tuple[Task | None, list[str]]:
    """The task that a row stands for, or None with every reason why it is none."""
    fields = {name: _plain(name, value) for name, value in values.items() if value is not None}
    problems = [*_named(fields), *_worded(fields), *_tested(fields)]
    return (None, problems) if problems else (_task(fields, origin), [])


def _plain(name: str, value: Json) -> Json:
    """A list of tests that was written as JSON text, as a list."""
    if name in (*LISTS, "shown", EXAMPLES) and isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _task(fields: Fields, origin: str) -> Task:
    kind = _kind(fields)
    shown, hidden = (_supported(tests, fields) for tests in _parted(fields, kind))
    puzzle = kind == "puzzle"
    entry_point = fields.get("entry_point", "sol" if puzzle else "")
    manner: Literal["complete", "instruct", "puzzle"] = "puzzle" if puzzle else "instruct"
    if not puzzle and entry_point and continues(fields["prompt"], entry_point):
        manner = "complete"
    return Task(
        facts=TaskView(
            task_id=str(fields["task_id"]),
            kind=manner,
            prompt=fields["prompt"],
            language=named(fields.get("language", "python")),
            entry_point=entry_point,
            shown=shown,
            difficulty=fields.get("difficulty", ""),
        ),
        hidden=hidden,
        reference=fields.get("reference", ""),
        origin=origin,
        licence=fields.get("licence", ""),
    )


def _kind(fields: Fields) -> str:
    return next(name for name in KINDS if name in fields)


def _parted(fields: Fields, kind: str) -> tuple[Tests, Tests]:
    """Shown tests and hidden tests. A puzzle's `sat` decides whether or not it is shown, and is shown in the prompt."""
    shown = set(fields.get("shown", []))
    if fields.get(EXAMPLES):
        return Tests(assertions=tuple(fields[EXAMPLES])), _parted({**fields, EXAMPLES: None, "shown": []}, kind)[1]
    if kind == "puzzle":
        tests = Tests(puzzle=fields[kind])
        return (tests if shown or fields[kind].strip() in fields["prompt"] else Tests()), tests
    if kind == "check":
        tests = Tests(check=fields[kind])
        return (tests, Tests()) if shown else (Tests(), tests)
    parsed = [_test(kind, item) for item in fields[kind]]
    return _tests(kind, parsed, shown.__contains__), _tests(kind, parsed, lambda index: index not in shown)


def _supported(tests: Tests, fields: Fields) -> Tests:
    """Tests of the task's kind with the source they stand on: `setup` beside the program, `context` beside a check."""
    own = tests.kind == _kind(fields)
    return replace(tests, **{name: fields.get(name, "") for name in SOURCES}) if own else tests


def _tests(kind: str, parsed: Sequence[Any], wanted: Callable[[int], bool]) -> Tests:
    chosen = tuple(item for index, item in enumerate(parsed) if wanted(index))
    if kind == "calls":
        return Tests(calls=chosen)
    return Tests(stdio=chosen) if kind == "stdio" else Tests(assertions=chosen)


def _test(kind: str, item: Json) -> str | Call | Exchange:
    if kind == "calls":
        return Call(args=tuple(item.get("args") or ()), kwargs=item.get("kwargs") or {}, expected=item["expected"])
    return Exchange(stdin=item["stdin"], stdout=item["stdout"]) if kind == "stdio" else str(item)


def _named(fields: Fields) -> list[str]:
    """What is wrong with the names of the fields and with the id."""
    problems = []
    for name in fields:
        close = difflib.get_close_matches(str(name), FIELDS, n=1, cutoff=0.8)
        if name not in FIELDS and close and close[0] not in fields:
            problems.append(f"unknown field {name!r}; did you mean {close[0]!r}?")
    task_id = fields.get("task_id")
    if task_id is None or task_id == "":
        problems.append("no task_id")
    elif not isinstance(task_id, str | int) or isinstance(task_id, bool):
        problems.append(f"task_id is {type_name(task_id)}, expected text")
    return problems


def _worded(fields: Fields) -> list[str]:
    """What is wrong with the fields that hold text."""
    problems = [
        f"{name} is {type_name(fields[name])}, expected text"
        for name in TEXTS
        if name in fields and not isinstance(fields[name], str)
    ]
    if not str(fields.get("prompt", "")).strip():
        problems.append("the prompt is empty" if "prompt" in fields else "no prompt")
    problems += language_faults(fields)
    entry_point = fields.get("entry_point", "")
    if isinstance(entry_point, str) and entry_point and not entry_point.isidentifier():
        problems.append(f"entry_point {entry_point!r} is not a name")
    return problems


def _tested(fields: Fields) -> list[str]:
    """What is wrong with the tests."""
    kinds = [name for name in KINDS if name in fields]
    if len(kinds) != 1:
        found = f"{len(kinds)} kinds of test ({', '.join(kinds)})" if kinds else "no tests"
        return [f"{found}, expected exactly one of {', '.join(KINDS)}"]
    kind, value = kinds[0], fields[kinds[0]]
    expected = list if kind in LISTS else str
    if not isinstance(value, expected) or not value:
        wanted = "a list" if expected is list else "source text"
        return [f"{kind} is {type_name(value)}, expected {wanted} that is not empty"]
    problems = (
        [] if fields.get("entry_point") or kind in ("stdio", "puzzle") else [f"no entry_point, which {kind} want"]
    )
    if isinstance(value, str):
        problems += _sourced(kind, value, "check" if kind == "check" else "sat")
    else:
        problems += [f"{kind}[{index}] {fault}" for index, item in enumerate(value) if (fault := _CHECKS[kind](item))]
    problems += [f"{name} does not parse ({why})" for name in SOURCES if (why := _unread(fields.get(name, "")))]
    problems += _exemplified(fields)
    return problems + _indexed(fields.get("shown", []), len(value) if kind in LISTS else 1)


def _sourced(kind: str, source: str, name: str) -> list[str]:
    if fault := fault_in(source, LARGEST):
        return [f"{kind} does not parse ({fault})"]
    return [] if defines(source, name, LARGEST) else [f"{kind} does not define {name}"]


def _exemplified(fields: Fields) -> list[str]:
    """What is wrong with shown assertions beside tests of another kind."""
    found = fields.get(EXAMPLES, [])
    if not isinstance(found, list):
        return [f"{EXAMPLES} is {type_name(found)}, expected a list"]
    if found and fields.get("shown"):
        return [f"both shown and {EXAMPLES}, expected one of them"]
    return [f"{EXAMPLES}[{at}] {fault}" for at, item in enumerate(found) if (fault := _assertion_fault(item))]


def _unread(source: Json) -> str:
    return fault_in(source, LARGEST) if isinstance(source, str) and source else ""


def _indexed(shown: Json, count: int) -> list[str]:
    if not isinstance(shown, list) or any(isinstance(item, bool) or not isinstance(item, int) for item in shown):
        return [f"shown is {json.dumps(shown)[:60]}, expected a list of test indices"]
    wrong = [item for item in shown if not 0 <= item < count]
    return [f"shown names test {wrong[0]}, but the tests are 0 to {count - 1}"] if wrong else []


def _call_fault(item: Json) -> str:
    if not isinstance(item, dict):
        return f"is {type_name(item)}, expected an object with args and expected"
    if unknown := [name for name in item if name not in ("args", "kwargs", "expected")]:
        return f"has an unknown key {unknown[0]!r}, expected args, kwargs, expected"
    if "expected" not in item:
        return "has no expected"
    if not isinstance(item.get("args") or [], list):
        return f"has args that are {type_name(item['args'])}, expected a list"
    if not isinstance(item.get("kwargs") or {}, dict):
        return f"has kwargs that are {type_name(item['kwargs'])}, expected an object"
    if isinstance(item["expected"], float) and math.isnan(item["expected"]):
        return "expects NaN, which equals nothing"
    return ""


def _exchange_fault(item: Json) -> str:
    if not isinstance(item, dict):
        return f"is {type_name(item)}, expected an object with stdin and stdout"
    missing = [name for name in ("stdin", "stdout") if not isinstance(item.get(name), str)]
    return f"has no text {missing[0]}" if missing else ""


def _assertion_fault(item: Json) -> str:
    if not isinstance(item, str):
        return f"is {type_name(item)}, expected text"
    fault = assertion_fault(item, LARGEST)
    return "" if fault.startswith("compares") else fault  # sound Python, if odd: `etude.sources.check` names it


_CHECKS: Mapping[str, Callable[[Json], str]] = {
    "calls": _call_fault,
    "stdio": _exchange_fault,
    "assertions": _assertion_fault,
}
