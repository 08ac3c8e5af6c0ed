"""Programs that something else wrote, judged: read, run, count. Nothing is stored but what the caller asks for."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from etude import config
from etude.errors import RecipeError
from etude.folders import write_text
from etude.judges.codes import cause_of, code_of
from etude.judges.malformed import malformed
from etude.judges.settings import Settings
from etude.progress import Tracker, Watch
from etude.protocols import Judge, Sandbox
from etude.records import Attempt, Json, Level, Verdict, encode, outside_attempt
from etude.sources.leaving_out import kept, parted
from etude.sources.samples import Sample, read_samples
from etude.sources.task_set import open_task_set
from etude.suites.estimate import pass_at_k
from etude.tasks import Task

CHUNK = 16  # samples judged together by one thread
LIMITS = ("cpu_seconds", "wall_seconds", "memory_bytes", "calibrate", "least_seconds", "most_seconds")
TOLD = 10  # tasks named on a line
REMEMBERED = 4096  # runs kept for programs that come again


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdicts on a file of samples.

    Attributes:
        summary: What `--json` prints; its keys are a promise.
        without_sample: Tasks of the set that the file does not answer.
        verdicts: One per sample, in the order of the file.
    """

    summary: dict[str, Json]
    without_sample: tuple[str, ...]
    verdicts: tuple[Verdict, ...]

    def text(self) -> str:
        """The summary for people."""
        said = self.summary
        lines = [f"{said['passed']} of {said['samples']} samples passed, {said['tasks']} tasks"]
        lines.append(f"failed {said['failed']}, unjudged {said['unjudged']}: {_mix(said['statuses'])}")
        if said["pass@1"] is not None:
            lines.append(f"pass@1 {100 * said['pass@1']:.1f} % over tasks that have a judged sample")
        if said["malformed"]:
            lines.append(f"malformed assertions (they say less than they seem to): {', '.join(said['malformed'])}")
        lines += _limits(said)
        lines.append(
            f"{said['seconds']} s, {said['programs_per_second']} programs/s, isolation {said['isolation']['level']}"
        )
        return "\n".join(lines)


