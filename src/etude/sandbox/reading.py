"""What came out of a jail, as a `Run`. The program's bytes are hostile; the zygote's and the checker's are not."""

import errno
import os
import signal
from collections.abc import Iterator
from typing import Any, NamedTuple

from etude.records import Answer, Checked, Fault, Job, Run, Status
from etude.sandbox.jail import frames, wire

REFUSALS = {errno.EPERM, errno.EACCES, errno.EROFS}
TEXT = 500


class Reply(NamedTuple):
    """What the zygote says of a job: why it ended, seconds, and per child (wait status, cpu seconds, peak bytes)."""

    reason: str
    wall: float
    ends: list[tuple[int, float, int]]
    clean: bool


class Seen(NamedTuple):
    """What the program's child left behind: hostile bytes, all of it."""

    stdout: bytes = b""
    stderr: bytes = b""
    results: bytes = b""


class Said(NamedTuple):
    """The program's frames, read."""

    answers: tuple[Answer, ...]
    fault: Fault | None
    code: int
    ended: bool


def refused(reason: str) -> Run:
    """The run of a job that is too large to hand over."""
    return Run(status="error", detail=f"not run: {reason}")


def read_run(job: Job, reply: Reply, seen: Seen, verdicts: bytes) -> Run:
    """The run that a zygote's reply and its children's files describe."""
    said = _said(seen.results, len(job.asks))
    checks, broken = _checks(verdicts, len(job.checks))
    cpu = sum(end[1] for end in reply.ends)
    status, detail = _status(job, reply, said, cpu, alone=not job.checks)
    if broken:
        status, detail = "unavailable", f"the tests do not run: {broken.type}: {broken.message}"
    return Run(
        status=status,
        answers=said.answers,
        checks=checks,
        stdout=_text(seen.stdout, job),
        stderr=_text(seen.stderr, job),
        fault=said.fault,
        detail=detail,
        cpu_seconds=round(cpu, 6),
        wall_seconds=round(reply.wall, 6),
        peak_bytes=reply.ends[0][2],
    )


def _status(job: Job, reply: Reply, said: Said, cpu: float, *, alone: bool) -> tuple[Status, str]:
    if reply.reason != "exit":
        return "timeout", reply.reason
    if cpu > job.limits.cpu_seconds:
        return "timeout", "cpu"
    if said.fault is not None:
        return _of_fault(said.fault, said.code), ""
    if not alone and not job.asks:
        return "ok", ""  # the zygote ends a program once its checker is done
    if os.WIFSIGNALED(reply.ends[0][0]) and alone:
        return "killed", _signal(os.WTERMSIG(reply.ends[0][0]))
    if len(said.answers) < len(job.asks) or (alone and not said.ended):
        return "error", "the program ended before it answered"
    return "ok", ""


def _of_fault(fault: Fault, code: int) -> Status:
    if fault.type == "MemoryError":
        return "memory"
    return "forbidden" if code in REFUSALS else "error"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _text(data: bytes, job: Job) -> str:
    return data[: job.limits.output_bytes].decode("utf-8", "replace")


def _said(data: bytes, asked: int) -> Said:
    answers: list[Answer] = []
    for kind, parts in _events(data, asked + 2):
        if kind == "end":
            return Said(tuple(answers), None, 0, True)
        if kind == "stopped":
            fault = read_fault(parts)
            return Said(tuple(answers), fault or Fault(type="Exception", message=""), _code(parts), True)
        answer = _answer(kind, parts)
        if answer is None or len(answers) == asked:
            break
        answers.append(answer)
    return Said(tuple(answers), None, 0, False)


def _events(data: bytes, most: int) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    for frame in frames.split(data)[:most]:
        try:
            event = wire.decode(frame)
        except wire.WireError:
            return
        if type(event) is not tuple or not event or type(event[0]) is not str:
            return
        yield event[0], event[1:]


def _answer(kind: str, parts: tuple[Any, ...]) -> Answer | None:
    if kind == "value" and len(parts) == 1:
        return Answer(value=parts[0])
    if kind == "opaque" and len(parts) == 1 and type(parts[0]) is str:
        return Answer(opaque=parts[0][:TEXT])
    fault = read_fault(parts) if kind == "fault" else None
    return Answer(fault=fault) if fault else None


def read_fault(parts: tuple[Any, ...]) -> Fault | None:
    """The fault that a frame describes, or None where it describes none."""
    if len(parts) != 4 or type(parts[0]) is not str or type(parts[1]) is not str or type(parts[2]) is not tuple:
        return None
    lines = tuple(line[:TEXT] for line in parts[2] if type(line) is str)
    return Fault(type=parts[0][:100], message=parts[1][:TEXT], traceback=lines[-20:])


def _code(parts: tuple[Any, ...]) -> int:
    return parts[3] if len(parts) == 4 and type(parts[3]) is int else 0


def _checks(data: bytes, count: int) -> tuple[tuple[Checked, ...], Fault | None]:
    """The checker's word on each check, and the fault of tests that do not run at all."""
    found: list[Checked] = []
    for kind, parts in _events(data, count):
        if kind == "broken":
            return tuple(Checked() for _ in range(count)), read_fault(parts)
        if kind == "idle":
            return tuple(Checked() for _ in range(count)), Fault(type="check", message="it never used the program")
        passed = {"passed": True, "fault": False}.get(kind)
        found.append(Checked(passed=passed, fault=read_fault(parts)))
    return (*found, *(Checked() for _ in range(count - len(found)))), None
