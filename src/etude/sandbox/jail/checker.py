"""The child that runs trusted test code, in a second jail: the program's functions are calls into the program's process.

What the program sends back is decoded as plain data, so no object of its making, and no code, ever comes here. An
exception of the program is raised again as the built-in class of that name, or as RuntimeError.
"""

import ast
import builtins
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from . import frames, program, wire

CHECK, CONTEXT = "<check>", "<context>"
CHANGED = {"StopIteration", "StopAsyncIteration"}
"""An iteration of the check would end silently on these; generators turn them into RuntimeError too."""


class ProgramEndedError(BaseException):
    """The program's process is gone. No `except Exception` of a test may take that for an answer."""


def run(job: dict[str, Any], results: int, calls: int | None) -> None:
    """Runs each check and writes one frame for it: `passed`, or a fault.

    Args:
        job: `context`, `checks` (sources), `names` (what the checks may ask of the program).
        results: Descriptor of the frames written; the program does not have it.
        calls: Descriptor of the program's socket, or None where the checks call nothing.
    """
    texts = {CONTEXT: job["context"]}
    space: dict[str, Any] = {"__name__": "check", "__builtins__": builtins}
    try:
        exec(compile(job["context"], CONTEXT, "exec", dont_inherit=True), space)
        if calls is not None:
            space.update(_remote(calls, job["names"]))
    except BaseException as error:
        frames.write(results, wire.encode(("broken", *program.describe(error, texts))))
        return
    for number, check in enumerate(job["checks"]):
        frames.write(results, _check(check, f"{CHECK} {number}", space))


def _check(check: str, name: str, space: dict[str, Any]) -> bytes:
    try:
        tree = ast.parse(check, name)
        _provide(tree, space)
        exec(compile(tree, name, "exec", dont_inherit=True), space)
    except ProgramEndedError:
        return wire.encode(("ended",))
    except BaseException as error:
        return wire.encode(("fault", *program.describe(error, {name: check})))
    return wire.encode(("passed",))


def _provide(tree: ast.Module, space: dict[str, Any]) -> None:
    """Imports the standard modules that a check names and the program, not the check, was to import."""
    for node in ast.walk(tree):
        missing = isinstance(node, ast.Name) and node.id not in space and not hasattr(builtins, node.id)
        if isinstance(node, ast.Name) and missing and node.id in sys.stdlib_module_names:
            space[node.id] = import_module(node.id)


def _remote(calls: int, names: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (kind, *value) in _ask(calls, ("names", names)).items():
        if kind == "call":
            found[name] = _proxy(calls, name)
        elif kind == "value":
            found[name] = value[0]
    return found


def _proxy(calls: int, name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return _ask(calls, ("call", name, args, kwargs))

    call.__name__ = call.__qualname__ = name
    return call


def _ask(calls: int, request: tuple[Any, ...]) -> Any:
    try:
        frames.send(calls, wire.encode(request))
        frame = frames.receive(calls)
    except OSError:
        frame = None
    if frame is None:
        raise ProgramEndedError
    kind, *rest = wire.decode(frame)
    if kind == "value":
        return rest[0]
    if kind == "fault":
        raise _exception(rest[0], rest[1])
    raise TypeError(f"the program returned {rest[0]}")


def _exception(name: str, message: str) -> Exception:
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception) and name not in CHANGED:
        try:
            return kind(message)
        except TypeError:
            pass
    return RuntimeError(f"{name}: {message}")
