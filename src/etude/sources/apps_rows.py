"""Rows of APPS in the forms in which they are passed around, read into one `Problem`.

Three forms: the published one (`question`, `input_output`, `solutions`, the latter two as JSON text or as values), the
one of CodeRL (the same with `id` and `metadata`), and the one with `description`, `test_list` and `sample_io`, in which
arguments are text, one per line. `etude.sources.apps` makes tasks of problems.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from etude.errors import InputError
from etude.programs.parse import UNREADABLE, free_names
from etude.records import Call, Exchange, Json, Tests
from etude.sources.apps_examples import Extraction, extract, plain
from etude.sources.rows import Row, text_of, type_name, whole_of

IMPORTS = {
    "typing": ("List", "Dict", "Set", "Tuple", "Optional", "Union", "Any", "Callable", "Iterable", "Iterator"),
    "collections": ("defaultdict", "Counter", "deque", "OrderedDict", "namedtuple"),
    "functools": ("lru_cache", "reduce", "cmp_to_key", "cache"),
    "heapq": ("heappush", "heappop", "heapify", "heapreplace", "nlargest", "nsmallest"),
    "bisect": ("bisect_left", "bisect_right", "insort"),
    "itertools": ("accumulate", "combinations", "permutations", "product", "groupby", "chain", "count", "cycle"),
    "math": ("gcd", "sqrt", "ceil", "floor", "inf", "factorial"),
}
MODULES = (*IMPORTS, "string", "re", "sys", "random", "operator", "numpy")
"""What the site of a problem imports before a solution; stored solutions rely on it."""


@dataclass(frozen=True)
class Problem:
    """One problem as it is stored.

    Attributes:
        number: Its id; train and test count from 0 each.
        split: `train`, `test`, or "" where the row does not say.
        starter: The code a solution begins with, or "".
        entry_point: The function asked for, or "" for a program that reads standard input.
        in_class: Whether that function is a method of a class `Solution`.
        stored: The tests that decide.
    """

    number: int
    split: str
    question: str
    difficulty: str
    url: str
    starter: str
    entry_point: str
    parameters: tuple[str, ...]
    in_class: bool
    stored: Tests
    solutions: tuple[str, ...]

    @cached_property
    def extraction(self) -> Extraction:
        """The examples of the statement."""
        return extract(self.question, self.stored, self.entry_point, self.parameters)


def problem_of(row: Row) -> Problem:
    """The problem of a row.

    Raises:
        InputError: The row has none of the three forms.
    """
    values = row.values
    if "test_list" in values:
        return _listed(row)
    inner = values.get("metadata")
    meta = inner if isinstance(inner, Mapping) else values
    tests = _parsed(row, "input_output") or {}
    starter = str(values.get("starter_code") or "")
    if not isinstance(tests, Mapping):
        raise InputError(f"{row.where}: 'input_output' is {type_name(tests)}", expected='{"inputs": [], "outputs": []}')
    name = str(tests.get("fn_name") or "")
    return Problem(
        number=whole_of(row, "problem_id" if "problem_id" in values else "id"),
        split=str(values.get("split") or ""),
        question=text_of(row, "question"),
        difficulty=str(meta.get("difficulty") or ""),
        url=str(meta.get("url") or ""),
        starter=starter,
        entry_point=name,
        parameters=_parameters(starter, name),
        in_class="class Solution" in starter,
        stored=_stored(row, tests, name, starter),
        solutions=_solutions(row),
    )


def completed(program: str) -> str:
    """A stored solution, or starter code, with the imports that its site put before it, those that it needs."""
    free = free_names(program) or free_names(f"{program.rstrip()} pass\n")
    lines = [f"import {module}" for module in MODULES if module in free]
    lines += [f"from {module} import {', '.join(used)}" for module, used in _used(free) if used]
    return "\n".join([*lines, "", "", program]) if lines else program


def _used(free: frozenset[str]) -> list[tuple[str, list[str]]]:
    return [(module, [name for name in names if name in free]) for module, names in IMPORTS.items()]


def _parsed(row: Row, name: str) -> Json:
    """A value that may be stored as JSON text; "" and null are None."""
    value = row.values.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{row.where}: {name!r} is no JSON: {error}", expected="the published row") from None


def _solutions(row: Row) -> tuple[str, ...]:
    found = _parsed(row, "solutions")
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()


def _stored(row: Row, tests: Mapping[str, Json], name: str, starter: str) -> Tests:
    inputs, outputs = tests.get("inputs") or [], tests.get("outputs") or []
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        raise InputError(f"{row.where}: inputs and outputs do not belong together", expected="two lists of one length")
    if not name:
        pairs = zip(inputs, outputs, strict=True)
        return Tests(stdio=tuple(Exchange(stdin=_lines(given), stdout=_lines(wanted)) for given, wanted in pairs))
    if wrong := next((item for item in inputs if not isinstance(item, list)), None):
        raise InputError(f"{row.where}: arguments of {name} are {type_name(wrong)}", expected="a list per call")
    results = unwrapped(outputs, starter, name)
    calls = tuple(Call(args=tuple(given), expected=wanted) for given, wanted in zip(inputs, results, strict=True))
    if any(_numbered(value) for call in calls for value in (*call.args, call.expected)):
        return Tests(assertions=tuple(_asserted(name, call) for call in calls), setup=_setup(name, starter))
    return Tests(calls=calls, setup=_setup(name, starter))


def _numbered(value: Json) -> bool:
    """Whether a value is an object whose keys were numbers before it was stored as JSON."""
    return isinstance(value, dict) and bool(value) and all(re.fullmatch(r"-?\d+", key) for key in value)


def _asserted(name: str, call: Call) -> str:
    """A call as an assertion: JSON, and so a `Call`, has no objects with numbers as keys."""
    values = [
        {int(key): item for key, item in value.items()} if _numbered(value) else value
        for value in (*call.args, call.expected)
    ]
    return f"assert {name}({', '.join(map(repr, values[:-1]))}) == {values[-1]!r}"


def unwrapped(outputs: Sequence[Json], starter: str, name: str) -> list[Json]:
    """The expected values. Where every output is a list of one item, that item is the value.

    Unless the function is declared to return a list: then a list of one item may be the value itself. In such a case
    a nested list is still a wrapped one.
    """
    if not outputs or not all(isinstance(item, list) and len(item) == 1 for item in outputs):
        return list(outputs)
    declared = re.search(rf"def\s+{re.escape(name)}\b.*?->\s*([^:]+):", starter, re.DOTALL)
    if declared and re.match(r"(typing\.)?(List|list)\b", declared[1].strip()):
        nested = re.match(r"(typing\.)?(List|list)\[\s*(typing\.)?(List|list)\b", declared[1].strip())
        depth = 2 if nested else 1
        return [item[0] if _depth(item) > depth else item for item in outputs]
    return [item[0] for item in outputs]


def _depth(value: Json) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _setup(name: str, starter: str) -> str:
    """Makes a method of `Solution` callable by its name; a program that defines the function itself stays as it is."""
    if "class Solution" not in starter:
        return ""
    return f'if "Solution" in globals():\n    def {name}(*given):\n        return Solution().{name}(*given)\n'


def _parameters(starter: str, name: str) -> tuple[str, ...]:
    found = re.search(rf"def\s+{re.escape(name)}\s*\((.*?)\)\s*(->[^:]*)?:", starter, re.DOTALL) if name else None
    try:
        tree = ast.parse(f"def f({found[1]}): pass") if found else None
    except UNREADABLE:
        tree = None
    node = tree.body[0] if tree else None
    names = [item.arg for item in node.args.args] if isinstance(node, ast.FunctionDef) else []
    return tuple(item for item in names if item != "self")


def _lines(value: Json) -> str:
    """Standard input or output, which some rows store as a list of lines."""
    if isinstance(value, list):
        return "\n".join(map(_lines, value))
    return value if isinstance(value, str) else json.dumps(value)


def _listed(row: Row) -> Problem:
    starter, question = str(row.values.get("starter_code") or ""), text_of(row, "description")
    found = re.search(r"def\s+(\w+)\s*\(", starter)
    name = found[1] if found else ""
    parameters = _parameters(starter, name)
    pairs = [_pair(row, item) for item in row.values.get("test_list") or []]
    examples = extract(question, Tests(), name, parameters).tests.calls
    calls = _read(pairs, parameters, examples) if name else ()
    stdio = () if name else tuple(Exchange(stdin=given, stdout=_lines(wanted)) for given, wanted in pairs)
    return Problem(
        number=whole_of(row, "id"),
        split="",
        question=question,
        difficulty=str(row.values.get("difficulty") or ""),
        url="",
        starter=starter.lstrip("\n"),
        entry_point=name,
        parameters=parameters,
        in_class="class Solution" in starter,
        stored=Tests(calls=calls, stdio=stdio, setup=_setup(name, starter) if name else ""),
        solutions=(),
    )


def _pair(row: Row, item: Json) -> tuple[str, Json]:
    if not isinstance(item, Mapping) or not isinstance(item.get("input"), str) or "output" not in item:
        raise InputError(f"{row.where}: a test is {type_name(item)}", expected='{"input": "…", "output": […]}')
    return item["input"], item["output"]


def _read(pairs: Sequence[tuple[str, Json]], parameters: Sequence[str], examples: Sequence[Call]) -> tuple[Call, ...]:
    """Calls of arguments that stand as text, one per line.

    Where the statement shows a call, a parameter is what is passed there, a text or another value; else it is text
    where one of its lines is no literal.
    """
    rows = [_split(given, len(parameters)) for given, _ in pairs]
    width = max(map(len, rows), default=0)
    columns = [[row[at] for row in rows if at < len(row)] for at in range(width)]
    worded = [any(_value(text) is _NONE for text in column) for column in columns]
    for call in examples:
        for at, value in enumerate(call.args[:width]):
            worded[at] = isinstance(value, str)
    results = unwrapped([wanted for _, wanted in pairs], "", "")
    return tuple(
        Call(args=tuple(_argument(text, worded[at]) for at, text in enumerate(row)), expected=wanted)
        for row, wanted in zip(rows, results, strict=True)
    )


def _argument(text: str, worded: bool) -> Json:
    value = _NONE if worded else _value(text)
    return text if value is _NONE else value


def _split(text: str, width: int) -> list[str]:
    """The lines of the arguments; lines too many belong to the first one, which is a text of several lines."""
    lines = text.split("\n")
    extra = len(lines) - width if width else 0
    return lines if extra <= 0 else ["\n".join(lines[: extra + 1]), *lines[extra + 1 :]]


_NONE = object()


def _value(text: str) -> Json:
    try:
        return plain(ast.literal_eval(text))
    except (*UNREADABLE, TypeError):
        return _NONE
