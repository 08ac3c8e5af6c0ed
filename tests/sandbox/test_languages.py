"""Programs of other languages: each description is tried with a good program and with every kind of bad one.

A language whose tools are not installed is left out, with the reason.
"""

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from etude.errors import InputError, MissingError
from etude.records import Job, Limits, Run
from etude.sandbox import Sandbox, languages
from etude.sandbox.flavour import Flavour
from etude.sandbox.languages import tools
from etude.sandbox.watching import children
from etude.sandbox.worker import Worker
from tests.polyglot import (
    BROKEN,
    BROKEN_SAYS,
    CURIOUS,
    ENDLESS,
    FAULTY,
    HUNGRY,
    LEAVING,
    LOUD,
    MULTIPLYING,
    NAMES,
    SUM,
    named,
)

QUICK = Limits(cpu_seconds=2.0, wall_seconds=6.0, memory_bytes=512 << 20, output_bytes=1 << 16)
HEAVY = ("go", "java", "julia", "r", "ruby", "rust")
"""Languages that most machines lack, or that take long to start or to compile."""
EVERY = [pytest.param(name, marks=pytest.mark.whole if name in HEAVY else ()) for name in NAMES]
SHORT = Limits(cpu_seconds=0.6, wall_seconds=3.0, memory_bytes=512 << 20, processes=8)

CALLING = {
    "c": "#include <stdio.h>\n#include <string.h>\n#include <arpa/inet.h>\n#include <sys/socket.h>\n"
    "int main(){struct sockaddr_in a; memset(&a,0,sizeof a); a.sin_family=AF_INET; a.sin_port=htons(PORT);"
    "a.sin_addr.s_addr=htonl(0x7f000001); int s=socket(AF_INET,SOCK_STREAM,0);"
    'puts(s>=0 && connect(s,(struct sockaddr*)&a,sizeof a)==0 ? "connected" : "denied");}',
    "javascript": 'const s=require("net").connect(PORT,"127.0.0.1");'
    's.on("connect",()=>{console.log("connected");process.exit()});s.on("error",()=>console.log("denied"));',
    "lua": 'print(os.execute("bash -c \'exec 3<>/dev/tcp/127.0.0.1/PORT\' 2>/dev/null") and "connected" or "denied")',
    "bash": "(exec 3<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null && echo connected || echo denied",
    "python": "import socket\ntry: socket.create_connection(('127.0.0.1', PORT), 1); print('connected')\n"
    "except OSError: print('denied')",
}
CALLING["cpp"] = CALLING["c"]


def ran(jail: Sandbox, name: str, source: str, limits: Limits = QUICK, stdin: str | None = None) -> Run:
    return jail.run([Job(source=source, language=named(name), limits=limits, stdin=stdin)])[0]


def below(process: int) -> set[int]:
    found = children(process)
    return found.union(*map(below, found)) if found else found


def test_fifteen_languages_come_with_it() -> None:
    assert set(languages.names()) == set(NAMES)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in NAMES]
)
def test_a_program_reads_its_input_and_answers(name: str, jail: Sandbox) -> None:
    run = ran(jail, name, SUM[name], stdin="19 23\n")
    assert (run.status, run.detail, run.stdout, run.stderr) == ("ok", "", "42\n", "")


@pytest.mark.parametrize("name", EVERY)
def test_a_program_that_does_not_compile_is_a_syntax_error_with_the_compilers_words(name: str, jail: Sandbox) -> None:
    run = ran(jail, name, BROKEN[name])
    assert (run.status, run.detail) == ("error", "syntax")
    assert BROKEN_SAYS[name] in run.stderr
    assert run.fault is not None


@pytest.mark.parametrize("name", EVERY)
def test_a_fault_is_told_from_a_syntax_error(name: str, jail: Sandbox) -> None:
    source, status, detail, said = FAULTY[name]
    run = ran(jail, name, source)
    assert (run.status, run.detail) == (status, detail)
    assert said in run.stderr


@pytest.mark.parametrize("name", EVERY)
def test_an_endless_loop_runs_out_of_processor_time(name: str, jail: Sandbox) -> None:
    run = ran(jail, name, ENDLESS[name], SHORT)
    assert (run.status, run.detail) == ("timeout", "cpu")
    assert run.cpu_seconds < 3


@pytest.mark.parametrize("name", EVERY)
def test_too_much_memory_is_refused_and_said_to_be_that(name: str, jail: Sandbox) -> None:
    run = ran(jail, name, HUNGRY[name], Limits(cpu_seconds=8.0, wall_seconds=20.0, memory_bytes=256 << 20))
    assert run.status == "memory", (run.detail, run.stderr[-300:])
    assert run.peak_bytes < 600 << 20


@pytest.mark.parametrize("name", EVERY)
def test_an_output_flood_ends_at_its_limit(name: str, jail: Sandbox) -> None:
    run = ran(jail, name, LOUD[name])
    assert (run.status, run.detail) == ("error", "output")
    assert 0 < len(run.stdout) <= QUICK.output_bytes


