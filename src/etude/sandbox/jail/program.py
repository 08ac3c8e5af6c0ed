"""The child that runs one program: compile, execute, answer the questions, serve the checker's calls.

Everything here shares a process with a hostile program, which may read and change all of it. So nothing here knows
an expected value or decides anything: it only sends values, and the other side believes no more than that.
"""

import builtins
import sys
from types import CodeType, ModuleType, TracebackType
from typing import Any, TextIO

from . import frames, wire

PROGRAM, SETUP, ASK = "<program>", "<setup>", "<ask>"
END = wire.encode(("end",))
MESSAGE = 500
LINES = 12


def run(job: dict[str, Any], results: int, calls: int | None) -> None:
    """Runs a program and writes one frame per event: a fault, an answer per question, and `end`.

    Args:
        job: `source`, `setup`, `asks`, `script` (run it as `__main__` and let it end like a script).
        results: Descriptor of the frames written.
        calls: Descriptor of the checker's socket, or None.
    """
    space = _namespace("__main__" if job["script"] else "program")
    texts = {PROGRAM: job["source"], SETUP: job["setup"]}
    for name, text in texts.items():
        fault = _execute(text, name, space, texts) if text else None
        if fault is not None:
            frames.write(results, wire.encode(("stopped", *fault)))
            break
    else:
        for ask in job["asks"]:
            frames.write(results, _answer(ask, space, texts))
        if calls is not None:
            _serve(calls, space, texts)
    if job["script"]:
        _end_like_a_script()
    _flush()
    frames.write(results, END)


def _namespace(name: str) -> dict[str, Any]:
    module = ModuleType(name)
    module.__dict__["__builtins__"] = builtins
    sys.modules[name] = sys.modules["__main__"] = module
    sys.argv = ["program.py"]
    return module.__dict__


def _execute(text: str, name: str, space: dict[str, Any], texts: dict[str, str]) -> tuple[Any, ...] | None:
    try:
        exec(_compile(text, name, "exec"), space)
    except SystemExit as error:
        if space["__name__"] == "__main__" and error.code in (None, 0):
            return None
        return describe(error, texts)
    except BaseException as error:
        return describe(error, texts)
    return None


def _compile(text: str, name: str, mode: str) -> CodeType:
    return compile(text, name, mode, dont_inherit=True)


def _answer(ask: str, space: dict[str, Any], texts: dict[str, str]) -> bytes:
    try:
        return _value(eval(_compile(ask, ASK, "eval"), space))
    except BaseException as error:
        return wire.encode(("fault", *describe(error, texts)))


def _value(value: Any) -> bytes:
    try:
        return wire.encode(("value", value))
    except wire.NotPlainError as error:
        return wire.encode(("opaque", f"a value of type {error}"))
    except wire.WireError as error:
        return wire.encode(("opaque", str(error)))


def describe(error: BaseException, texts: dict[str, str]) -> tuple[str, str, tuple[str, ...], int]:
    """An exception as plain data: class, message, the traceback lines that lie in the program, errno or 0."""
    try:
        message = str(error)[:MESSAGE]
    except BaseException:
        message = ""
    lines = tuple(_lines(error.__traceback__, texts))
    if isinstance(error, SyntaxError) and error.lineno and not lines:
        lines = (_line(texts, str(error.filename), error.lineno, "<module>"),)
    code = getattr(error, "errno", 0)
    return type(error).__name__[:100], message, lines[-LINES:], code if type(code) is int else 0


def _lines(trace: TracebackType | None, texts: dict[str, str]) -> list[str]:
    found: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in texts:
            found.append(_line(texts, code.co_filename, trace.tb_lineno, code.co_name))
            del found[:-LINES]
        trace = trace.tb_next
    return found


def _line(texts: dict[str, str], name: str, number: int, function: str) -> str:
    lines = texts.get(name, "").splitlines()
    text = lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""
    place = "line" if name == PROGRAM else "set-up line"
    return f"{place} {number}, in {function}: {text}"


def _serve(calls: int, space: dict[str, Any], texts: dict[str, str]) -> None:
    """Answers the checker until it hangs up."""
    while True:
        frame = frames.receive(calls)
        if frame is None:
            return
        request = wire.decode(frame)
        if request[0] == "names":
            frames.send(calls, _value({name: _what(space, name) for name in request[1]}))
        else:
            frames.send(calls, _call(space, request, texts))


def _what(space: dict[str, Any], name: str) -> tuple[Any, ...]:
    """("call",) for something to be called, ("value", v) for plain data, ("absent",) for nothing."""
    if name not in space:
        return ("absent",)
    if callable(space[name]):
        return ("call",)
    try:
        wire.encode(space[name])
    except wire.WireError:
        return ("absent",)
    return ("value", space[name])


def _call(space: dict[str, Any], request: Any, texts: dict[str, str]) -> bytes:
    _, name, args, kwargs = request
    try:
        return _value(space[name](*args, **kwargs))
    except BaseException as error:
        return wire.encode(("fault", *describe(error, texts)))


def _end_like_a_script() -> None:
    """Waits for the program's threads and runs what it registered for its end, as the interpreter would."""
    threading, atexit = sys.modules.get("threading"), sys.modules.get("atexit")
    try:
        if threading is not None:
            threading._shutdown()
        if atexit is not None:
            atexit._run_exitfuncs()
    except BaseException:
        return


def _flush() -> None:
    streams: tuple[TextIO | None, ...] = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    for stream in streams:
        try:
            if stream is not None:
                stream.flush()
        except BaseException:
            continue
