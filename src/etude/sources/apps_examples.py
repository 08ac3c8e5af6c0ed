"""Examples that an APPS statement shows, read as tests, with a status that says how far they can be trusted.

A statement for standard input shows blocks under headings. A statement for a function shows calls with their results,
or `Input: name = value` lines in the manner of LeetCode, whose names keep their letters. What cannot be read for
certain is no test: a wrong example would fail a right program. Nothing is run.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Literal, NamedTuple

from etude.programs.parse import UNREADABLE
from etude.records import Call, Exchange, Json, Tests

Status = Literal["none", "stdin ok", "arguments parsed", "contaminated", "equals hidden"]
"""`contaminated`: prose, or arguments written out as text, stand where input or output should be."""

NAMED = re.compile(r"\w\s*=")
"""A name that is given a value: an argument of a function, not the input of a program."""
PROSE = re.compile(r"explanation|example \d", re.IGNORECASE)
HEADING = re.compile(
    r"^(-{3,} *(examples?|sample|demo)\b.*|\**(examples?|sample (input|test|case)s?)\b[\w ]{0,12}:?\**"
    r"|for example[,:].*)$",
    re.IGNORECASE | re.MULTILINE,
)
"""Where the examples of a statement begin."""
RULED = re.compile(r"^-{3,} *(examples?|sample)\b.*$", re.IGNORECASE | re.MULTILINE)
BLOCK = re.compile(r"^-{3,}[^\n]*-{3,}[ \t]*$", re.MULTILINE)
PART = re.compile(
    r"^[-\s*]*(?:(?:sample|example)s? *)?(?P<part>input|output)s?(?: *\d+)?(?: *for .*)?[ \t]*:?[-\s*]*$",
    re.IGNORECASE | re.MULTILINE,
)
MARK = re.compile(r"^[ \t]*(Input|Output|Explanation|Example|Note|Constraints|Follow-up)\b[ \t]*:?", re.MULTILINE)
"""What begins a line in a statement of LeetCode."""
ARROW = re.compile(
    r"[ \t`;.]*(?:(?:#|//)?[ \t]*(?:=+>|-+>|→|==+|=|returns?\b|(?:should|must|will|would) (?:return|be|equal)\b"
    r"|gives?\b|is\b)|#|//)[ \t]*(?:=+>|-+>|returns?\b)?[ \t:]*`?"
)
ENDED = re.compile(r"[ \t`;]*(?:[.,;)]?[ \t]*$|[.,;][ \t]|[#=(]|//|[ \t]-+>?[ \t]|[ \t](?:because|since|as|in this)\b)")
WORDS = {"true": "True", "false": "False", "null": "None", "undefined": "None"}
LONGEST = 4_000  # characters of a line or a value that are looked at
LARGEST = 50_000  # characters of a statement
MOST = 200  # mentions of a function, or headings


class Found(NamedTuple):
    """What a statement holds: the examples that were read, and how many more were seen and could not be."""

    tests: Tests
    unread: int


@dataclass(frozen=True, slots=True)
class Extraction:
    """The examples of one statement.

    Attributes:
        tests: Those that were read; empty for `none` and `contaminated`.
        unread: Examples that were seen and could not be read.
        overlap: Examples that are stored, hidden tests as well.
    """

    status: Status
    tests: Tests = field(default_factory=Tests)
    unread: int = 0
    overlap: int = 0


def extract(question: str, stored: Tests, entry_point: str = "", parameters: Sequence[str] = ()) -> Extraction:
    """The examples of a statement, with their status.

    Args:
        question: The statement.
        stored: The hidden tests, to say which examples they hold as well.
        entry_point: The function asked for, or "" for a program that reads standard input.
        parameters: The names of its parameters, in order.
    """
    text = question[:LARGEST]
    found = _calls(text, entry_point, parameters) if entry_point else _exchanges(text)
    if not found.tests:
        return Extraction("contaminated" if found.unread else "none", unread=found.unread)
    known = set(keys(stored))
    same = sum(key in known for key in keys(found.tests))
    read: Status = "arguments parsed" if entry_point else "stdin ok"
    return Extraction("equals hidden" if same == len(found.tests) else read, found.tests, found.unread, same)


def status_of(inputs: Sequence[str], outputs: Sequence[str]) -> Status:
    """The status of examples that another extraction stored as standard input and output."""
    if not inputs:
        return "none"
    return "contaminated" if named(inputs) or prosaic(outputs) else "stdin ok"


def named(inputs: Sequence[str]) -> bool:
    """Whether an input gives values to names, as the arguments of a function are written."""
    return any(NAMED.search(text) for text in inputs)


def starts_named(text: str) -> bool:
    """Whether an input begins with a name that is given a value."""
    return re.match(r"\s*[A-Za-z_]\w*\s*=", text) is not None


def prosaic(outputs: Sequence[str]) -> bool:
    """Whether an output holds the explanation of the example or the heading of the next one."""
    return any(PROSE.search(text) for text in outputs)


def without_examples(question: str) -> str:
    """The statement up to the first heading of examples."""
    found = HEADING.search(question)
    return question[: found.start()].rstrip() if found else question


def keys(tests: Tests) -> Iterator[str]:
    """One text per test, the same for tests that differ only in white space that does not count."""
    for pair in tests.stdio:
        yield repr((pair.stdin.split(), pair.stdout.split()))
    for call in tests.calls:
        yield repr((list(call.args), call.expected))


def _exchanges(question: str) -> Found:
    heading = RULED.search(question) or HEADING.search(question)
    if heading is None:
        return Found(Tests(), 0)
    # the heading itself may be the first part, as in `-----Sample Input-----`
    area = question[heading.start() :]
    marks = list(islice(PART.finditer(area), MOST))
    pairs, unread = [], 0
    for first, second in pairwise(marks):
        if (first["part"].lower(), second["part"].lower()) == ("input", "output"):
            stdin, stdout = _block(area, first.end()), _output(_block(area, second.end()))
            sound = stdout and not prosaic([stdout]) and not starts_named(stdin)
            pairs += [Exchange(stdin=f"{stdin}\n", stdout=f"{stdout}\n")] if sound else []
            unread += not sound
    return Found(Tests(stdio=tuple(dict.fromkeys(pairs))), unread)


def _block(area: str, start: int) -> str:
    """The text from a place to the next heading, without empty lines around it."""
    stops = [mark.start() for pattern in (PART, BLOCK) if (mark := pattern.search(area, start))]
    return area[start : min(stops, default=len(area))].strip("\n")


def _output(text: str) -> str:
    """An output without the prose that some statements let follow it after an empty line."""
    parts = re.split(r"\n[ \t]*\n", text)
    kept = [parts[0]]
    for part in parts[1:]:
        if _sentence(part):
            break
        kept.append(part)
    return "\n\n".join(kept).rstrip()


def _sentence(text: str) -> bool:
    lines = (line.rstrip() for line in text.split("\n"))
    return any(line[-1:] in tuple(".:!?") and len(re.findall(r"[A-Za-z]{2,}", line)) >= 5 for line in lines)


def _calls(question: str, entry_point: str, parameters: Sequence[str]) -> Found:
    calls: list[Call] = []
    unread = 0
    for given, result in _stated(question, entry_point):
        arguments, expected = _arguments(given, parameters), _literal(result)
        if arguments is None or expected is _NOTHING:
            unread += 1
        else:
            calls.append(Call(args=tuple(arguments), expected=expected))
    distinct = {repr(call): call for call in calls}
    return Found(Tests(calls=tuple(distinct.values())), unread)


def _stated(question: str, entry_point: str) -> Iterator[tuple[str, str]]:
    """Arguments and result of every example, as text."""
    marks = list(islice(MARK.finditer(question), MOST))
    ends = [*(mark.start() for mark in marks[1:]), len(question)]
    parts = [(mark[1], question[mark.end() : end]) for mark, end in zip(marks, ends, strict=False)]
    for (first, given), (second, result) in pairwise(parts):
        if (first, second) == ("Input", "Output"):
            yield given.strip(), re.split(r"\n[ \t\xa0]*\n", result.strip())[0]
    for match in islice(re.finditer(rf"\b{re.escape(entry_point)}(?=\()", question), MOST):
        line = question[match.end() : match.end() + LONGEST].partition("\n")[0]
        before = question[max(0, match.start() - LONGEST) : match.start()].rpartition("\n")[2]
        end = _closing(line)
        arrow = ARROW.match(line, end) if end and len(line) < LONGEST else None
        if arrow and not before.rstrip().endswith("def"):
            yield line[1 : end - 1], _leading(line[arrow.end() :])


def _closing(line: str) -> int:
    """Where the parenthesis that opens a line is closed; 0 where it is not."""
    depth, quote = 0, ""
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote and line[at - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "([{") - (sign in ")]}")
            if depth == 0:
                return at + 1
    return 0


def _leading(text: str) -> str:
    """The longest value at the start of a line that ends there, or "": `100` of `100 = points from one 1`."""
    ends = (at for at in range(len(text), 0, -1) if ENDED.match(text, at) or at == len(text))
    return next((text[:at] for at in ends if _literal(text[:at]) is not _NOTHING), "")


class _Nothing:
    """What stands for no value, where None is one."""


_NOTHING = _Nothing()


def _literal(text: str) -> Json:
    """The JSON value a text writes down, in Python or in JavaScript; `_NOTHING` where it writes none."""
    text = text.strip().strip("`").strip()
    if not text or len(text) > LONGEST or text[-1] == ",":  # `1, because` is no pair
        return _NOTHING
    try:
        value = plain(ast.literal_eval(WORDS.get(text, text)))
        return _NOTHING if value is None and text not in ("None", "null") else value
    except UNREADABLE:
        pass
    try:
        return plain(ast.literal_eval(re.sub(r"\b(true|false|null)\b", lambda word: WORDS[word[0]], text)))
    except (*UNREADABLE, TypeError):
        return _NOTHING


def plain(value: Json) -> Json:
    """A literal as JSON: a tuple becomes a list.

    Raises:
        ValueError: It is a set, bytes or another thing that JSON has no word for.
    """
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{type(value).__name__} is no JSON value")


def _arguments(text: str, parameters: Sequence[str]) -> list[Json] | None:
    """The arguments of a call written as `1, [2]` or as `nums = [2], k = 1`, in the order of the parameters."""
    try:
        node = ast.parse(f"f({_pythonic(text)})", mode="eval").body
        if not isinstance(node, ast.Call):
            return None
        values = [plain(ast.literal_eval(item)) for item in node.args]
        given = {str(item.arg): plain(ast.literal_eval(item.value)) for item in node.keywords}
    except (*UNREADABLE, TypeError):
        return None
    if given and set(given) == set(parameters[len(values) :]):
        return values + [given[name] for name in parameters[len(values) :]]
    if given or not values:
        return None
    return values if not parameters or len(values) <= len(parameters) else None


def _pythonic(text: str) -> str:
    """The text on one line, with Python's words for true, false and null where they stand alone."""
    joined = re.sub(r",?\s*\n\s*(?=\w+\s*=)", ", ", text.strip().strip("`")).replace("\n", " ")
    return re.sub(r"(?<![\w\"'])(true|false|null)(?![\w\"'])", lambda word: WORDS[word[0]], joined)
