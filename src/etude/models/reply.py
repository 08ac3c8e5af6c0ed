"""The one place where a model's text becomes a whole program.

Replies come as bare code, as the continuation of a header, with prose and Markdown around them, or with the function
written out again. Reading is pure text work: nothing is run and no reply raises. A reply that holds no program stays
as it is, so that the sandbox can say what is wrong with it.
"""

import ast
import re
from collections.abc import Iterable, Iterator

from etude.models.blocks import fenced, find_code, has_fence
from etude.models.grafting import graft
from etude.models.parsing import compiled, definition, header_line, longest_program, statements
from etude.models.spoken import program_in
from etude.records import TaskView

PARSER = "reply.v1"
"""The version of the reading: raised whenever a reply may be read as another program than before."""
LONGEST = 100_000
"""Characters of a reply that are read; no program asked for here is longer."""


def program_of(reply: str, view: TaskView) -> str:
    """The program that a reply stands for, ending in one newline.

    For `complete` and `puzzle` tasks it begins with the prompt, unless the reply restates the function in its own way;
    then what the prompt says before the header is kept in front. Text after the function that does not compile is cut.

    Args:
        reply: The model's words after the prompt.
        view: The task they answer.
    """
    text = _clean(reply)
    try:
        program = _read(text, view)
    except (RecursionError, MemoryError, ValueError):  # trees too deep to compare
        program = text if view.kind == "instruct" else view.prompt + text
    return program.rstrip() + "\n"


def holds_program(program: str, view: TaskView) -> bool:
    """Whether what was read from a reply is a program at all: it compiles, and its function has a body of its own.

    Of another language than Python it is only known whether anything was written.
    """
    if view.language != "python":
        return bool((program if view.kind == "instruct" else program.removeprefix(view.prompt)).strip())
    entry_point = view.entry_point or ("sol" if view.kind == "puzzle" else "")
    try:
        return _adds(program, "" if view.kind == "instruct" else view.prompt, entry_point)
    except (RecursionError, MemoryError, ValueError):
        return False


def _read(text: str, view: TaskView) -> str:
    if view.language != "python":
        return program_in(text, view)
    if view.kind == "instruct":
        return find_code(text, view.entry_point).strip("\n")
    return _complete(text, view.prompt, view.entry_point or ("sol" if view.kind == "puzzle" else ""))


def _clean(reply: str) -> str:
    text = reply[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    # A lone surrogate cannot be written to any file.
    return text.encode("utf-8", "replace").decode() if len(reply) <= LONGEST else text.rpartition("\n")[0]


def _complete(text: str, prompt: str, entry_point: str) -> str:
    """Prompt and reply as one program, in the first way of reading that gives the function a body."""
    again = header_line(text, entry_point) if entry_point else -1
    if again >= 0:
        lines = text.split("\n")
        before = "\n".join(lines[:again])
        # Lines before a second header are the body only as they stand: indented, any import would look like one.
        program = _continue([before], prompt, entry_point) or _restate(text, prompt, entry_point)
    else:
        program = _continue(_readings(text, prompt), prompt, entry_point)
    if not program and has_fence(text):
        inside = (_continue(_readings(block, prompt), prompt, entry_point) for block in fenced(text))
        program = next((found for found in inside if found), "")
    return program or prompt + text


def _restate(text: str, prompt: str, entry_point: str) -> str:
    """The program of a reply that writes the function (or the whole prompt) out again; "" where it does not compile."""
    code = find_code(text, entry_point)
    if definition(compiled(code), entry_point) is None:
        return ""
    return code if code.startswith(prompt.rstrip()) else graft(prompt, code.strip("\n"), entry_point)


def _continue(readings: Iterable[str], prompt: str, entry_point: str) -> str:
    """Prompt plus as much of a reading as compiles and adds something to the function; else ""."""
    best = ""
    for reading in readings:
        found = longest_program(prompt + reading)
        if found and len(found[0]) > len(prompt) and _adds(found[0], prompt, entry_point):
            if len(found[0]) == len(prompt + reading):
                return found[0]
            best = max(best, found[0], key=lambda program: len(program.split()))
    return best


def _readings(text: str, prompt: str) -> Iterator[str]:
    """The text as it is, and with the usual damage to its indentation mended."""
    yield text
    indent = _indent(prompt)
    levelled = "\n".join(_spaces(line, indent) for line in text.split("\n")) if "\t" in text or "\t" in indent else text
    if levelled != text:
        yield levelled
    first = "" if prompt.endswith("\n") else "\n"
    body = levelled.lstrip("\n")
    yield first + body
    lines = body.split("\n")
    yield first + "\n".join([indent + lines[0].lstrip(), *lines[1:]])
    yield first + "\n".join(indent + line if line.strip() else line for line in lines)


def _indent(prompt: str) -> str:
    """The indentation of the prompt's last indented line inside the function, else four spaces."""
    for line in reversed(prompt.split("\n")):
        if line.strip() and line[0] in " \t":
            return re.match(r"[ \t]*", line).group()  # type: ignore[union-attr]
        if line.startswith(("def ", "async def ")):
            break
    return "    "


def _spaces(line: str, indent: str) -> str:
    """The line with its leading tabs as spaces, or its leading spaces as tabs where the prompt uses those."""
    body = line.lstrip(" \t")
    width = len(line[: len(line) - len(body)].expandtabs(4))
    return ("\t" * (width // 4) + " " * (width % 4) if "\t" in indent else " " * width) + body


def _adds(program: str, prompt: str, entry_point: str) -> bool:
    """Whether the program's function holds more than the prompt's (without an entry point: the program itself)."""
    whole, before = compiled(program), compiled(prompt)
    if whole is None:
        return False
    if not entry_point:
        return statements(whole.body) > (statements(before.body) if before else 0)
    given, asked = definition(whole, entry_point), definition(before, entry_point)
    return given is not None and _size(given) > (_size(asked) if asked else 0)


def _size(statement: ast.stmt) -> int:
    """Statements in a function's body; a name bound in another way counts as one."""
    body = getattr(statement, "body", None)
    return statements(body) if isinstance(body, list) else 1
