"""Proofs of non-termination: what never ends is stopped early, and nothing that ends is ever taken for it."""

import os
import random
import resource
import sys
from collections.abc import Iterator

import pytest

from etude.records import Job, Limits
from etude.sandbox import Sandbox
from etude.sandbox.jail import drift, endless
from etude.sandbox.jail.snapshot import known_world
from etude.sandbox.jail.watched import Watch
from tests.sandbox.corpus.loops import ENDLESS, NEAR, STDIN

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions of CPython 3.11 only")
LIMITS = Limits(cpu_seconds=20, wall_seconds=60)
PROVEN, FINISHED, OPEN = 3, 0, 4


@pytest.fixture(scope="module")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1, remember=False) as jail:
        yield jail


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_loop_is_proved_so_long_before_its_time_is_up(jail: Sandbox, name: str) -> None:
    [run] = jail.run([Job(source=ENDLESS[name], asks=("f()",), limits=LIMITS)])
    assert run.status == "timeout"
    assert run.detail.startswith("endless: ")
    assert run.cpu_seconds < 2


@pytest.mark.parametrize("name", NEAR)
def test_what_ends_after_all_ends_with_its_result(jail: Sandbox, name: str) -> None:
    source, ask, answer = NEAR[name]
    [run] = jail.run([Job(source=source, asks=(ask,), stdin=STDIN, limits=LIMITS)])
    assert (run.status, run.detail) == ("ok", "")
    assert repr(run.answers[0].value) == answer
    assert run.cpu_seconds > 0.05, "it ends before anybody looks at it, and so tests nothing"


def _loop(chance: random.Random) -> str:
    """A random small loop over integers that often ends, and often does not."""
    names = ("a", "b", "c")

    def number() -> str:
        return chance.choice((*names, str(chance.randint(-3, 12))))

    def line() -> str:
        name, sign = chance.choice(names), chance.choice(("+=", "-=", "+=", "-=", "=", "//=", "%=", "*="))
        safe = str(chance.randint(1, 5)) if sign in ("//=", "%=", "*=") else number()
        return f"{name} {sign} {safe}"

    def test() -> str:
        sign = chance.choice(("<", "<=", ">", ">=", "!=", "=="))
        return f"{number()} {sign} {number()}" if chance.random() < 0.9 else chance.choice(names)

    body = [f"        {line()}" for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.5:
        body += [f"        if {test()}:", f"            {chance.choice((line(), 'break', 'continue', 'return a'))}"]
    body += [f"        {line()}"] if chance.random() < 0.3 else []
    start = ", ".join(str(chance.randint(-5, 30)) for _ in names)
    return "\n".join(
        ("def f():", f"    a, b, c = {start}", "    look()", f"    while {test()}:", *body, "    return a")
    )


def _ends(source: str, rounds: int = 3000) -> bool:
    """Whether the loop ends within so many rounds, by running it with a counter."""
    space: dict[str, object] = {"look": lambda: None, "left": iter(range(rounds))}
    exec(source.replace("        ", "        next(left)\n        ", 1), space)
    try:
        space["f"]()  # type: ignore[operator]
    except StopIteration:
        return False
    return True


def _watched(source: str) -> int:
    """What a look from the loop's beginning finds, in a process of its own."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))

        def look() -> None:
            stack = endless._stack(sys._getframe(1))[:1]
            Watch(stack, known_world(), 10_000, lambda *_: os._exit(PROVEN), lambda: os._exit(OPEN))

        space: dict[str, object] = {"look": look}
        exec(source, space)
        space["f"]()  # type: ignore[operator]
        os._exit(FINISHED)
    finally:
        os._exit(1)


@pytest.mark.parametrize("loops", [100, pytest.param(500, marks=pytest.mark.whole)])
def test_no_random_loop_that_ends_is_proved_endless_and_most_that_do_not_are(loops: int) -> None:
    chance = random.Random(11)
    found = [(source := _loop(chance), _ends(source), _watched(source)) for _ in range(loops)]
    assert not [source for source, ends, seen in found if ends and seen == PROVEN]
    assert not [source for source, ends, seen in found if not ends and seen == FINISHED]
    stuck = [seen for _, ends, seen in found if not ends]
    assert len(stuck) > loops / 5
    assert stuck.count(PROVEN) / len(stuck) > 0.5, "the others grow by multiplication, and are left to the limits"


@pytest.mark.parametrize(
    ("start", "step", "never"),
    [(4, -2, False), (5, -2, True), (-4, 2, False), (4, 2, True), (0, 2, False), (0, 0, False), (3, 0, True)],
)
def test_a_line_of_numbers_meets_zero_or_misses_it(start: int, step: int, never: bool) -> None:
    assert drift._misses_zero(start, step) is never


def test_a_program_that_forges_a_proof_has_failed_itself(jail: Sandbox) -> None:
    forging = (
        "import gc\n"
        "for thing in gc.get_objects():\n"
        "    if getattr(thing, '__name__', '') == '_prove' and getattr(thing, '__module__', '').endswith('program'):\n"
        "        thing('all is well', 1)\n"
    )
    source = "import sys\n[m for m in list(sys.modules.values()) if hasattr(m, '_prove') and m._prove('well', 1)]\n"
    for text in (forging, source):
        [run] = jail.run([Job(source=text + "def f(): return 1\n", asks=("f()",))])
        assert run.status in ("ok", "error", "timeout")
        assert run.status == "ok" or not run.answers
