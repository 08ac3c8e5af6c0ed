"""Every way into a sandbox: batches, single jobs, streams, event loops, sessions, other processes."""

import asyncio
import itertools
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Iterator

import pytest

from etude.errors import MissingError
from etude.records import Job, Limits, Run
from etude.sandbox import Flavour, Sandbox, Session, SessionEndedError

ADD = "def f(x):\n    return x + {}\n"
QUICK = Limits(cpu_seconds=0.3, wall_seconds=1.0)


def job(number: int) -> Job:
    return Job(source=ADD.format(number), asks=("f(1)",))


def value(run: Run) -> object:
    return run.answers[0].value


def test_a_single_job_is_a_future(jail: Sandbox) -> None:
    futures = [jail.submit(job(number)) for number in range(5)]
    assert [value(future.result(10)) for future in futures] == [1, 2, 3, 4, 5]


def test_a_stream_gives_each_run_with_its_place() -> None:
    with Sandbox(workers=2) as sandbox:
        slow = Job(source="import time\ntime.sleep(60)", limits=Limits(wall_seconds=90))
        stream = sandbox.as_completed([slow, *(job(number) for number in range(40))])
        found = dict(next(stream) for _ in range(40))  # none waits behind the slow one, which ends with the sandbox
    assert {place: value(run) for place, run in found.items()} == {number: number for number in range(1, 41)}
    assert [place for place, _ in stream] == [0]


def test_a_stream_takes_no_more_jobs_than_it_needs(jail: Sandbox) -> None:
    taken = itertools.count()

    def endless() -> Iterator[Job]:
        while True:
            next(taken)
            yield job(0)

    stream = jail.as_completed(endless())
    for _ in range(10):
        next(stream)
    assert next(taken) < 200


def test_an_event_loop_goes_on_while_programs_run(jail: Sandbox) -> None:
    async def work() -> tuple[list[Run], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.02)
                ticks += 1

        clock = asyncio.create_task(tick())
        runs = await jail.run_async([Job(source="import time\ntime.sleep(0.3)\nx = 1", asks=("x",)), job(1)])
        clock.cancel()
        return runs, ticks

    runs, ticks = asyncio.run(work())
    assert [value(run) for run in runs] == [1, 2]
    assert ticks >= 5


def test_an_event_loop_may_read_a_stream(jail: Sandbox) -> None:
    async def work() -> dict[int, object]:
        return {place: value(run) async for place, run in jail.as_completed_async(job(n) for n in range(6))}

    assert asyncio.run(work()) == {number: number + 1 for number in range(6)}


def test_a_session_keeps_its_state_and_hears_faults(jail: Sandbox) -> None:
    source = "total = 0\ndef add(n, times=1):\n    global total\n    total += n * times\n"
    source += "    print(total)\n    return total\n"
    with jail.session(Job(source=source)) as session:
        assert session.ask("add(2)").value == 2
        assert session.call("add", 5, times=2).value == 12
        fault = session.ask("add('x')").fault
        assert fault is not None
        assert (fault.type, fault.traceback[0].split(":")[0]) == ("TypeError", "line 4, in add")
        assert session.ask("object()").opaque == "a value of type object"
        assert session.ask("add(").fault is not None
        assert session.ask("total").value == 12
    assert session.run is not None
    assert (session.run.status, session.run.stdout) == ("ok", "2\n12\n")


@pytest.mark.parametrize(
    ("ask", "status"),
    [("stuck()", "timeout"), ("asleep()", "timeout"), ("leave()", "error"), ("crash()", "killed")],
)
def test_a_session_ends_with_its_program(ask: str, status: str, jail: Sandbox) -> None:
    source = (
        "import os, time, ctypes\ndef stuck():\n    while True: pow(3, 10**5)\ndef asleep(): time.sleep(60)\n"
        "def leave(): os._exit(0)\ndef crash(): ctypes.string_at(0)\n"
    )
    session = jail.session(Job(source=source, limits=QUICK))
    start = time.monotonic()
    with pytest.raises(SessionEndedError) as caught:
        session.ask(ask)
    assert time.monotonic() - start < 8
    assert caught.value.run.status == status
    with pytest.raises(SessionEndedError):
        session.ask("1")
    assert value(jail.run([job(1)])[0]) == 2


def test_a_session_with_a_program_that_is_none_says_so(jail: Sandbox) -> None:
    with pytest.raises(SessionEndedError) as caught:
        jail.session(Job(source="def f(:"))
    assert caught.value.run.detail == "syntax"


def test_a_session_gets_no_answer_from_forged_frames(jail: Sandbox) -> None:
    source = "import os\ndef f():\n    os.write(4, b'\\xff' * 100)\n    os.close(4)\n"
    session: Session = jail.session(Job(source=source, limits=QUICK))
    with pytest.raises(SessionEndedError):
        session.ask("f()")


def _child(sandbox: Sandbox, line: object) -> None:
    with sandbox:
        line.send([value(run) for run in sandbox.run([job(1), job(2)])])  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_another_process_has_workers_of_its_own(method: str) -> None:
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe()
    with Sandbox() as sandbox:
        process = context.Process(target=_child, args=(sandbox, theirs))
        process.start()
        assert ours.poll(60)
        assert ours.recv() == [2, 3]
        process.join(20)
        assert process.exitcode == 0
        assert value(sandbox.run([job(3)])[0]) == 4


