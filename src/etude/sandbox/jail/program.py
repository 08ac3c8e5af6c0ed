"""The child that runs one program: execute, answer the questions, serve calls.

Everything here shares a process with a hostile program, which may read and change all of it. So nothing here knows
an expected value or decides anything: it only sends values, and the other side believes no more than that.
"""

import builtins
import contextlib
import gc
import marshal
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from marshal import loads
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from . import endless, frames, measuring, wire
from .faults import ASK, CHECK, PROGRAM, SETUP, Description, describe
from .files import put, taken
from .frames import END, ENDLESS, FAULT, FILE, MEASURED, OPAQUE, STOPPED, VALUE, write
from .order import LINE, RESULTS
from .wire import encode

Code = bytes | str
"""Marshalled code of the compile server, or a text that it left to this process."""

Asks = bytes | tuple[str, ...]
"""Marshalled code that makes a function of each question, or the questions."""

REHEARSALS = 30


class Rare(NamedTuple):
    """What few jobs have.

    Attributes:
        setup, inside: Codes.
        script: Run the program as `__main__` and let it end like a script.
        files: Name -> bytes, put into the scratch folder first.
        wanted: Names of files to send back.
        measure: Kinds of measure.
    """

    setup: Code | None
    inside: tuple[Code, ...]
    script: bool
    files: dict[str, bytes]
    wanted: tuple[str, ...]
    measure: tuple[str, ...]


def run(job: tuple[Code, Asks, int, float, tuple[Any, ...] | None], calls: bool) -> None:
    """Runs a program and writes one frame per event: a fault, an answer per question, what was measured, and `end`.

    Args:
        job: The program, the questions and their number, the processor seconds after which to look for an endless
            loop (or 0), and the fields of `Rare` or None.
        calls: Whether there is a socket on which somebody calls the program's functions.
    """
    code, asks, count, prove, fields = job
    gc.enable()
    if prove and (fields is None or not fields[-1]):  # one tracer at a time
        endless.arm(prove, _prove)
    if fields is not None or calls:
        _run_rare(code, asks, count, Rare(*fields) if fields else COMMON, calls)
    else:
        _work(code, asks, count)
    _flush()
    write(RESULTS, END)


def _work(code: Code, asks: Asks, count: int) -> None:
    """The common case, in few steps: each object touched here for the first time costs a page fault."""
    space = _namespace("program")
    fault = _execute(code, PROGRAM, space)
    if fault is not None:
        write(RESULTS, STOPPED + encode(fault))
        return
    for ask in _questions(asks, count, space):
        write(RESULTS, _answer(ask))


def _questions(asks: Asks, count: int, space: dict[str, Any]) -> Sequence[Callable[[], Any]]:
    """A function for each question: ready made, or from its text."""
    if isinstance(asks, bytes):
        found: tuple[Callable[[], Any], ...] = eval(loads(asks), space)
        return found if len(found) == count else [_unclear] * count
    return [partial(_asked, text, space) for text in asks]


def _asked(text: str, space: dict[str, Any]) -> Any:
    return eval(compile(text, ASK, "eval", dont_inherit=True), space)


def _unclear() -> NoReturn:
    raise SyntaxError("the questions do not compile one by one")


def _run_rare(code: Code, asks: Asks, count: int, rare: Rare, calls: bool) -> None:
    for name, content in rare.files.items():
        put(name, content)
    space = _namespace("__main__" if rare.script else "program")
    meter = measuring.measured(rare.measure) if rare.measure else None
    try:
        _work_through(code, _questions(asks, count, space), rare, calls, space, meter)
    finally:
        if meter is not None:
            meter.stop()
    if rare.script:
        _end_like_a_script()
    _flush()
    if meter is not None:
        with contextlib.suppress(OSError):  # the answers may have filled the file
            write(RESULTS, _value(meter.found(), MEASURED))
    for name in rare.wanted:
        write(RESULTS, _value((name, taken(name)), FILE))


