"""What the words of a task give away: of its prompt, and of its tests read one by one. Nothing runs here.

Beyond `etude.sources.check`: that says whether a task is well formed, this whether it is fair and asks anything.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from etude.auditing.card import Finding
from etude.auditing.exams import LARGEST, Question, plans, questions, tests_of
from etude.judges.values import brief, equal
from etude.programs.parse import parse, tidy
from etude.records import Tests, canonical
from etude.tasks import Task

SHOWN = 200  # characters of a detail
NEAR = 60  # squeezed characters after a call in which its result is looked for
LEAST_BODY = 14
NEVER = "it never used the program"
Look = Callable[[Task], Iterator[str]]


def defects(task: Task) -> list[Finding]:
    """What is wrong with the words."""
    return _looked(task, _DEFECTS)


def remarks(task: Task) -> list[Finding]:
    """What is worth knowing."""
    return _looked(task, _REMARKS)


def _looked(task: Task, looks: Sequence[tuple[str, Look]]) -> list[Finding]:
    return [Finding(name=name, detail=detail[:SHOWN]) for name, look in looks for detail in look(task)]


def _asked(task: Task) -> list[Question]:
    return [item for tests in tests_of(task) for item in questions(tests, task.facts.entry_point)]


def _seen(task: Task) -> str:
    """Everything that a model reads of a task."""
    shown = task.facts.shown
    calls = [item.ask for item in questions(shown, task.facts.entry_point)]
    return "\n".join([task.facts.prompt, *shown.assertions, *calls, shown.check])


def _by_name(task: Task) -> bool:
    """Whether the tests need a function of a given name."""
    return bool(task.facts.entry_point) and task.hidden.kind in ("assertions", "calls", "check")


def unnamed(task: Task) -> Iterator[str]:
    """The name that the tests call stands nowhere."""
    name = task.facts.entry_point
    if _by_name(task) and not re.search(rf"\b{re.escape(name)}\b", _seen(task)):
        yield f"neither the prompt nor a shown test says that the function is called {name}"


def unsigned(task: Task) -> Iterator[str]:
    """The name stands there, but not how it is called, and there is more than one argument to be ordered."""
    name, seen = task.facts.entry_point, _seen(task)
    named = re.search(rf"\b{re.escape(name)}\b", seen) if name else None
    if not _by_name(task) or not named or re.search(rf"\b{re.escape(name)}\s*\(", seen):
        return
    most = max((_count(item.ask) for item in _asked(task)), default=0)
    if most > 1:
        yield f"{name} is called with {most} arguments, of which the prompt states neither number nor order"


def _count(ask: str) -> int:
    call = _call(ask)
    return len(call.args) if call else 0


def _call(ask: str) -> ast.Call | None:
    tree = parse(ask, LARGEST)
    value = tree.body[0].value if tree and tree.body and isinstance(tree.body[0], ast.Expr) else None
    return value if isinstance(value, ast.Call) else None


def unnamed_keywords(task: Task) -> Iterator[str]:
    """A keyword argument of the tests that nobody was told of."""
    seen = _seen(Task(facts=task.facts, hidden=Tests()))
    names = {name for item in questions(task.hidden, task.facts.entry_point) for name in _keywords(item.ask)}
    for name in sorted(names):
        if not re.search(rf"\b{re.escape(name)}\b", seen):
            yield f"the tests pass {name}= by name"


def _keywords(ask: str) -> Iterator[str]:
    for item in call.keywords if (call := _call(ask)) else ():
        if item.arg:
            yield item.arg
        elif isinstance(item.value, ast.Dict):
            yield from (str(key.value) for key in item.value.keys if isinstance(key, ast.Constant))


def told(task: Task) -> Iterator[str]:
    """A prompt that holds the reference."""
    body = _squeezed(_body(task))
    if len(body) >= LEAST_BODY and body in _squeezed(task.facts.prompt):
        yield f"the prompt holds the body of the reference: {body[:80]}"


def _body(task: Task) -> str:
    """The reference's own words: the body of the entry point, or what it adds to a prompt that it continues."""
    if task.facts.kind == "complete" and task.reference.startswith(task.facts.prompt):
        return task.reference[len(task.facts.prompt) :]
    tree = parse(task.reference, LARGEST)
    for item in tree.body if tree and task.facts.kind != "puzzle" else ():
        if isinstance(item, ast.FunctionDef) and item.name == task.facts.entry_point:
            return (ast.get_source_segment(task.reference, item) and "\n".join(map(ast.unparse, item.body))) or ""
    return "" if task.facts.entry_point else task.reference


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text).replace('"', "'")


def given_away(task: Task) -> list[str]:
    """Hidden questions whose answers the prompt states, and that are no shown tests."""
    prompt = _squeezed(task.facts.prompt)
    found = []
    for item in questions(task.hidden, task.facts.entry_point):
        ask = _squeezed(item.ask)
        after = [prompt[at.end() : at.end() + NEAR] for at in re.finditer(re.escape(ask), prompt)]
        if item.known and any(_squeezed(repr(item.expected)) in text for text in after):
            found.append(item.ask)
    return found


def all_given_away(task: Task) -> Iterator[str]:
    """Every hidden test stands in the prompt."""
    asked = questions(task.hidden, task.facts.entry_point)
    if asked and len(given_away(task)) == len(asked):
        yield f"all {len(asked)} with their answers, such as {asked[0].ask[:100]}"


