"""Floors: what a fork costs without any isolation, from an interpreter that is warm and small.

No contender here is a sandbox. They share nothing but the machine with ours, and do the same work: the program runs in
a process of its own, and all its tests decide.
"""

import ast
import bisect
import collections
import copy
import datetime
import functools
import gc
import heapq
import itertools
import marshal
import math
import operator
import os
import pickle
import random
import re
import resource
import signal
import string
import typing
from types import CodeType

from contenders.program import Program, script_of, tests_of

WARM = (bisect, collections, copy, datetime, functools, heapq, itertools, math, operator, random, re, string, typing)
"""Loaded once here, as a sandbox's zygote has them; a program's own import of them is then free."""
CEILING = 2 << 30


class ForkExit:
    """`os.fork`, `os._exit`, `waitpid`: no program at all."""

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._count = len(programs)
        gc.collect()
        gc.freeze()

    def go(self) -> list[str]:
        for _ in range(self._count):
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        return [""] * self._count


class Ready(typing.NamedTuple):
    """A program compiled beforehand. `asks` are compared in the parent; `check` decides in the child."""

    body: CodeType
    asks: list[CodeType]
    expected: list[object]
    check: CodeType | None


class ForkExec:
    """`os.fork`, then `exec` of code compiled beforehand; the values cross by `marshal` and are compared outside."""

    def prepare(self, programs: list[Program], seconds: float) -> None:
        gc.unfreeze()
        self._seconds, self._ready = seconds, [_compiled(program) for program in programs]
        gc.collect()
        gc.freeze()

    def go(self) -> list[str]:
        return [self._run(item) if item else "syntax" for item in self._ready]

    def _run(self, ready: Ready) -> str:
        words, ended = _forked(lambda: _answers(ready), self._seconds)
        if ended == signal.SIGALRM:
            return "timeout"
        if not words:
            return "crash"
        kind, values = (pickle.loads if words[:1] == b"\x80" else marshal.loads)(words)
        # an exception counts only where every value before it is right, as in a script
        return str(kind) if _equal(values, ready.expected) else "wrong"


class ForkCompileExec:
    """`os.fork`, then `compile` and `exec` of program and tests as one script: how it is commonly done."""

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._seconds, self._scripts = seconds, [script_of(program) for program in programs]

    def go(self) -> list[str]:
        return [self._run(script) for script in self._scripts]

    def _run(self, script: str) -> str:
        words, ended = _forked(lambda: verdict_of(script).encode(), self._seconds)
        return "timeout" if ended == signal.SIGALRM else words.decode() or "crash"


def observed(script: str, seconds: float) -> str:
    """What comes of a script in a child with 2 GB of memory and no output, in the words of the labels."""

    def work() -> bytes:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(1, 2)
        resource.setrlimit(resource.RLIMIT_AS, (CEILING, CEILING))
        return verdict_of(script).encode()

    words, ended = _forked(work, seconds)
    return "timeout" if ended == signal.SIGALRM else words.decode() or "crash"


def verdict_of(script: str) -> str:
    """Compiles and runs a script with its tests in this process, and says what came of it."""
    try:
        exec(compile(script, "program", "exec"), {"__name__": "program"})
    except BaseException as error:
        return kind_of(error)
    return "pass"


def kind_of(error: BaseException) -> str:
    """The kind of verdict that an exception of program or tests stands for."""
    if isinstance(error, SyntaxError):
        return "syntax"
    return "wrong" if isinstance(error, AssertionError) else "exception"


def _compiled(program: Program) -> Ready | None:
    try:
        body = compile(f"{program['source']}\n{program['setup']}\n", "program", "exec")
    except SyntaxError:
        return None
    if not program["asks"]:
        return Ready(body, [], [], compile(tests_of(program), "tests", "exec"))
    asks = [compile(text.strip(), "ask", "eval") for text, _ in program["asks"]]
    return Ready(body, asks, [ast.literal_eval(value) for _, value in program["asks"]], None)


def _answers(ready: Ready) -> bytes:
    space: dict[str, object] = {"__name__": "program"}
    values: list[object] = []
    said = ("pass", values)
    try:
        exec(ready.body, space)
        if ready.check is not None:
            exec(ready.check, space)
        for ask in ready.asks:
            values.append(eval(ask, space))
    except BaseException as error:
        said = (kind_of(error), values)
    try:
        return marshal.dumps(said)
    except ValueError:  # a Counter, say
        return pickle.dumps(said, protocol=4)


def _equal(values: list[object], expected: list[object]) -> bool:
    try:
        return all(value == other for value, other in zip(values, expected, strict=False))
    except Exception:
        return False


def _forked(work: typing.Callable[[], bytes], seconds: float) -> tuple[bytes, int]:
    """What a child's work gave, and the signal that ended it (0 for none). A timer of its own kills it when late."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            os.write(writer, work())
        finally:
            os._exit(0)
    os.close(writer)
    parts = []
    while part := os.read(reader, 1 << 16):
        parts.append(part)
    os.close(reader)
    return b"".join(parts), os.waitpid(pid, 0)[1] & 0x7F