@pytest.mark.parametrize("name", EVERY)
def test_the_hosts_files_are_not_there(name: str, jail: Sandbox) -> None:
    run = ran(jail, name, CURIOUS[name])
    assert (run.status, run.stdout) == ("ok", "denied\n")


@pytest.mark.parametrize("name", CALLING)
def test_nobody_on_this_machine_can_be_called(name: str, jail: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        run = ran(jail, name, CALLING[name].replace("PORT", str(listener.getsockname()[1])))
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert (run.status, run.stdout) == ("ok", "denied\n")


@pytest.mark.parametrize("name", MULTIPLYING)
def test_a_fork_bomb_ends_and_leaves_nothing(name: str, jail: Sandbox) -> None:
    assert ran(jail, name, SUM[name], stdin="1 2").stdout == "3\n"
    before = below(os.getpid())
    run = ran(jail, name, MULTIPLYING[name], SHORT)
    assert run.status in ("timeout", "memory"), (run.detail, run.stderr[-300:])
    assert run.cpu_seconds < 6
    assert below(os.getpid()) == before
    assert ran(jail, name, SUM[name], stdin="1 2").stdout == "3\n"


@pytest.mark.parametrize("name", LEAVING)
def test_what_a_program_leaves_running_ends_with_it(name: str, jail: Sandbox) -> None:
    assert ran(jail, name, SUM[name], stdin="1 2").stdout == "3\n"
    before = below(os.getpid())
    start = time.monotonic()
    run = ran(jail, name, LEAVING[name], stdin="1 2\n")
    assert (run.status, run.stdout) == ("ok", "3\n"), run.stderr
    assert time.monotonic() - start < 5
    assert below(os.getpid()) == before


def test_the_compilers_warnings_are_no_output_of_the_program(jail: Sandbox) -> None:
    run = ran(jail, "c", '#include <stdio.h>\n#warning careful\nint main(){ puts("x"); return 0; }')
    assert (run.status, run.stdout, run.stderr) == ("ok", "x\n", "")


def test_what_a_program_leaves_is_gone_for_the_next(jail: Sandbox) -> None:
    assert ran(jail, "bash", "echo secret > left; ls").stdout == "left\nprogram.sh\n"
    assert ran(jail, "bash", "ls").stdout == "program.sh\n"


def test_files_go_in_and_come_out(jail: Sandbox) -> None:
    job = Job(source="tr a b < in > out", language=named("bash"), files={"in": b"banana"}, wanted=("out", "none"))
    run = jail.run([job])[0]
    assert dict(run.files) == {"out": b"bbnbnb", "none": None}


def test_a_program_cannot_forge_its_own_end(jail: Sandbox) -> None:
    source = "for n in 3 5 10 11 12 13; do printf '\\x05\\x00\\x00\\x00l' >&$n; done 2>/dev/null; kill -9 1; exit 1"
    run = ran(jail, "bash", source)
    assert (run.status, run.detail) == ("error", "exit status 1")


def test_the_python_of_a_description_is_the_sandboxs_own(jail: Sandbox) -> None:
    run = ran(jail, "python", "import sys\nprint(*sys.version_info[:3])\nimport ssl, json, sqlite3, ctypes")
    assert run.stdout.split() == [str(part) for part in sys.version_info[:3]]


def test_the_interpreter_is_shown_read_only(jail: Sandbox) -> None:
    run = ran(jail, "python", "import sys\nopen(sys.executable, 'ab')")
    assert "Read-only file system" in run.stderr or "Permission denied" in run.stderr
    assert run.status == "error"


@pytest.mark.skipif(not os.access("/usr/bin/python3", os.X_OK), reason="there is no /usr/bin/python3")
def test_another_interpreter_is_the_one_that_runs() -> None:
    with Sandbox(flavour=Flavour(interpreter="/usr/bin/python3")) as sandbox:
        run = ran(sandbox, "python", "import sys\nprint(sys.executable)")
    assert run.stdout.strip() == os.path.realpath("/usr/bin/python3")


def test_a_missing_tool_names_what_to_install(monkeypatch: pytest.MonkeyPatch, jail: Sandbox) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingError) as caught:
        tools.needed("cpp")
    assert "no g++" in caught.value.found
    assert "apt-get install g++" in caught.value.fix
    assert "apt-get install lua5.4" in jail.run([Job(source="", language="lua")])[0].detail


def test_a_road_without_process_namespaces_says_so() -> None:
    worker = Worker(road="container", flavour=Flavour(), commands=True)
    with pytest.raises(MissingError, match="namespaces"):
        worker.start()


def test_a_description_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('file = "x"\nrun = ["x"]\nfast = true\n')
    with pytest.raises(InputError, match="fast"):
        languages.language(str(path))


def test_a_command_that_is_not_there_is_named(tmp_path: Path, jail: Sandbox) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('file = "x"\nrun = ["./nothing"]\n')
    run = jail.run([Job(source="", language=str(path))])[0]
    assert (run.status, run.detail) == ("error", "exit status 127")
    assert "No such file" in run.stderr