def _work_through(
    code: Code,
    asks: Sequence[Callable[[], Any]],
    rare: Rare,
    calls: bool,
    space: dict[str, Any],
    meter: measuring.Meter | None,
) -> None:
    start = meter.start if meter is not None else _nothing
    for name, item in ((PROGRAM, code), (SETUP, rare.setup)):
        start()
        fault = _execute(item, name, space) if item is not None else None
        if fault is not None:
            write(RESULTS, STOPPED + encode(fault))
            return
    for ask in asks:
        start()  # again each time: a recursion without end takes the tracer with it
        write(RESULTS, _answer(ask))
    for check in rare.inside:
        fault = _execute(check, CHECK, space)
        write(RESULTS, VALUE + encode(True) if fault is None else FAULT + encode(fault))
    if calls:
        _serve(space)


def _nothing() -> None:
    return


COMMON = Rare(None, (), False, {}, (), ())


def rehearse() -> None:
    """Runs a tiny program many times before there is any other.

    The interpreter then has made its shortcuts in the code above, and a child does not write to those pages.
    """
    code = marshal.dumps(compile("def f(x):\n    return [x]", PROGRAM, "exec"))
    texts = ("f(1)", "f('a')", "f([True, 1.5])[0]", "{'a': (1,)}", "g")
    asks = marshal.dumps(compile(f"({''.join(f'lambda: {text}, ' for text in texts)})", ASK, "eval"))
    for _ in range(REHEARSALS):
        run((code, asks, len(texts), 0.0, None), False)
    os.ftruncate(RESULTS, 0)
    os.lseek(RESULTS, 0, os.SEEK_SET)


def _namespace(name: str) -> dict[str, Any]:
    module = ModuleType(name)
    module.__dict__["__builtins__"] = builtins
    sys.modules[name] = sys.modules["__main__"] = module
    sys.argv = ["program.py"]
    return module.__dict__


def _execute(code: Code, name: str, space: dict[str, Any]) -> Description | None:
    try:
        exec(loads(code) if type(code) is bytes else compile(code, name, "exec", dont_inherit=True), space)
    except SystemExit as error:
        if space["__name__"] == "__main__" and error.code in (None, 0):
            return None
        return describe(error)
    except BaseException as error:
        return describe(error)
    return None


def _answer(ask: Callable[[], Any]) -> bytes:
    try:
        return _value(ask())
    except BaseException as error:
        return FAULT + encode(describe(error))


def _value(value: Any, kind: bytes = VALUE) -> bytes:
    try:
        return kind + encode(value)
    except wire.NotPlainError as error:
        return OPAQUE + f"a value of type {error}".encode()
    except wire.WireError as error:
        return OPAQUE + str(error).encode()


def _prove(reason: str, line: int) -> None:
    """Says that the program will never end, and ends it. A program that lies here fails itself."""
    _flush()
    write(RESULTS, ENDLESS + encode((reason, line)))
    os._exit(0)


def _serve(space: dict[str, Any]) -> None:
    """Answers calls until the caller hangs up."""
    while (frame := frames.receive(LINE)) is not None:
        request = wire.decode(frame)
        if request[0] == "names":
            frames.send(LINE, _value({name: _what(space, name) for name in request[1]}))
        elif request[0] == "ask":
            [ask] = _questions((request[1],), 1, space)
            frames.send(LINE, _answer(ask))
        else:
            frames.send(LINE, _call(space, request))


def _what(space: dict[str, Any], name: str) -> tuple[Any, ...]:
    """("call",) for something to be called, ("value", v) for plain data, ("absent",) for nothing."""
    if name not in space:
        return ("absent",)
    if callable(space[name]):
        return ("call",)
    try:
        encode(space[name])
    except wire.WireError:
        return ("absent",)
    return ("value", space[name])


def _call(space: dict[str, Any], request: Any) -> bytes:
    _, name, args, kwargs = request
    try:
        return _value(space[name](*args, **kwargs))
    except BaseException as error:
        return FAULT + encode(describe(error))


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
    for stream in {sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__}:
        try:
            if stream is not None:
                stream.flush()
        except BaseException:
            continue
