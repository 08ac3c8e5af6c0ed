"""What came out of a jail, as a `Run`. The program's bytes are hostile; the zygote's and the checker's are not."""

import errno
import os
import signal
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, NamedTuple

from etude.records import Answer, Checked, Fault, Job, Run, Status
from etude.sandbox.jail import frames, wire
from etude.sandbox.jail.command import COMPILED, NO_TOOL
from etude.sandbox.jail.faults import CHECK, CONTEXT, PROGRAM, SETUP
from etude.sandbox.jail.files import FOLDER_FILES
from etude.sandbox.jail.order import Ended

REFUSALS = {errno.EPERM, errno.EACCES, errno.EROFS}
TEXT = 500
SHOWN = 200
LINES = 12
GROUP = "control group"  # what held the memory of all processes together
NO_RESULT = "the program ended before it answered"

Texts = Mapping[str, str]
Seen = tuple[bytes, bytes, bytes]
"""What a program left in stdout, stderr and results: hostile bytes, all of it."""


class Reply(NamedTuple):
    """How a job ended.

    Attributes:
        reason: `exit`, or what it ran out of: `cpu` or `wall`.
        wall: Seconds.
        ends: How each child ended, the program first.
    """

    reason: str
    wall: float
    ends: list[Ended]


class Said(NamedTuple):
    """The program's frames, read.

    Attributes:
        code: The errno of its fault.
        endless: Why it would never end.
        left: The wait status of an executed program.
    """

    answers: tuple[Answer, ...] = ()
    fault: Fault | None = None
    code: int = 0
    ended: bool = False
    endless: str = ""
    files: Mapping[str, bytes | None] = {}
    measured: Any = None
    left: int | None = None


def refused(reason: str, isolation: Mapping[str, str]) -> Run:
    """The run of a job that is too large to hand over."""
    return Run(status="error", detail=f"not run: {reason}", isolation=isolation)


def exhausted(isolation: Mapping[str, str]) -> Run:
    """The run of a program that took so much memory that nothing is left to ask."""
    return Run(status="memory", detail=GROUP, isolation=isolation)


def stopped(job: Job, parts: tuple[Any, ...], isolation: Mapping[str, str]) -> Run:
    """The run of a program that does not compile; `parts` describe its fault."""
    fault = read_fault(parts, {PROGRAM: job.source}) or Fault(type="SyntaxError", message="")
    return Run(status="error", fault=fault, detail="syntax", isolation=isolation)


def read_run(job: Job, reply: Reply, seen: Seen, verdicts: bytes, isolation: Mapping[str, str]) -> Run:
    """The run that a zygote's reply and its children's files describe."""
    stdout, stderr, results = seen
    asked = len(job.asks) + len(job.inside)
    said = _said(results, asked, sum(map(_files_in, job.wanted)), {PROGRAM: job.source, SETUP: job.setup})
    checks, broken = _checks(verdicts, job) if job.checks else ((), None)
    status, detail = _status(job, reply, said, asked, stdout)
    if broken:
        status, detail = "unavailable", f"the tests do not run: {broken.type}: {broken.message}"
    return Run(
        status=status,
        answers=said.answers[: len(job.asks)],
        inside=tuple(_inside(item) for item in said.answers[len(job.asks) :]) if job.inside else (),
        checks=checks,
        stdout=_text(stdout, job),
        stderr=_text(stderr, job),
        fault=said.fault,
        detail=detail,
        cpu_seconds=round(sum(end.cpu for end in reply.ends), 6),
        wall_seconds=round(reply.wall, 6),
        peak_bytes=reply.ends[0].peak,
        files=said.files,
        measured=said.measured,
        isolation=isolation,
    )


def _files_in(wanted: str) -> int:
    """How many files may come back for one name."""
    return FOLDER_FILES if wanted.endswith("/") else 1


def _inside(answer: Answer) -> Checked:
    return Checked(passed=answer.fault is None and answer.value is True, fault=answer.fault)


def _status(job: Job, reply: Reply, said: Said, asked: int, stdout: bytes) -> tuple[Status, str]:
    alone = not job.checks
    if reply.reason != "exit":
        if job.language != "python" and len(stdout) >= job.limits.output_bytes:
            return "error", "output"  # some languages go on printing when nothing is taken any more
        return "timeout", reply.reason
    if sum(end.cpu for end in reply.ends) > job.limits.cpu_seconds:
        return "timeout", "cpu"
    if said.endless:
        return "timeout", f"endless: {said.endless}"
    if said.fault is not None:
        if said.fault.type == NO_TOOL and job.language != "python":  # whose fault frames are not the program's own
            return "unavailable", said.fault.message
        return _of_fault(said.fault, said.code)
    if job.language != "python":
        return _of_command(said)
    if not alone and not asked:
        return "ok", ""  # the zygote ends a program once its checker is done
    if os.WIFSIGNALED(reply.ends[0].status) and alone:
        return "killed", _signal(os.WTERMSIG(reply.ends[0].status))
    if len(said.answers) < asked or (alone and not said.ended):
        return "error", "output" if len(stdout) > job.limits.output_bytes else NO_RESULT
    return "ok", ""


