"""Find the code in a reply that may wrap it in prose and Markdown fences.

A line of three backticks may also stand inside a string of the program, and the prompt may have opened the fence
already, so fences are not paired blindly: the pieces between fence lines are candidates, alone first and then joined,
and the one that compiles and defines what was asked for wins.
"""

import ast
import re
from collections.abc import Iterator

from etude.models.parsing import compiled, definition, is_code, longest_program

FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*[\w+#.-]*[ \t]*$")
FENCES = 10
"""Fence lines looked at; more of them are one more way for a reply to be absurd."""
STARTS = 8
"""Lines that look like a beginning and are tried as one."""
OPENING = re.compile(
    r"^(?:@|(?:async[ \t]+)?def[ \t]|class[ \t]|from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+\w|\w+[ \t]*=)"
)


def find_code(reply: str, entry_point: str) -> str:
    """The piece of a reply that is the program: whole, without fences and prose; the reply where none is found.

    In order: a piece that compiles and defines `entry_point` (any code where that is ""), the earliest and then the
    longest; a piece with such a beginning; the longest piece that compiles; the longest fenced piece.
    """
    text = _split_inline(reply)
    pieces = list(_pieces(text))
    for read in (_whole, _beginning):
        found = next((code for piece in pieces if (code := read(piece, entry_point))), "")
        if found:
            return found
    sound = [piece for piece in pieces if is_code(compiled(piece))]
    return max(sound or [piece for piece in fenced(text) if piece.strip()] or pieces[:1] or [reply], key=len)


def fenced(text: str) -> list[str]:
    """The texts after each opening fence, up to the next fence line or the end."""
    lines = text.split("\n")
    marks = [place for place, line in enumerate(lines) if FENCE.match(line)][:FENCES]
    closed = [*marks[1:], len(lines)]
    return [_joined(lines, first + 1, last) for first, last in zip(marks, closed, strict=False)][::2]


def has_fence(text: str) -> bool:
    """Whether a line of the text opens or closes a fence."""
    return any(FENCE.match(line) for line in _split_inline(text).split("\n"))


def _pieces(text: str) -> Iterator[str]:
    """Pieces between fence lines, those next to each other first; then pieces with fence lines inside."""
    lines = text.split("\n")
    marks = [-1, *[place for place, line in enumerate(lines) if FENCE.match(line)][:FENCES], len(lines)]
    for span in range(1, len(marks)):
        for first in range(len(marks) - span):
            piece = _joined(lines, marks[first] + 1, marks[first + span])
            if piece.strip():
                yield piece


def _whole(piece: str, entry_point: str) -> str:
    """The piece where it compiles and answers, without words of prose around it; else ""."""
    tree = compiled(piece)
    return _without_words(piece, tree) if tree is not None and _answers(tree, entry_point) else ""


def _beginning(piece: str, entry_point: str) -> str:
    """The longest compiling run of lines that answers, from the first line that looks like code; else ""."""
    lines = piece.split("\n")
    starts = [place for place, line in enumerate(lines) if place == 0 or OPENING.match(line)]
    for start in starts[:STARTS]:
        found = longest_program("\n".join(lines[start:]))
        if found and _answers(found[1], entry_point):
            return _without_words(*found)
    return ""


def _answers(tree: ast.Module, entry_point: str) -> bool:
    return is_code(tree) and (not entry_point or definition(tree, entry_point) is not None)


def _without_words(code: str, tree: ast.Module) -> str:
    """Drop single words on lines of their own before and after the code: they are prose that happens to compile."""
    real = [item for item in tree.body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Name))]
    lines = code.split("\n")
    first = 0 if tree.body[0] is real[0] else real[0].lineno - 1
    last = len(lines) if tree.body[-1] is real[-1] else real[-1].end_lineno
    return "\n".join(lines[first:last])


def _split_inline(text: str) -> str:
    """Put a closing fence at the end of a line of code onto a line of its own."""
    if compiled(text) is not None:
        return text
    return re.sub(r"(?m)(?<=[^\s`])[ \t]*```[ \t]*$", "\n```", text)


def _joined(lines: list[str], first: int, last: int) -> str:
    return "\n".join(lines[first:last])
