"""New arguments from known ones: changed a little, of the same types, never of another shape.

The values are plain data. Whether the reference takes them is for its run to say.
"""

import ast
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from etude.judges.rules.apart import take_assertion_apart, take_check_apart
from etude.programs.parse import parse
from etude.records import Tests
from etude.tasks import Task

Arguments = tuple[Any, ...]
CANDIDATE = "candidate"
LARGEST = 1_000_000
LETTERS = "abcxyzABZ 019-_.,()[]"


def known_arguments(task: Task) -> list[Arguments]:
    """The arguments that the tests of a task call its function with, where they are plain and given by position."""
    sets = [tests for tests in (task.hidden, task.facts.shown) if tests.kind]
    found = [given for tests in sets for given in _given(tests, task.facts.entry_point)]
    return list({repr(given): given for given in found}.values())


def _given(tests: Tests, entry_point: str) -> Iterator[Arguments]:
    yield from (call.args for call in tests.calls if not call.kwargs)
    plans = [(text, take_assertion_apart(text, entry_point)) for text in tests.assertions]
    plans += [(tests.check, take_check_apart(tests.check, tests.context, entry_point))] if tests.check else []
    for text, plan in plans:
        calls = [ast.parse(ask, mode="eval").body for ask in plan.asks] if plan else _calls(text, entry_point)
        for call in calls:
            if isinstance(call, ast.Call) and not call.keywords:
                try:
                    yield tuple(ast.literal_eval(item) for item in call.args)
                except (ValueError, TypeError, SyntaxError):
                    continue


def _calls(text: str, entry_point: str) -> list[ast.expr]:
    """The calls of the function in a test that cannot be taken apart."""
    tree = parse(text, LARGEST)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree else []
    return [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id in (entry_point, CANDIDATE)]


def changed(known: Sequence[Arguments], dice: Random, number: int) -> list[Arguments]:
    """At most `number` different new arguments, each made from known ones by one to three changes."""
    found: dict[str, Arguments] = {}
    old = {repr(given) for given in known}
    for _ in range(4 * number if known else 0):
        given = dice.choice(known)
        for _ in range(dice.randint(1, 3)):
            given = _with_one_changed(given, dice)
        if repr(given) not in old:
            found.setdefault(repr(given), given)
        if len(found) == number:
            break
    return list(found.values())


def smaller(given: Arguments) -> Iterator[Arguments]:
    """Arguments that are a little smaller, the smallest first."""
    for place, value in enumerate(given):
        for less in _less(value):
            yield (*given[:place], less, *given[place + 1 :])


def size(given: Any) -> int:
    """How large a value is: what minimising brings down."""
    if isinstance(given, str | list | tuple | set | dict):
        items = given.values() if isinstance(given, dict) else given
        return 1 + (2 * len(given) if isinstance(given, str) else sum(map(size, items)))
    return 1 + min(50, len(repr(given))) if given else 1


def _with_one_changed(given: Arguments, dice: Random) -> Arguments:
    if not given:
        return given
    place = dice.randrange(len(given))
    return (*given[:place], _changed(given[place], dice), *given[place + 1 :])


def _changed(value: Any, dice: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return dice.choice((value + 1, value - 1, 0, 1, -value, value * 2, value // 2, dice.randint(-20, 120)))
    if isinstance(value, float):
        return dice.choice((value + 0.5, -value, 0.0, value * 2, round(value), value + 0.01))
    if isinstance(value, str):
        return "".join(_row(list(value), dice, dice.choice(value or LETTERS), lambda item: dice.choice(LETTERS)))
    if isinstance(value, list | tuple):
        fresh = dice.choice(value) if value else 1
        return type(value)(_row(list(value), dice, fresh, lambda item: _changed(item, dice)))
    if isinstance(value, dict) and value:
        return {**value, dice.choice(list(value)): _changed(dice.choice(list(value.values())), dice)}
    return value


def _row(items: list[Any], dice: Random, fresh: Any, change: Any) -> list[Any]:
    """A row with an item more, less or changed, cut off, turned round, or with its beginning said again."""
    place = dice.randrange(len(items) + 1)
    kind = dice.randrange(7)
    if kind == 0 or not items:
        return [*items[:place], fresh, *items[place:]]
    if kind == 1:
        return [*items[:place], *items[place + 1 :]]
    if kind == 2:
        return items[::-1]
    if kind == 3:
        return items[:place]
    if kind == 4:
        return [*items, *items[:place]]
    place = min(place, len(items) - 1)
    return [*items[:place], change(items[place]), *items[place + 1 :]]


def _less(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield from ("".join(part) for part in _parts(list(value)))
    elif isinstance(value, list | tuple):
        yield from (type(value)(part) for part in _parts(list(value)))
        for place, item in enumerate(value[:12]):
            yield from (type(value)([*value[:place], less, *value[place + 1 :]]) for less in _less(item))
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 1:
        yield from (0, 1, value // 2 if value > 0 else -(-value // 2), value - 1 if value > 0 else value + 1)


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    """Each half of a row, and the row without one of its first items."""
    half = len(items) // 2
    yield from (items[:half], items[half:]) if half else ()
    yield from (items[:place] + items[place + 1 :] for place in range(min(len(items), 12)))
