"""Tests as the rows of other people's tools hold them, found and read as ours.

Four forms are data that a judge can decide by: pairs of stdin and stdout, calls with their values (`fn_name`, as
LiveCodeBench and APPS write them), assertions, and a source that defines `check(candidate)`. They lie in different
places, often as JSON text inside JSON; a few levels are searched. Whatever else decides in the other tool (a function
of its environment, a judge model, a container) is code and not in the row: such a row is refused.
"""

import ast
import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from etude.programs.parse import called, defines, parse
from etude.records import Json

DEPTH = 4
LARGEST = 50_000_000  # characters of packed tests, unpacked
ASSERTIONS = ("test_list", "assertions", "asserts", "assert_case")
NAMES = ("fn_name", "func_name", "entry_point", "function_name")
LANGUAGES = ("python", "python3", "py")


class Unreadable(Exception):
    """Why a row has no tests that can be read, in a few words."""


def fields_of(places: Sequence[Json]) -> dict[str, Json]:
    """The fields of our own format that hold a row's tests: one kind of test, and `entry_point` where one is called.

    Args:
        places: Parts of the row in which tests may lie, the likeliest first.

    Raises:
        Unreadable: There are none, or they are not what they seem.
    """
    for place in places:
        for item in _inside(place, DEPTH):
            if found := _read(item):
                return found
    raise Unreadable(
        "no tests were found in it that are data: pairs of input and output, assertions or check(candidate)"
    )


def require_python(*places: Json) -> None:
    """Refuses rows that say they are in another language.

    Raises:
        Unreadable: They do.
    """
    for place in places:
        language = place.get("language") if isinstance(place, Mapping) else None
        if isinstance(language, str) and language.casefold() not in LANGUAGES:
            raise Unreadable(f"its language is {language}, and only Python can be judged from this form")


def _inside(value: Json, depth: int) -> Iterator[Json]:
    """A value and what lies in it, outermost first; JSON text is opened."""
    value = opened(value)
    if isinstance(value, Mapping | list):
        yield value
    if isinstance(value, Mapping) and depth:
        for item in value.values():
            yield from _inside(item, depth - 1)


def opened(value: Json) -> Json:
    """The value of a text that is JSON of an object or a list; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _read(item: Json) -> dict[str, Json]:
    """The tests that an object or a list is, or {}."""
    if isinstance(item, Mapping):
        return _of_object(_unpacked(item))
    if item and all(isinstance(each, Mapping) and "input" in each and "output" in each for each in item):
        names = {name for each in item if (name := _name(each) or _name(opened(each.get("metadata")) or {}))}
        pairs = [(each["input"], each["output"]) for each in item]
        return _of_pairs(pairs, names.pop() if len(names) == 1 else "")
    return _of_assertions(item, "") if item and all(_is_assertion(each) for each in item) else {}


def _of_object(item: Mapping[str, Json]) -> dict[str, Json]:
    inputs, outputs = opened(item.get("inputs")), opened(item.get("outputs"))
    if isinstance(inputs, list) and isinstance(outputs, list):
        if len(inputs) != len(outputs) or not inputs:
            raise Unreadable(f"it has {len(inputs)} inputs and {len(outputs)} outputs")
        return _of_pairs(list(zip(inputs, outputs, strict=True)), _name(item))
    for key in ASSERTIONS:
        tests = opened(item.get(key))
        if isinstance(tests, list) and tests and all(isinstance(each, str) for each in tests):
            return _of_assertions(tests, _name(item))
    test = item.get("test")
    return _of_source(test, _name(item), str(item.get("prompt") or "")) if isinstance(test, str) else {}


def _of_source(test: str, name: str, prompt: str) -> dict[str, Json]:
    """A source that defines `check`, or is nothing but assertions."""
    if defines(test, "check"):
        if not name:
            raise Unreadable("it has a check and does not say what function is checked (entry_point)")
        context = prompt if prompt and parse(prompt) else ""
        return {"check": test, "entry_point": name, **({"context": context} if context else {})}
    tree = parse(test)
    if tree and tree.body and all(isinstance(line, ast.Assert) for line in tree.body):
        return _of_assertions([ast.unparse(line) for line in tree.body], name)
    return {}


def _of_assertions(tests: Sequence[str], name: str) -> dict[str, Json]:
    names = called(tests[0])
    if not (name or names):
        raise Unreadable("its assertions call no function")
    return {"assertions": list(tests), "entry_point": name or names[0]}


def _of_pairs(pairs: Sequence[tuple[Json, Json]], name: str) -> dict[str, Json]:
    if name:
        return {"calls": [_call(*pair) for pair in pairs], "entry_point": name}
    for value in (value for pair in pairs for value in pair):
        if not (isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))):
            raise Unreadable("its inputs and outputs are no text, and it does not say what function they are for")
    return {"stdio": [{"stdin": _text(given), "stdout": _text(wanted)} for given, wanted in pairs]}


def _call(given: Json, wanted: Json) -> dict[str, Json]:
    """Arguments as a list, or as text with one JSON value a line; the value as it is, or as JSON text."""
    try:
        args = [json.loads(line) for line in given.split("\n") if line.strip()] if isinstance(given, str) else given
        value = json.loads(wanted) if isinstance(wanted, str) else wanted
    except ValueError:
        raise Unreadable("its arguments or values are no JSON") from None
    if not isinstance(args, list):
        raise Unreadable("its arguments are no list")
    return {"args": args, "expected": value}


def _unpacked(item: Mapping[str, Json]) -> Mapping[str, Json]:
    """NeMo-Gym may pack tests: JSON, zlib, base64."""
    if not isinstance(item.get("packed"), str):
        return item
    try:
        packed = zlib.decompressobj().decompress(base64.b64decode(item["packed"]), LARGEST)
        tests: Any = json.loads(packed)
    except (ValueError, zlib.error) as error:
        raise Unreadable(f"its packed tests are damaged ({error})") from None
    return {**item, **tests} if isinstance(tests, Mapping) else item


def _name(item: Mapping[str, Json]) -> str:
    return next((str(item[key]) for key in NAMES if isinstance(item.get(key), str) and item[key]), "")


def _is_assertion(text: Json) -> bool:
    return isinstance(text, str) and text.lstrip().startswith("assert")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else "\n".join(value)