def some_given_away(task: Task) -> Iterator[str]:
    """Some hidden tests stand in the prompt."""
    asked, found = questions(task.hidden, task.facts.entry_point), given_away(task)
    if found and len(found) < len(asked):
        yield f"{len(found)} of {len(asked)}, such as {found[0][:100]}"


def contradictory(task: Task) -> Iterator[str]:
    """Two tests that no program can pass."""
    wanted: dict[str, object] = {}
    for item in _asked(task):
        key = tidy(item.ask)
        if item.known and key in wanted and not equal(wanted[key], item.expected):
            yield f"{item.ask[:100]} is to give {brief(wanted[key])[:40]} and {brief(item.expected)[:40]}"
        if item.known:
            wanted.setdefault(key, item.expected)


def uniform(task: Task) -> Iterator[str]:
    """One expected value: whoever returns it always, passes."""
    asked = _asked(task)
    values = [item.expected for item in asked if item.known]
    sound = all(
        not plan or not plan.broken for tests in tests_of(task) for plan in plans(tests, task.facts.entry_point)
    )
    if (
        values
        and sound
        and len(values) == len(asked) == _parts(task)
        and all(_same(values[0], item) for item in values)
    ):
        yield _wants(len({tidy(item.ask) for item in asked}), values[0])
    printed = [pair.stdout.strip() for tests in tests_of(task) for pair in tests.stdio]
    if printed and len(set(printed)) == 1:
        yield _wants(len(printed), printed[0])


def _wants(count: int, value: object) -> str:
    return f"{f'{count} tests, and every one' if count > 1 else 'one test, which'} wants {brief(value)[:100]}"


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and equal(one, other)


def _parts(task: Task) -> int:
    """How many questions there would be if all tests could be read."""
    read = [(tests, questions(tests, task.facts.entry_point)) for tests in tests_of(task)]
    return sum(len(found) if tests.kind in ("calls", "check") else len(tests) for tests, found in read)


def idle(task: Task) -> Iterator[str]:
    """Tests that never call what they are to test."""
    name = task.facts.entry_point
    for tests in tests_of(task):
        texts = tests.assertions or ((tests.check,) if tests.check else ())
        for text, plan in zip(texts, plans(tests, name), strict=True):
            if (plan and plan.broken == NEVER) or (plan is None and not _uses(text, tests, name)):
                yield text.strip().replace("\n", " ")[:150]
        if tests.puzzle and not _reads_answer(tests.puzzle):
            yield "sat never looks at the answer"


def _uses(text: str, tests: Tests, name: str) -> bool:
    tree = parse(text, LARGEST)
    found = (
        [item for item in ast.walk(tree) if isinstance(item, ast.FunctionDef) and item.name == "check"] if tree else []
    )
    names = {name} | {item.arg for check in found for item in check.args.args[:1]}
    loads = [item.id for item in (ast.walk(tree) if tree else ()) if isinstance(item, ast.Name)]
    return bool(names & set(loads)) or not (tests.check or name)


def _reads_answer(puzzle: str) -> bool:
    tree = parse(puzzle, LARGEST)
    found = [item for item in (tree.body if tree else []) if isinstance(item, ast.FunctionDef) and item.name == "sat"]
    if not found or not found[-1].args.args:
        return True
    answer = found[-1].args.args[0].arg
    return any(isinstance(item, ast.Name) and item.id == answer for node in found[-1].body for item in ast.walk(node))


def without_reference(task: Task) -> Iterator[str]:
    """Nothing shows that the task can be solved."""
    if not task.reference.strip():
        yield "nothing shows that a right program passes"


def repeated(task: Task) -> Iterator[str]:
    """A test that is stated twice."""
    for tests in (task.hidden, task.facts.shown):
        stated = [*map(tidy, tests.assertions), *map(canonical, tests.calls), *map(canonical, tests.stdio)]
        twice = sorted({text for text in stated if stated.count(text) > 1}) if len(stated) < 2000 else []
        yield from (text[:150] for text in twice)


def all_shown(task: Task) -> Iterator[str]:
    """No hidden test at all."""
    shown = task.facts.shown.kind
    if task.hidden.kind is None and shown not in (None, "puzzle"):
        yield "every test is shown; a pass there says little"


def unused(task: Task) -> Iterator[str]:
    """An argument that the reference never reads: it may be the reference that is wrong."""
    tree = parse(task.reference, LARGEST)
    for item in tree.body if tree and task.facts.entry_point else ():
        if isinstance(item, ast.FunctionDef) and item.name == task.facts.entry_point:
            read = {node.id for node in ast.walk(item) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
            names = [argument.arg for argument in item.args.args if argument.arg not in read]
            yield from (f"the reference never reads {name}" for name in names)


_DEFECTS: tuple[tuple[str, Look], ...] = (
    ("entry point not in the prompt", unnamed),
    ("signature not in the prompt", unsigned),
    ("keyword not in the prompt", unnamed_keywords),
    ("reference in the prompt", told),
    ("hidden tests in the prompt", all_given_away),
    ("contradictory tests", contradictory),
    ("one expected value", uniform),
    ("tests never call the program", idle),
)
_REMARKS: tuple[tuple[str, Look], ...] = (
    ("no reference", without_reference),
    ("some hidden tests in the prompt", some_given_away),
    ("test stated twice", repeated),
    ("no hidden tests", all_shown),
    ("argument not used", unused),
)