def test_a_copy_has_the_same_settings() -> None:
    with Sandbox(workers=1, flavour=Flavour(loaded=("math",))) as sandbox:
        with pickle.loads(pickle.dumps(sandbox)) as copy:
            assert copy.isolation["level"] == sandbox.isolation["level"]
            assert value(copy.run([job(1)])[0]) == 2


def test_many_threads_get_their_own_runs() -> None:
    found: dict[int, object] = {}
    with Sandbox(workers=2) as sandbox:

        def work(number: int) -> None:
            found[number] = [value(run) for run in sandbox.run([job(number)] * 5)]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == {number: [number + 1] * 5 for number in range(12)}


CLOCK = "import time  # {}\ndef f(x):\n    return time.time_ns()\n"


def test_equal_code_runs_once_where_runs_are_kept() -> None:
    variants = [Job(source=CLOCK.format(comment), asks=("f(1)",)) for comment in ("one", "two")]
    with Sandbox(remember=10) as sandbox:
        one, two = sandbox.run(variants)
        [other] = sandbox.run([Job(source=CLOCK.format("one"), asks=("f(2)",))])
        [limited] = sandbox.run([Job(source=CLOCK.format("one"), asks=("f(1)",), limits=Limits(cpu_seconds=5))])
    assert value(one) == value(two)
    assert len({value(one), value(other), value(limited)}) == 3
    with Sandbox() as sandbox:
        one, two = sandbox.run(variants)
    assert value(one) != value(two)


def test_a_kept_fault_shows_the_program_s_own_lines() -> None:
    source = "def f(x):\n    return 1 / x  # {}\n"
    with Sandbox(remember=10) as sandbox:
        runs = sandbox.run([Job(source=source.format(word), asks=("f(0)",)) for word in ("one", "two", "one")])
    faults = [run.answers[0].fault for run in runs]
    assert [fault.traceback[-1].rsplit(" ")[-1] for fault in faults if fault] == ["one", "two", "one"]


def test_a_timeout_is_not_kept() -> None:
    source = "import time\ntime.sleep(5)"
    with Sandbox(remember=10) as sandbox:
        start = time.monotonic()
        runs = sandbox.run([Job(source=source, limits=QUICK)] * 2)
        assert time.monotonic() - start >= 2
    assert [run.status for run in runs] == ["timeout"] * 2


def test_files_go_in_and_come_out(jail: Sandbox) -> None:
    source = "text = open('in/a.txt').read()\nopen('out.bin', 'wb').write(text.encode() * 2)\nimport os\nos.mkdir('d')"
    [run] = jail.run([Job(source=source, files={"in/a.txt": b"abc"}, wanted=("out.bin", "none", "d", "/etc/passwd"))])
    assert run.status == "ok"
    assert run.files == {"out.bin": b"abcabc", "none": None, "d": None, "/etc/passwd": None}
    assert value(jail.run([Job(source="import os", asks=("os.listdir('.')",))])[0]) == []


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", ""])
def test_a_file_that_lies_elsewhere_is_refused(name: str, jail: Sandbox) -> None:
    [run] = jail.run([Job(source="x = 1", files={name: b"x"})])
    assert (run.status, run.detail.split(":")[0]) == ("error", "not run")


def test_assertions_inside_are_the_program_s_own_word(jail: Sandbox) -> None:
    checks = ("assert f(1) == 2", "assert f(1) == 3", "assert g()")
    [run] = jail.run([Job(source=ADD.format(1), inside=checks)])
    assert [(item.passed, item.fault.type if item.fault else "") for item in run.inside] == [
        (True, ""),
        (False, "AssertionError"),
        (False, "NameError"),
    ]


def test_every_run_says_what_held_it(jail: Sandbox) -> None:
    for run in jail.run([job(1), Job(source="def f(:"), Job(source="x" * (65 << 20))]):
        assert run.isolation["level"] == jail.isolation["level"]


def test_nothing_to_run_is_no_run(jail: Sandbox) -> None:
    assert jail.run([]) == []
    assert list(jail.as_completed([])) == []


def test_a_virtual_environment_is_named_or_refused(tmp_path: object) -> None:
    from etude.errors import InputError

    with pytest.raises(InputError) as caught:
        Flavour.environment(str(tmp_path))
    assert "venv" in caught.value.fix


def test_numpy_values_cross_from_a_flavour_that_has_it() -> None:
    numpy = pytest.importorskip("numpy")
    source = "import numpy as np\ndef f(n):\n    return np.arange(n) * 2\n"
    with Sandbox(flavour=Flavour.numpy()) as sandbox:
        [run] = sandbox.run([Job(source=source, asks=("f(3)", "f(3).mean()", "f(1).tolist()"))])
    assert run.status == "ok"
    array, mean, plain = (answer.value for answer in run.answers)
    assert type(array) is numpy.ndarray
    assert array.tolist() == [0, 2, 4]
    assert (float(mean), plain) == (2.0, [0])


def test_a_language_without_its_tools_is_said_to_be_missing(jail: Sandbox, tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "odd.toml")
    with open(path, "w") as file:
        file.write('file = "p.odd"\nrun = ["no-such-interpreter", "p.odd"]\n')
    [run] = jail.run([Job(source="x", stdin="", language=path)])
    assert run.status == "unavailable"
    assert "no-such-interpreter" in run.detail
    [run] = jail.run([Job(source="x", language="cobol")])
    assert run.status == "unavailable"
    assert isinstance(MissingError("x"), Exception)