def judge_samples(
    path: Path,
    tasks: str,
    workers: int,
    require: Level,
    watch: Watch,
    out: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Judgement:
    """Judges every sample of a file.

    Args:
        path: JSONL rows `{"task_id", "completion"}` or `{"task_id", "solution"}`.
        tasks: The task set text.
        require: The isolation: `strong`, `container` or `any`.
        out: Where to write one JSON line per sample, or None.
        settings: The judge's settings as dotted flags, such as `{"judge.calibrate": "4"}`.

    Raises:
        InputError: The file or the task set cannot be read, or a task id is unknown.
        RecipeError: A setting is unknown or ill-typed.
        MissingError: The isolation asked for cannot be had.
    """
    from etude.sandbox import Sandbox as Jail

    judge = judge_of(settings or {})
    bare, indexes = parted(tasks)
    whole = open_task_set(bare, reading="measure")
    opened = kept(whole, indexes) if indexes else whole
    samples = read_samples(path, whole).of(task.task_id for task in opened)
    start = time.monotonic()
    with Jail(workers=workers, require=require, remember=REMEMBERED) as jail:
        verdicts = _decide(opened, samples.samples, judge, jail, workers, watch)
        isolation, reruns = dict(jail.isolation), jail.reruns
    summary = _summary(opened, samples.samples, verdicts, time.monotonic() - start)
    summary |= {"isolation": isolation, "without_sample": list(samples.unsampled)}
    summary |= {"limits": limits_used(judge), "reruns": reruns._asdict()}
    summary["verdicts"] = [_coded(*pair) for pair in zip(samples.samples, verdicts, strict=True)]
    if out:
        write_text(out, "".join(_line(sample, verdict) for sample, verdict in zip(samples, verdicts, strict=True)))
    return Judgement(summary=summary, without_sample=samples.unsampled, verdicts=verdicts)


def judge_of(settings: Mapping[str, str]) -> Judge:
    """The judge that dotted flags describe; without any, the one that picks by the kind of a task's tests."""
    table = {"use": "auto"}
    for flag, text in settings.items():
        room, _, name = flag.partition(".")
        if room != "judge" or not name:
            raise RecipeError(f"no such setting: --{flag}", expected="--judge.NAME VALUE, such as --judge.calibrate 4")
        table[name] = config.value(text)
    judge: Judge = config.build("judges", config.Part.model_validate(table))
    return judge


def limits_used(judge: Judge) -> dict[str, Json]:
    """The judge's limits, and those that it calibrated from references on this machine, by task; {} if it has none."""
    if not isinstance(judge, Settings):
        return {}
    own = {name: getattr(judge, name) for name in LIMITS}
    found = [
        {"task_id": item.task_id, "reference_seconds": item.reference_seconds, "cpu_seconds": item.cpu_seconds}
        for item in judge.calibration.known()
    ]
    return {**own, "calibrated": found}


def _limits(said: Mapping[str, Json]) -> list[str]:
    """Lines for people: which tasks had a limit of their own, and what was run again."""
    limits, reruns, lines = said["limits"], said["reruns"], list[str]()
    moved = [item for item in limits.get("calibrated", ()) if item["cpu_seconds"] != limits["cpu_seconds"]]
    if moved:
        told = ", ".join(f"{item['task_id']} {item['cpu_seconds']:g} s" for item in moved[:TOLD])
        more = f", … and {len(moved) - TOLD} more" if len(moved) > TOLD else ""
        lines.append(f"limits calibrated by the reference on this machine: {told}{more}")
    if reruns["alone"]:
        lines.append(f"run again alone before a timeout counted: {reruns['alone']}, changed: {reruns['changed']}")
    return lines


def _decide(
    tasks: Sequence[Task], samples: Sequence[Sample], judge: Judge, jail: Sandbox, workers: int, watch: Watch
) -> tuple[Verdict, ...]:
    known = {task.task_id: task for task in tasks}
    tracker = Tracker("judge", "judge", len(samples), watch)

    def work(part: Sequence[Sample]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for task_id in dict.fromkeys(sample.task_id for sample in part):
            own = [_attempt(sample, known[task_id]) for sample in part if sample.task_id == task_id]
            verdicts.extend(judge.judge(known[task_id], own, jail))
        return verdicts

    ordered = sorted(range(len(samples)), key=lambda place: samples[place].task_id)
    found: dict[int, Verdict] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        places = list(_parts(ordered))
        for part, verdicts in zip(places, pool.map(work, [[samples[i] for i in part] for part in places]), strict=True):
            found.update(zip(part, verdicts, strict=True))
            tracker.verdicts.update("passed" if item.passed else item.status for item in verdicts)
            tracker.step(len(verdicts))
    tracker.end()
    return tuple(found[place] for place in range(len(samples)))


def _parts(items: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(items)
    while part := list(islice(rest, CHUNK)):
        yield part


def _attempt(sample: Sample, task: Task) -> Attempt:
    return outside_attempt(
        sample.task_id,
        sample.program,
        "samples",
        sample_index=sample.sample_index,
        prompt=task.view().prompt,
        completion=sample.completion,
    )


def _summary(
    tasks: Sequence[Task], samples: Sequence[Sample], verdicts: Sequence[Verdict], seconds: float
) -> dict[str, Json]:
    counts: dict[str, Counter[bool]] = {}
    for sample, verdict in zip(samples, verdicts, strict=True):
        if verdict.passed is not None:
            counts.setdefault(sample.task_id, Counter())[verdict.passed] += 1
    rates = [pass_at_k(count.total(), count[True], 1) for count in counts.values()]
    return {
        "tasks": len(tasks),
        "samples": len(samples),
        "passed": sum(verdict.passed is True for verdict in verdicts),
        "failed": sum(verdict.passed is False for verdict in verdicts),
        "unjudged": sum(verdict.passed is None for verdict in verdicts),
        "pass@1": sum(rates) / len(rates) if rates else None,
        "statuses": dict(Counter("passed" if verdict.passed else verdict.status for verdict in verdicts)),
        "codes": dict(Counter(filter(None, map(code_of, verdicts)))),
        "malformed": [task.task_id for task in tasks if malformed(task.hidden) or malformed(task.view().shown)],
        "seconds": round(seconds, 2),
        "programs_per_second": round(len(samples) / seconds, 1) if seconds else 0.0,
    }


def _mix(statuses: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(statuses.items())) or "nothing"


def _line(sample: Sample, verdict: Verdict) -> str:
    return json.dumps({**_coded(sample, verdict), **encode(verdict)}) + "\n"


def _coded(sample: Sample, verdict: Verdict) -> dict[str, Json]:
    """Which sample it is, and the result code of its verdict."""
    named = {"task_id": sample.task_id, "sample_index": sample.sample_index}
    return {**named, "code": code_of(verdict), "cause": cause_of(verdict)}
