"""The nouns: every value that passes between two rooms, as frozen data.

Records hold no behaviour beyond their identity. They round-trip through JSON (`encode`, `decode`) and their id is the
hash of their canonical JSON, so equal records have equal ids on every machine.

`Task`, the one record that knows hidden tests, lives in `etude.tasks`: prompts and solvers may import this module
only, and so cannot reach a hidden test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from etude.encoding import Json as Json  # whoever has a record wants its JSON and its id from the same place
from etude.encoding import canonical as canonical
from etude.encoding import decode as decode
from etude.encoding import encode as encode
from etude.encoding import identify as identify
from etude.measurement import Measurement

Status = Literal["ok", "failed", "error", "timeout", "memory", "killed", "forbidden", "unavailable"]
TestKind = Literal["assertions", "calls", "check", "stdio", "puzzle"]
Strength = Literal["truth", "tests", "differential", "agreement", "heuristic"]
Level = Literal["strong", "container", "any"]
Measure = Literal["coverage", "trace", "opcodes"]
ExampleKind = Literal["sft", "pair", "rank", "rollout", "demo", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call/value pair: `entry_point(*args, **kwargs)` must equal `expected`.

    Values are JSON. A JSON array stands for a list; a program's tuple of the same items is accepted in its place.
    """

    args: tuple[Json, ...] = ()
    kwargs: Mapping[str, Json] = field(default_factory=dict)
    expected: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One stdin/stdout pair."""

    stdin: str
    stdout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """Checks as data; exactly one of the five kinds is filled (see `kind`).

    Attributes:
        assertions: Python `assert` statements that call the program.
        calls: Call/value pairs for the task's entry point.
        check: Source that defines `check(candidate)`.
        stdio: Stdin/stdout pairs for a whole program.
        puzzle: Source of `sat(answer, inputs=...)`; the program defines `sol()`.
        setup: Source run after the program and before the assertions, in the program's process.
        context: Trusted source (a HumanEval prompt, say) that `check` may use besides the candidate.
    """

    assertions: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    check: str = ""
    stdio: tuple[Exchange, ...] = ()
    puzzle: str = ""
    setup: str = ""
    context: str = ""

    @property
    def kind(self) -> TestKind | None:
        """The kind of the tests held, or None where there are none."""
        kinds: tuple[TestKind, ...] = ("assertions", "calls", "check", "stdio", "puzzle")
        return next((kind for kind in kinds if getattr(self, kind)), None)

    def __len__(self) -> int:
        return len(self.assertions) + len(self.calls) + len(self.stdio) + bool(self.check) + bool(self.puzzle)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """What a solver and a prompt may know of a task: everything but hidden tests and reference.

    Attributes:
        task_id: The name the task set gives it.
        kind: `complete` (the prompt is code to be continued), `instruct` (the prompt is prose), or `puzzle`
            (the prompt is the source of `sat`, the answer defines `sol`).
        prompt: The text of the task.
        entry_point: The function a program must define, or "" for a stdin/stdout program.
        shown: The tests that a solver may see and run.
        difficulty: The task set's own grade, or "" where it has none.
    """

    task_id: str
    kind: Literal["complete", "instruct", "puzzle"]
    prompt: str
    language: str = "python"
    entry_point: str = ""
    shown: Tests = Tests()
    difficulty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How completions are drawn. `max_tokens` counts new tokens; temperature 0 is greedy; `seed` is the run's."""

    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One completion asked for: the `sample_index`-th sample of a rendered prompt."""

    prompt: str
    sample_index: int = 0
    sampling: Sampling = Sampling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a model answered to one request, cut before the stop string. Token counts are the model's own.

    `logprobs`: of each token written, in nats, at temperature 1; a cut stop string's tokens count. None: not known.
    """

    request: Request
    text: str
    prompt_tokens: int
    completion_tokens: int
    finish: Literal["stop", "length"] = "stop"
    logprobs: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One program written for a task.

    Attributes:
        completion: The model's own words, the target of a training row.
        program: The whole program that is run, made from prompt and completion.
        template: Name and version of the prompt template, such as `complete.v1`.
        parent: Id of the failed attempt that this one repairs, or "".
        feedback: What was said of the parent, or "".
    """

    task_id: str
    prompt: str
    completion: str
    program: str
    template: str
    agent: str
    solver: str
    sample_index: int
    seed: int
    round: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    parent: str = ""
    feedback: str = ""


def outside_attempt(
    task_id: str,
    program: str,
    solver: str,
    *,
    sample_index: int = 0,
    prompt: str = "",
    completion: str | None = None,
) -> Attempt:
    """An attempt that no run has drawn: a reference, a mutant or somebody's sample, to be judged like any other.

    Args:
        solver: Where it comes from.
        completion: What was written; None: the program itself.
    """
    return Attempt(
        task_id=task_id,
        prompt=prompt,
        completion=program if completion is None else completion,
        program=program,
        template="",
        agent="",
        solver=solver,
        sample_index=sample_index,
        seed=0,
        round=-1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An exception of the program: its class, message and the traceback lines that lie in the program."""

    type: str
    message: str
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What one test said. `passed` is None where it did not run.

    `actual` and `expected` are capped `repr`s, there where the test did not pass.
    """

    test: str
    passed: bool | None
    actual: str = ""
    expected: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the sandbox saw of one program.

    Attributes:
        status: `ok` (every test passed), `failed` (a test said no), `error` (an exception, or no answer at all),
            `timeout`, `memory`, `killed` (a signal), `forbidden` (it tried what the jail refuses), or `unavailable`
            (our fault: nothing is known about the program).
        results: One per test, in order.
        stdout, stderr: Capped.
        cpu_seconds, wall_seconds, peak_bytes: Of the program's process; 0 where unknown.
        isolation: The level in force, such as `namespaces` or `weak`.
        trust: `outside` where the verdict was formed outside the program's process, else `in-process`.
    """

    status: Status
    results: tuple[TestResult, ...] = ()
    stdout: str = ""
    stderr: str = ""
    fault: Fault | None = None
    detail: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    isolation: str = ""
    trust: Literal["outside", "in-process"] = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use. `cpu_seconds` decides; `wall_seconds` is the backstop for programs that sleep."""

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 1 << 20
    processes: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One program and what to ask of it.

    Attributes:
        source: The program; it never shares a process with whoever decides about it. "" where only checks run.
        setup: Source run after the program in the same namespace.
        asks: Python expressions evaluated in the program's namespace, in order; only their plain values cross.
        checks: Trusted sources run one after another in a second jail, where `names` are calls into the program's
            process. A check passes when it ends without an exception.
        context: Trusted source run before the checks in that second jail.
        names: The program's functions and plain values that checks may use.
        given: Plain values that checks find under these names.
        inside: Trusted sources run in the program's own process after the asks; what they say can be forged.
        stdin: Text for a whole program's standard input, or None where it is not run as a script.
        files: Relative path -> content, put into the program's folder before it runs.
        wanted: Relative paths of files to read back after it has run.
        measure: What to measure on the way: `coverage`, `trace`, `opcodes`. It is slower.
        language: A name of `etude.sandbox.languages`; other languages than Python take `stdin` and files only.
    """

    source: str
    setup: str = ""
    asks: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    context: str = ""
    names: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    stdin: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    measure: tuple[Measure, ...] = ()
    language: str = "python"
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one ask gave: a plain value, or a fault. `opaque`, where not empty, says why the value could not cross."""

    value: Any = None
    fault: Fault | None = None
    opaque: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one check said in the second jail; `passed` None where it did not end. `fault` is the check's exception."""

    passed: bool | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the sandbox saw of one job.

    Attributes:
        status: As in `Outcome`; `ok` means that the program ended by itself and answered every ask, by value or fault.
        answers: In the order of the asks; shorter when the program ended early.
        checks: One per check of the job.
        inside: One per source of `Job.inside`: the program's own word, not a verdict from outside.
        fault: What stopped the program outside an ask.
        detail: `cpu`, `wall` or `endless: why` for a timeout, the signal for a killed program, the property for a
            forbidden one; for an error `syntax`, `output` (too much of it), a few words or "".
        files: What was read back of `Job.wanted`; None for a file that is not there.
        measured: What the program's process said about itself (`etude.sandbox.measured` reads it), or None.
        isolation: Property -> what held it while the program ran.
    """

    status: Status
    answers: tuple[Answer, ...] = ()
    checks: tuple[Checked, ...] = ()
    inside: tuple[Checked, ...] = ()
    stdout: str = ""
    stderr: str = ""
    fault: Fault | None = None
    detail: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    measured: Any = None
    isolation: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says of one attempt. `passed` None means it could not be judged: neither a pass nor a fail.

    It holds no time and no memory: the same program gets the same verdict, to the byte, on every run.

    `trust`: `in-process` where code in the program's own process took part in deciding, and could have been forged.
    """

    attempt: str
    judge: str
    passed: bool | None
    score: float
    reason: str
    status: Status
    strength: Strength = "tests"
    isolation: str = ""
    trust: Literal["outside", "in-process"] = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One training row and the ids of everything it came from.

    Attributes:
        program: The whole program the target stands for, so that equal programs can be found.
        attempt, verdict: Ids, or "" for a row made from a reference.
        rejected: Of a `pair`, the target that is not to be written; of a repair, the program that it repairs.
        rejected_attempt: Its id, in a `pair`.
    """

    prompt: str
    target: str
    program: str
    task_id: str
    kind: ExampleKind = "sft"
    weight: float = 1.0
    origin: Literal["attempt", "repair", "reference"] = "attempt"
    attempt: str = ""
    verdict: str = ""
    round: int = 0
    feedback: str = ""
    licence: str = ""
    rejected: str = ""
    rejected_attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """A solved task as a prompt may show it, and where it comes from.

    Attributes:
        wrong, feedback: Of a repair: the program that was repaired, and what had been said of it.
        attempt, verdict: Ids, or "" where the program came with the task.
        round: The round that learned it.
    """

    view: TaskView
    program: str
    wrong: str = ""
    feedback: str = ""
    attempt: str = ""
    verdict: str = ""
    round: int = 0
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What learns: a model reference plus what is put around the model.

    Attributes:
        model: Local folder or hub id.
        fingerprint: Hash of the weights, and of the demonstrations where there are any; names what was written by it.
        demonstrations: Solved tasks that its prompts may show (`etude.solvers.shots`).
        parent: Fingerprint of the agent it was learned from, or "".
        rows: Hash of the rows it was trained on, or "".
        round: The round that made it; -1 for the base.
    """

    model: str
    fingerprint: str
    instruction: str = ""
    demonstrations: tuple[Demonstration, ...] = ()
    parent: str = ""
    rows: str = ""
    round: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval over tasks."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of a curve over budget: generations and completion tokens per task, and the share of tasks solved."""

    generations: float
    tokens: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How good an agent is on a task set.

    Attributes:
        name: The arm and round it speaks of.
        pass_at: k as text -> estimate (JSON keys are text).
        by_difficulty: Grade -> pass@1.
        counts: Task id -> [correct, judged] samples: enough to recompute every number here.
        unjudged: Samples without a verdict; they are in no number above.
        budget: Generations and tokens spent, rows and steps trained on; `test_seconds` where all was drawn in one go.
        repair_at: k as text -> share of tasks that k samples with their repairs solve.
        curves: Name -> share of tasks solved over budget.
        oracle: Hidden tests steered something at test time: no user could have had these numbers.
        measurement: How the numbers were made; None in reports of before it was recorded.
        exam: Hash of the tasks, hidden tests among them, or "".
        no_program: First attempts whose reply held no program.
    """

    name: str
    round: int
    tasks: int
    samples: int
    unjudged: int
    pass_at: Mapping[str, Estimate]
    by_difficulty: Mapping[str, Estimate] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    budget: Mapping[str, float] = field(default_factory=dict)
    repair_at: Mapping[str, Estimate] = field(default_factory=dict)
    curves: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    oracle: bool = False
    protocol: str = "pass@k/1"
    measurement: Measurement | None = None
    exam: str = ""
    no_program: int = 0
