"""A language is one TOML file: languages of a user's own, what a file may say, and what is told of a tool's absence."""

import shutil
import stat
from pathlib import Path

import pytest

from etude.errors import InputError, MissingError
from etude.judges.codes import code_of
from etude.judges.stdio import StdioJudge
from etude.records import Job, Limits
from etude.sandbox import Sandbox
from etude.sandbox.languages import language, named, tools
from tests.judges.hostile import attempt_of
from tests.polyglot import task_in

JUDGE = StdioJudge(cpu_seconds=0.5, wall_seconds=4.0, calibrate=0)

AWK = """
title = "AWK"
file = "program.awk"
run = ["awk", "-f", "program.awk"]
check = ["awk", "-f", "program.awk", "/dev/null"]
debian = ["mawk"]
sample = 'BEGIN { print "etude" }'
"""
TCL = """
title = "Tcl"
file = "program.tcl"
run = ["tclsh", "program.tcl"]
debian = ["tcl"]
sample = 'puts etude'
"""
OWN = {
    "awk": (AWK, ["{ print $1 + $2 }", "{ print 42 }", "{ print ", "{ print 1; exit 3 }", "BEGIN { while (1) x++ }"]),
    "tclsh": (TCL, ["puts [expr [join [gets stdin] +]]", "puts 42", None, "error oh", "while 1 {}"]),
}
CODES = ["success", "fail:wrong-output", "fail:error", "fail:error", "fail:timeout"]


@pytest.mark.parametrize("tool", OWN)
def test_six_lines_make_a_language_with_every_result_code(tool: str, tmp_path: Path, jail: Sandbox) -> None:
    if not shutil.which(tool):
        pytest.skip(f"no {tool} on this machine")
    text, programs = OWN[tool]
    path = tmp_path / f"{tool}.toml"
    path.write_text(text)
    chosen = [(program, code) for program, code in zip(programs, CODES, strict=True) if program]
    verdicts = JUDGE.judge(task_in(str(path)), [attempt_of(program) for program, _ in chosen], jail)
    assert [code_of(item) for item in verdicts] == [code for _, code in chosen]


def test_a_tool_may_have_several_names(tmp_path: Path, jail: Sandbox) -> None:
    path = tmp_path / "shell.toml"
    path.write_text(
        'file = "a.sh"\nrun = ["shell", "a.sh"]\n[tools]\nshell = ["no-such-shell", "/no/where/*/sh", "sh"]\n'
    )
    assert jail.run([Job(source="echo $0", language=str(path))])[0].stdout == "a.sh\n"


def test_a_tool_of_its_own_folder_brings_that_folder_along(tmp_path: Path) -> None:
    place = Path("/opt/etude-test-tool")
    try:
        (place / "bin").mkdir(parents=True)
    except OSError:
        pytest.skip("/opt cannot be written here")
    try:
        (place / "greeting").write_text("hello from beside it\n")
        tool = place / "bin" / "greeter"
        tool.write_text('#!/bin/sh\ncat "${0%/*}/../greeting" "$1"\n')
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        path = tmp_path / "greeting.toml"
        path.write_text(f'file = "a.txt"\nrun = ["greeter", "a.txt"]\n[tools]\ngreeter = ["{place}/bin/greeter"]\n')
        with Sandbox() as sandbox:
            [run] = sandbox.run([Job(source="and from a program\n", language=str(path))])
        assert run.stdout == "hello from beside it\nand from a program\n", run.stderr
    finally:
        shutil.rmtree(place)


def test_a_tool_that_the_jail_cannot_show_is_unavailable_and_no_failure(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tool = home / "bin" / "mine"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho hello\n")
    tool.chmod(0o755)
    path = tmp_path / "mine.toml"
    path.write_text(f'file = "a"\nrun = ["mine", "a"]\n[tools]\nmine = ["{tool}"]\n')
    with pytest.MonkeyPatch.context() as patch, Sandbox() as sandbox:
        patch.setenv("HOME", str(home))
        [run] = sandbox.run([Job(source="", language=str(path))])
    assert (run.status, "is not in the jail" in run.detail) == ("unavailable", True)


def test_a_language_whose_sample_fails_is_broken_and_fails_no_program(tmp_path: Path, jail: Sandbox) -> None:
    path = tmp_path / "broken.toml"
    path.write_text('title = "Broken"\nfile = "a"\nrun = ["sh", "-c", "echo no; exit 1"]\nsample = "x"\n')
    [run] = jail.run([Job(source="anything", language=str(path))])
    assert run.status == "unavailable"
    assert "sample program in Broken" in run.detail


def test_the_name_of_a_program_is_found_in_its_text() -> None:
    java = language("java")
    assert java.name_of("import a.B;\npublic final class Answer { }") == "Answer"
    assert java.name_of("class Helper { int x; }\nclass Start { static void main(String[] a) {} }") == "Start"
    assert java.name_of("// nothing") == "Main"


def test_a_language_has_many_spellings() -> None:
    assert [named(word) for word in ("C++", "js", "f90", "R", "Rust", "golang")] == [
        *("cpp", "javascript", "fortran", "r", "rust", "go")
    ]
    with pytest.raises(InputError, match="no language 'cobol'"):
        named("cobol")


def test_a_value_of_the_wrong_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('file = "x"\nrun = "x"\n')
    with pytest.raises(InputError, match="run"):
        language(str(path))


def test_each_language_names_what_brings_its_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    for name, found in tools.report().items():
        if found["missing"]:
            assert "apt-get install" in found["source"] or "https://" in found["source"], name
    with pytest.raises(MissingError, match="apt-get install gfortran"):
        tools.needed("fortran")


def test_a_program_is_compiled_once_for_all_its_inputs() -> None:
    if tools.missing(language("c")):
        pytest.skip("no gcc")
    task = task_in("c")
    source = '#include <stdio.h>\nint main(){int a,b;scanf("%d %d",&a,&b);printf("%d\\n",a+b);return 0;}'
    with Sandbox(workers=2) as sandbox:
        [verdict] = JUDGE.judge(task, [attempt_of(source)], sandbox)
        jobs = [Job(source=source, language="c", stdin=f"{n} 1\n") for n in range(20)]
        runs = sandbox.run(jobs)
        compiled = sandbox._started().workshop.compiled
    assert verdict.passed is True
    assert [run.stdout for run in runs] == [f"{n + 1}\n" for n in range(20)]
    assert compiled == 1


def test_the_compilers_time_is_not_the_programs(jail: Sandbox) -> None:
    if tools.missing(language("cpp")):
        pytest.skip("no g++")
    source = "#include <iostream>\nint main(){ std::cout << 1; }"
    [run] = jail.run([Job(source=source, language="cpp", limits=Limits(cpu_seconds=0.1, wall_seconds=2.0))])
    assert (run.status, run.stdout) == ("ok", "1"), run.detail


def test_a_link_to_what_only_starts_a_tool_is_not_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starter = tmp_path / "starter"
    starter.write_text("#!/bin/sh\n")
    starter.chmod(0o755)
    (tmp_path / "some-compiler").symlink_to(starter)
    monkeypatch.setenv("PATH", str(tmp_path))
    text = 'file = "p.x"\nrun = ["some-compiler", "p.x"]\n'
    (tmp_path / "plain.toml").write_text(text)
    (tmp_path / "known.toml").write_text(text + 'proxies = ["starter"]\n')
    assert tools.missing(language(str(tmp_path / "plain.toml"))) == []
    assert tools.missing(language(str(tmp_path / "known.toml"))) == ["some-compiler"]
