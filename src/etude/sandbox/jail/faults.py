"""An exception as plain data, described in the process where it was raised. Texts are looked up outside."""

from types import TracebackType

PROGRAM, SETUP, ASK, CHECK, CONTEXT = "<program>", "<setup>", "<ask>", "<check>", "<context>"
NAMED = (PROGRAM, SETUP, CHECK, CONTEXT)
"""File names under which sources are compiled; a traceback keeps the lines of these only."""

MESSAGE = 500
LINES = 12
Line = tuple[str, int, str]
Description = tuple[str, str, tuple[Line, ...], int]


def describe(error: BaseException) -> Description:
    """Class name, message, the traceback's lines as (file, number, function), and errno or 0."""
    try:
        message = str(error)[:MESSAGE]
    except BaseException:
        message = ""
    lines = _lines(error.__traceback__)
    if isinstance(error, SyntaxError) and not lines and type(error.lineno) is int:
        lines = [(str(error.filename), error.lineno, "<module>")]
    code = getattr(error, "errno", 0)
    return type(error).__name__[:100], message, tuple(lines), code if type(code) is int else 0


def _lines(trace: TracebackType | None) -> list[Line]:
    found: list[Line] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in NAMED:
            found.append((code.co_filename, trace.tb_lineno or 0, code.co_name))
            del found[:-LINES]
        trace = trace.tb_next
    return found