def _of_command(said: Said) -> tuple[Status, str]:
    """How an executed program ended; its first process says so, which it cannot reach."""
    if said.left is None or not said.ended:
        return "error", NO_RESULT
    if os.WIFSIGNALED(said.left):
        return "killed", _signal(os.WTERMSIG(said.left))
    code = os.waitstatus_to_exitcode(said.left)
    return ("ok", "") if code == 0 else ("error", f"exit status {code}")


def _of_fault(fault: Fault, code: int) -> tuple[Status, str]:
    if fault.type == "MemoryError":
        return "memory", ""
    if code == errno.EFBIG:
        return "error", "output"
    if code in REFUSALS:
        return "forbidden", ""
    if fault.type == COMPILED:
        return "error", "syntax"
    syntax = fault.type in ("SyntaxError", "IndentationError", "TabError")
    return "error", "syntax" if syntax and len(fault.traceback) < 2 else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _text(data: bytes, job: Job) -> str:
    return data[: job.limits.output_bytes].decode("utf-8", "replace") if data else ""


def read_answer(frame: bytes, texts: Texts) -> Answer | None:
    """The answer that one frame holds, or None where it holds none."""
    said = _said(frames.framed(frame), 1, 0, texts)
    return said.answers[0] if said.answers else None


def _said(data: bytes, asked: int, wanted: int, texts: Texts) -> Said:
    """The frames, read in order, up to the first that is none or one too many."""
    answers: list[Answer] = []
    rest: dict[str, Any] = {}
    files: dict[str, bytes | None] = {}
    for frame in frames.split(data, asked + wanted + 3):
        kind, content = frame[:1], frame[1:]
        try:
            if kind == frames.VALUE and len(answers) < asked:
                answers.append(Answer(value=wire.decode(content)))
            elif kind == frames.OPAQUE and len(answers) < asked:
                answers.append(Answer(opaque=content[:TEXT].decode("utf-8", "replace")))
            elif kind == frames.FAULT and len(answers) < asked:
                answers.append(Answer(fault=_fault(wire.decode(content), texts)))
            elif kind == frames.END:
                return Said(tuple(answers), ended=True, files=files, **rest)
            elif kind == frames.FILE and len(files) < wanted:
                name, found = _file(wire.decode(content))
                files[name] = found
            elif kind in LAST:
                rest |= LAST[kind](wire.decode(content), texts)
            else:
                break
        except (wire.WireError, ValueError):
            break
    return Said(tuple(answers), files=files, **rest)


def _stopped(value: Any, texts: Texts) -> dict[str, Any]:
    return {"fault": _fault(value, texts), "code": value[3] if type(value[3]) is int else 0}


def _endless(value: Any, texts: Texts) -> dict[str, Any]:
    if type(value) is not tuple or [type(part) for part in value] != [str, int]:
        raise ValueError("no proof")
    return {"endless": value[0][:TEXT]}


LAST: dict[bytes, Callable[[Any, Texts], dict[str, Any]]] = {
    frames.STOPPED: _stopped,
    frames.ENDLESS: _endless,
    frames.LEFT: lambda value, texts: {"left": value if type(value) is int else None},
    frames.MEASURED: lambda value, texts: {"measured": value},
}


def _file(item: Any) -> tuple[str, bytes | None]:
    if type(item) is not tuple or len(item) != 2 or type(item[0]) is not str or type(item[1]) not in (bytes, NoneType):
        raise ValueError("no file")
    return item


def _fault(value: Any, texts: Texts) -> Fault:
    fault = read_fault(value, texts) if type(value) is tuple else None
    if fault is None:
        raise ValueError("no fault")
    return fault


def read_fault(parts: tuple[Any, ...], texts: Texts) -> Fault | None:
    """The fault that a frame describes, or None where it describes none.

    Args:
        parts: Class, message, lines as (file, number, function), errno.
        texts: File -> its text.
    """
    if len(parts) != 4 or type(parts[0]) is not str or type(parts[1]) is not str or type(parts[2]) is not tuple:
        return None
    lines = tuple(_line(line, texts) for line in parts[2][-LINES:])
    return Fault(type=parts[0][:100], message=parts[1][:TEXT], traceback=tuple(line for line in lines if line))


def _line(line: Any, texts: Texts) -> str:
    if type(line) is not tuple or [type(part) for part in line] != [str, int, str]:
        return ""
    name, number, function = line
    lines = texts.get(name, "").splitlines()
    text = lines[number - 1].strip()[:SHOWN] if 0 < number <= len(lines) else ""
    place = "line" if name == PROGRAM else "set-up line"
    return f"{place} {number}, in {function[:SHOWN]}: {text}"


def _checks(data: bytes, job: Job) -> tuple[tuple[Checked, ...], Fault | None]:
    """The checker's word on each check, and the fault of tests that do not run at all."""
    found: list[Checked] = []
    count = len(job.checks)
    for check, frame in zip(job.checks, frames.split(data, count), strict=False):
        kind, *parts = wire.decode(frame)
        fault = read_fault(tuple(parts), {CHECK: check, CONTEXT: job.context})
        if kind == "broken":
            return tuple(Checked() for _ in range(count)), fault
        if kind == "idle":
            return tuple(Checked() for _ in range(count)), Fault(type="check", message="it never used the program")
        found.append(Checked(passed={"passed": True, "fault": False}.get(kind), fault=fault))
    return (*found, *(Checked() for _ in range(count - len(found)))), None
