"""One job on one worker: asked, answered, and turned into a `Run`. Still no verdict: that is the judges' business."""

import json
from dataclasses import replace
from typing import Any, NamedTuple

from etude.records import Answer, Fault, Job, Limits, Run, Status
from etude.sandbox import wire
from etude.sandbox.worker import Child, Worker

FORBIDDEN = {1: "an operation that is not permitted", 13: "access that is not permitted", 30: "writing to a read-only place"}
FORBIDDEN_ERRORS = ("PermissionError",)


def run_job(worker: Worker, job: Job) -> Run:
    """Runs a job; a check runs in a second process of the same jail, one total budget for both."""
    return _checked(worker, job) if job.check else _plain(worker, job)


def _plain(worker: Worker, job: Job) -> Run:
    limits = job.limits
    order = _order("program", job.source, job)
    with worker.child(order, limits, job.stdin) as child:
        loaded, fault = _loaded(worker, child, limits)
        answers = tuple(_answers(worker, child, job)) if loaded else ()
        if job.stdin is not None:
            worker.settle(child, limits)
        enough = loaded and len(answers) == len(job.asks)
    return _run(child, limits, answers, fault, complete=enough)


def _order(role: str, source: str, job: Job, serve: bool = False) -> dict[str, Any]:
    return {
        "role": role,
        "source": source,
        "setup": job.setup,
        "asks": list(job.asks),
        "stdin": job.stdin is not None,
        "serve": serve,
        "context": job.context,
        "names": list(job.names),
    }


def _loaded(worker: Worker, child: Child, limits: Limits) -> tuple[bool, Fault | None]:
    frame = worker.receive(child, limits)
    if frame is not None and frame[:1] == wire.FAULT:
        return False, fault_of(frame)
    return frame == wire.LOADED, None


def _answers(worker: Worker, child: Child, job: Job) -> Any:
    for _ in job.asks:
        frame = worker.receive(child, job.limits)
        if frame is None:
            return
        yield answer_of(frame)


def answer_of(frame: bytes) -> Answer:
    """What one frame of a program says; a frame that is nothing of ours is no plain value."""
    kind, body = frame[:1], frame[1:]
    if kind == wire.VALUE:
        try:
            return Answer(value=wire.decode(body))
        except wire.Malformed as error:
            return Answer(plain=False, value=f"malformed answer: {error}")
    if kind == wire.FAULT:
        return Answer(fault=fault_of(frame))
    return Answer(plain=False, value=body[:500].decode("utf-8", "replace"))


def fault_of(frame: bytes) -> Fault:
    """The fault in a frame; every field is checked, since anyone may have written it."""
    try:
        body = json.loads(frame[1:])
        lines = tuple(str(line)[:300] for line in list(body["traceback"])[:8])
        number = body.get("errno")
        kind = str(body["type"])[:100]
        if kind == "OSError" and number in FORBIDDEN:
            kind = "PermissionError"
        return Fault(type=kind, message=str(body["message"])[:2000], traceback=lines)
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
        return Fault(type="Exception", message="an unreadable fault")


def _checked(worker: Worker, job: Job) -> Run:
    """Program and check side by side; the driver carries calls one way and plain values the other."""
    limits = job.limits
    said = Said()
    check: Child | None = None
    with worker.child(_order("program", job.source, job, serve=True), limits) as program:
        loaded, fault = _loaded(worker, program, limits)
        if loaded:
            with worker.child(_order("check", job.check, job), limits) as check:
                said = _carry(worker, program, check, limits)
    run = _run(program, limits, said.answers, fault, complete=loaded and not said.lost)
    if check is None or run.status != "ok":
        return run
    if said.passed is None:
        timed_out = (check.ended or {}).get("reason") in ("cpu", "wall")
        run = replace(run, status="timeout" if timed_out else "error", detail="the check did not come to its end")
    return replace(run, check_passed=said.passed, check_fault=said.fault, fault=said.last)


class Said(NamedTuple):
    """What a check said: its verdict (None where it did not finish), its fault, the program's last fault, its answers.

    `lost` is True where the program ended in the middle of a call.
    """

    passed: bool | None = None
    fault: Fault | None = None
    last: Fault | None = None
    answers: tuple[Answer, ...] = ()
    lost: bool = False


def _carry(worker: Worker, program: Child, check: Child, limits: Limits) -> Said:
    last: Fault | None = None
    asked: list[Answer] = []
    while True:
        frame = worker.receive(check, limits) or b""
        kind = frame[:1]
        if kind == wire.CALL:
            worker.send(program, frame, limits.wall_seconds)
            answer = worker.receive(program, limits)
            if answer is None:
                return Said(last=last, answers=tuple(asked), lost=True)
            last = fault_of(answer) if answer[:1] == wire.FAULT else last
            worker.send(check, answer, limits.wall_seconds)
        elif kind in (wire.VALUE, wire.STRANGE):
            asked.append(answer_of(frame))
        else:
            passed = True if kind == wire.LOADED else False if kind == wire.FAULT else None
            fault = fault_of(frame) if passed is False else None
            return Said(passed, fault, last if passed is False else None, tuple(asked))


def _run(child: Child, limits: Limits, answers: tuple[Answer, ...], fault: Fault | None, *, complete: bool) -> Run:
    ended = child.ended or {}
    status, detail = _status(ended, fault, complete)
    return Run(
        status=status,
        answers=answers,
        stdout=child.kept[0],
        stderr=child.kept[1],
        fault=fault,
        detail=detail,
        cpu_seconds=round(float(ended.get("cpu", 0.0)), 6),
        wall_seconds=round(float(ended.get("wall", 0.0)), 6),
        peak_bytes=int(ended.get("peak", 0)),
    )


def _status(ended: dict[str, Any], fault: Fault | None, complete: bool) -> tuple[Status, str]:
    """What became of the program, by what the zygote and the kernel say rather than by what it says itself."""
    if ended.get("reason") in ("cpu", "wall"):
        return "timeout", f"{ended['reason']} time"
    if fault:
        return _fault_status(fault)
    if complete:
        return "ok", ""
    code = ended.get("code", 0)
    if code in (-24,):
        return "timeout", "cpu time"
    if code < 0:
        return "killed", f"signal {-code}"
    return "error", "the program ended without an answer"


def _fault_status(fault: Fault) -> tuple[Status, str]:
    if fault.type == "MemoryError":
        return "memory", "out of memory"
    if fault.type in FORBIDDEN_ERRORS:
        return "forbidden", fault.message
    return "error", fault.type
