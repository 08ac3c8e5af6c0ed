"""Memory that no single process owns: the worker's control group holds it, and its end is a verdict, no fault."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from etude.records import Job, Limits
from etude.sandbox import Sandbox
from etude.sandbox.control_group import PREFIX, ControlGroup, _own_groups, entered

MANY = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
int main(void) {
    for (int i = 0; i < 6; i++)
        if (fork() == 0) {
            for (int k = 0; k < 90; k++) memset(malloc(1 << 20), 1, 1 << 20);
            sleep(3);
            return 0;
        }
    int status, bad = 0;
    while (wait(&status) > 0) bad |= status;
    return bad ? 9 : 0;
}
"""
FEW = MANY.replace("i < 6", "i < 2").replace("sleep(3)", "sleep(0)")


@pytest.fixture
def sleeper() -> Iterator[int]:
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], os.environ)
    yield pid
    os.kill(pid, 9)
    os.waitpid(pid, 0)


@pytest.fixture
def group(sleeper: int) -> Iterator[ControlGroup]:
    made = entered(sleeper)
    if made is None:
        pytest.skip("no memory control group can be made here")
    yield made
    made.remove()


def test_a_process_is_put_into_a_group_of_its_own(group: ControlGroup, sleeper: int) -> None:
    assert (group.path / "cgroup.procs").read_text().split() == [str(sleeper)]
    group.limit(64 << 20)
    assert not group.exhausted()


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed (apt install gcc libc6-dev)")
def test_many_processes_together_cannot_take_more_than_one_may(group: ControlGroup) -> None:
    limits = Limits(memory_bytes=128 << 20, cpu_seconds=10, wall_seconds=20)
    with Sandbox(workers=1) as jail:
        [many] = jail.run([Job(source=MANY, language="c", stdin="", limits=limits)])
        [few] = jail.run([Job(source=FEW, language="c", stdin="", limits=limits)])
        [honest] = jail.run([Job(source="def f():\n    return 1\n", asks=("f()",))])
    assert (many.status, many.detail) == ("memory", "control group")
    assert few.status == "ok", "what an earlier program took is not held against this one"
    assert honest.status == "ok"
    assert honest.isolation["memory"].startswith("control group")


def test_no_group_is_left_behind(group: ControlGroup) -> None:
    ours = f"{PREFIX}{os.getpid()}-*"
    before = set(group.path.parent.glob(ours))
    with Sandbox(workers=2) as jail:
        assert jail.run([Job(source="x = 1")])[0].status == "ok"
        assert set(group.path.parent.glob(ours)) > before
    assert set(group.path.parent.glob(ours)) == before


def test_what_a_killed_process_left_is_swept_away(group: ControlGroup, sleeper: int) -> None:
    stale: Path = group.path.parent / f"{PREFIX}4194999-abc"
    stale.mkdir()
    other = entered(sleeper)
    assert other is not None
    assert not stale.exists()
    os.kill(sleeper, 0)
    (group.path / "cgroup.procs").write_text(str(sleeper))
    other.remove()


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("0::/user.slice/app\n", {2: "/user.slice/app"}),
        ("4:memory:/docker/1\n0::/\n", {1: "/docker/1", 2: "/"}),
        ("4:cpu,memory:/a:b\n1:cpu:/\n", {1: "/a:b"}),
        ("", {}),
    ],
)
def test_the_kernel_s_words_for_our_own_group(text: str, groups: dict[int, str]) -> None:
    assert dict(_own_groups(text)) == groups
