"""The child that runs trusted test code, in a second jail: the program's functions are calls into its process.

What the program sends back is decoded as plain data, so no object of its making, and no code, ever comes here. An
exception of the program is raised again as the built-in class of that name, or as RuntimeError.
"""

import ast
import builtins
import gc
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from . import frames, wire
from .faults import CHECK, CONTEXT, MESSAGE, describe
from .order import LINE, RESULTS

VALUE = "="  # marks a plain value of the program among the things a check has used
CHANGED = {"StopIteration", "StopAsyncIteration"}
"""An iteration of the check would end silently on these; generators turn them into RuntimeError too."""


class ProgramEndedError(BaseException):
    """The program's process is gone. No `except Exception` of a test may take that for an answer."""


def run(job: dict[str, Any], calls: bool) -> None:
    """Runs each check and writes one frame for it: `passed`, a fault, or `idle` where it used nothing of the program.

    The program does not have the file that the frames go to.

    Args:
        job: `context`, `checks` (sources), `names` (what they may ask of the program), `given` (values).
        calls: Whether there is a program behind the socket `LINE`.
    """
    gc.enable()
    used: set[str] = set()
    space: dict[str, Any] = {"__name__": "check", "__builtins__": builtins, **job["given"]}
    try:
        exec(compile(job["context"], CONTEXT, "exec", dont_inherit=True), space)
        trees = [ast.parse(check, CHECK) for check in job["checks"]]
        for tree in trees:
            _provide(tree, {**space, **dict.fromkeys(job["names"])}, space)
    except BaseException as error:
        frames.write(RESULTS, wire.encode(("broken", *describe(error))))
        return
    try:
        if calls:
            for name in job["names"]:
                space.pop(name, None)  # the context's own version of what the program was to define
            space.update(_remote(job["names"], used))
    except (Exception, ProgramEndedError):
        return
    for tree in trees:
        frame = _check(tree, space, used if calls else None)
        frames.write(RESULTS, _blamed(frame, tree, space, job["names"]) if calls else frame)


def _check(tree: ast.Module, space: dict[str, Any], used: set[str] | None) -> bytes:
    """Runs one check; `used` gathers what it uses of the program, or is None where there is no program."""
    if used is not None:
        values = {name for name in used if name.startswith(VALUE)}
        used.intersection_update(values)
    try:
        exec(compile(tree, CHECK, "exec", dont_inherit=True), space)
    except ProgramEndedError:
        return wire.encode(("ended",))
    except BaseException as error:
        return wire.encode(("fault", *describe(error)))
    if used is not None and not used & _uses(tree) and not any(not name.startswith(VALUE) for name in used):
        return wire.encode(("idle",))
    return wire.encode(("passed",))


def _blamed(frame: bytes, tree: ast.Module, space: dict[str, Any], names: tuple[str, ...]) -> bytes:
    """The frame of a check; `broken` instead of a fault that the test itself raises, whatever the program does."""
    kind, *said = wire.decode(frame)
    own = _own_fault(tree, space, names) if kind == "fault" and said[0] != "AssertionError" else None
    return frame if own is None else wire.encode(("broken", *describe(own)))


def _own_fault(tree: ast.Module, space: dict[str, Any], names: tuple[str, ...]) -> Exception | None:
    """What a side of an assertion's comparison raises that has nothing of the program in it: the test cannot say."""
    for statement in tree.body:
        test = statement.test if isinstance(statement, ast.Assert) else None
        for side in [test.left, *test.comparators] if isinstance(test, ast.Compare) else ():
            if any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(side)):
                continue
            try:
                eval(compile(ast.Expression(side), CHECK, "eval", dont_inherit=True), space)
            except Exception as error:
                return error
    return None


def _uses(tree: ast.Module) -> set[str]:
    return {VALUE + node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _provide(tree: ast.Module, known: dict[str, Any], space: dict[str, Any]) -> None:
    """Imports the standard modules that a check names and the program, not the check, was to import."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for name in names - known.keys():
        if name in sys.stdlib_module_names and not hasattr(builtins, name):
            space[name] = import_module(name)


def _remote(names: tuple[str, ...], used: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (kind, *value) in _ask(("names", names)).items():
        if kind == "call":
            found[name] = _proxy(name, used)
        elif kind == "value":
            found[name] = value[0]
            used.add(VALUE + name)
    return found


def _proxy(name: str, used: set[str]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        used.add(name)
        return _ask(("call", name, args, kwargs))

    call.__name__ = call.__qualname__ = name
    return call


def _ask(request: tuple[Any, ...]) -> Any:
    try:
        frames.send(LINE, wire.encode(request))
        frame = frames.receive(LINE)
    except OSError:
        frame = None
    if frame is None:
        raise ProgramEndedError
    kind, content = frame[:1], frame[1:]
    if kind == frames.VALUE:
        return wire.decode(content)
    if kind == frames.FAULT:
        raise _exception(*wire.decode(content)[:2])
    raise TypeError(f"the program returned {content[:MESSAGE].decode('utf-8', 'replace')}")


def _exception(name: str, message: str) -> Exception:
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception) and name not in CHANGED:
        try:
            return kind(message)
        except TypeError:
            pass
    return RuntimeError(f"{name}: {message}")
