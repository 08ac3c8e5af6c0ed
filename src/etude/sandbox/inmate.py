"""What runs inside the jail, in a process of its own per program: load the program, answer what is asked, end.

Nothing here decides anything: answers are values, and whoever compares them sits outside. The program shares this
process and may break all of it; the worst it can do is answer something else, which is what a wrong program does.

This module imports the standard library only.
"""

import builtins
import json
import os
import struct
import sys
from typing import Any

import wire
from wire import CALL, FAULT, LOADED, STRANGE, VALUE

MOST_TEXT = 2_000
PROGRAM, SETUP = "<program>", "<setup>"


def read_frame(channel: int) -> bytes:
    """The next frame, or b"" where the other side has gone."""
    head = _read(channel, 4)
    return _read(channel, struct.unpack(">I", head)[0]) if head else b""


def _read(channel: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(channel, min(count, 1 << 16))
        if not part:
            return b""
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def write_frame(channel: int, body: bytes) -> None:
    """Sends one frame whole."""
    data = struct.pack(">I", len(body)) + body
    while data:
        data = data[os.write(channel, data) :]


def main(channel: int) -> None:
    """Serves one job and ends the process."""
    job = json.loads(read_frame(channel))
    try:
        _check(job, channel) if job["role"] == "check" else _serve(job, channel)
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # noqa: S110  the program may have closed or replaced it
                pass
        os._exit(0)


def _serve(job: dict[str, Any], channel: int) -> None:
    script = job["stdin"]
    names: dict[str, Any] = {"__name__": "__main__" if script else "program", "__builtins__": builtins}
    try:
        exec(compile(job["source"], PROGRAM, "exec", dont_inherit=True), names)
        if job["setup"]:
            exec(compile(job["setup"], SETUP, "exec", dont_inherit=True), names)
        if script:
            _finish_threads()
    except BaseException as error:
        if not (script and isinstance(error, SystemExit) and error.code in (None, 0)):
            write_frame(channel, FAULT + _fault(error, job["source"]))
            return
    write_frame(channel, LOADED)
    for ask in job["asks"]:
        write_frame(channel, _answer(lambda ask=ask: eval(compile(ask, "<ask>", "eval"), names), job["source"]))
    while job["serve"] and (frame := read_frame(channel)):
        name, args, kwargs = wire.decode(frame[1:], wire.MOST_CARRIED)
        write_frame(channel, _answer(lambda: names[name](*args, **kwargs), job["source"], wire.MOST_CARRIED))  # noqa: B023


def _finish_threads() -> None:
    threading = sys.modules.get("threading")
    if threading is not None:
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()


def _answer(work: Any, source: str, most: int = wire.MOST_BYTES) -> bytes:
    try:
        value = work()
    except BaseException as error:
        return FAULT + _fault(error, source)
    try:
        return VALUE + wire.encode(value, most)
    except wire.NotPlain as error:
        return STRANGE + str(error).encode("utf-8", "replace")[:MOST_TEXT]
    except BaseException as error:
        return FAULT + _fault(error, source)


def _fault(error: BaseException, source: str) -> bytes:
    """The error as JSON: class, message, and the traceback lines that lie in the program."""
    try:
        message = str(error)
    except BaseException:
        message = ""
    if isinstance(error, SyntaxError):
        lines = [f"line {error.lineno}: {(error.text or '').strip()}"] if error.filename == PROGRAM else []
        message = error.msg or message
    else:
        lines = _lines(error, source)
    name = getattr(type(error), "__name__", "Exception")
    body = {"type": str(name)[:100], "message": message[:MOST_TEXT], "traceback": lines, "errno": _number(error)}
    return json.dumps(body).encode()


def _number(error: BaseException) -> int:
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    return number if type(number) is int else 0


def _lines(error: BaseException, source: str) -> list[str]:
    texts, found, frame = source.split("\n"), [], error.__traceback__
    while frame is not None and len(found) < 1000:
        if frame.tb_frame.f_code.co_filename == PROGRAM:
            number = frame.tb_lineno or 0
            text = texts[number - 1].strip() if 0 < number <= len(texts) else ""
            found.append(f"line {number}, in {frame.tb_frame.f_code.co_name}: {text}"[:300])
        frame = frame.tb_next
    return found if len(found) <= 6 else [*found[:3], "…", *found[-3:]]


class Remote:
    """A function of the program under judgment, as the check sees it: a call goes out, a plain value comes back."""

    def __init__(self, channel: int, name: str) -> None:
        self._channel, self.__name__ = channel, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        write_frame(self._channel, CALL + wire.encode([self.__name__, list(args), kwargs]))
        frame = read_frame(self._channel)
        if frame[:1] == VALUE:
            return wire.decode(frame[1:], wire.MOST_CARRIED)
        if frame[:1] == FAULT:
            raise _raised(json.loads(frame[1:]))
        raise Unusable(frame[1:].decode("utf-8", "replace") or "the program ended without an answer")


class Unusable(Exception):  # noqa: N818
    """The program's answer is no plain value, or there is none."""


def _raised(fault: dict[str, Any]) -> BaseException:
    """The program's exception again, as the builtin class of its name where it is one."""
    kind = getattr(builtins, str(fault["type"]), None)
    known = isinstance(kind, type) and issubclass(kind, Exception)
    try:
        return kind(fault["message"]) if known else Unusable(f"{fault['type']}: {fault['message']}")
    except TypeError:
        return Unusable(f"{fault['type']}: {fault['message']}")


def _check(job: dict[str, Any], channel: int) -> None:
    """Runs trusted check code; its functions of the program are remote. Says LOADED only when it came to its end."""
    names: dict[str, Any] = {"__name__": "check", "__builtins__": builtins}
    try:
        exec(compile(job["context"], "<context>", "exec", dont_inherit=True), names)
        names.update({name: Remote(channel, name) for name in job["names"]})
        exec(compile(job["source"], PROGRAM, "exec", dont_inherit=True), names)
        if job["asks"]:
            for ask in job["asks"]:
                write_frame(channel, _answer(lambda ask=ask: eval(compile(ask, "<ask>", "eval"), names), job["source"]))
    except BaseException as error:
        write_frame(channel, FAULT + _fault(error, job["source"]))
        return
    write_frame(channel, LOADED)
