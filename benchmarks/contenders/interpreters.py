"""A fresh interpreter per program: bare, in bubblewrap, in nsjail; and the harness that trusts the exit status.

Program and tests go in as one script, and the verdict is a word that the script prints at its end.
"""

import os
import shutil
import subprocess

from contenders.program import Program, script_of

PASSED = "every test passed"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin")


class Interpreter:
    """`python -I -`: the script comes on standard input.

    Args:
        wrapper: `""`, `"bwrap"` or `"nsjail"`.
        binary: Where that program is.
        python: The interpreter, best one that has nothing installed: what `site` finds there is run each time.
    """

    def __init__(self, python: str, wrapper: str = "", binary: str = "") -> None:
        self._python, self._wrapper, self._binary = python, wrapper, binary
        if wrapper and not shutil.which(binary):
            raise FileNotFoundError(f"{wrapper} is not installed")

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._seconds = seconds
        self._scripts = [f"{script_of(program)}\nprint({PASSED!r})\n" for program in programs]
        self._command = [*self._front(seconds), self._python, "-I", "-"]

    def go(self) -> list[str]:
        return [self._run(script) for script in self._scripts]

    def _run(self, script: str) -> str:
        try:
            done = subprocess.run(
                self._command, input=script, capture_output=True, text=True, errors="replace", timeout=self._seconds
            )
        except subprocess.TimeoutExpired:
            return "timeout"
        if done.returncode == 0 and done.stdout.endswith(PASSED + "\n"):
            return "pass"
        lines = done.stderr.rstrip().splitlines()
        last = lines[-1] if lines else ""
        if last.startswith(("SyntaxError", "IndentationError", "TabError")):
            return "syntax"
        return "wrong" if last.startswith("AssertionError") else "exception"

    def _front(self, seconds: float) -> list[str]:
        if self._wrapper == "bwrap":
            return bubblewrap(self._binary, self._python)
        return nsjail(self._binary, self._python, seconds) if self._wrapper == "nsjail" else []


class ExitStatus:
    """`python -c`, and an exit status of 0 is a pass: how scripts around a model are often judged."""

    def __init__(self, python: str) -> None:
        self._python = python

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._seconds, self._scripts = seconds, [script_of(program) for program in programs]

    def go(self) -> list[str]:
        return [self._run(script) for script in self._scripts]

    def _run(self, script: str) -> str:
        command = [self._python, "-c", script]
        try:
            done = subprocess.run(command, capture_output=True, timeout=self._seconds)
        except subprocess.TimeoutExpired:
            return "timeout"
        return "fail" if done.returncode else "pass"


def folders_of(python: str) -> list[str]:
    """What must be visible in a jail for an interpreter to start."""
    own = [os.path.dirname(os.path.dirname(path)) for path in (python, os.path.realpath(python))]
    return [path for path in dict.fromkeys([*SYSTEM, *own]) if os.path.exists(path)]


def bubblewrap(binary: str, python: str) -> list[str]:
    """The front of a command that gives a program no network, no files but the interpreter's, and a new /tmp."""
    command = [binary, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--dev", "/dev"]
    command += ["--tmpfs", "/tmp", "--chdir", "/tmp"]
    for path in folders_of(python):
        command += ["--ro-bind", path, path]
    return command


def nsjail(binary: str, python: str, seconds: float) -> list[str]:
    """The same for nsjail, with limits of memory and time as it has them built in."""
    command = [binary, "--mode", "o", "--really_quiet", "--disable_proc", "--rlimit_as", "4096", "--rlimit_fsize", "16"]
    command += ["--time_limit", str(max(1, round(seconds + 0.5))), "--tmpfsmount", "/tmp", "--cwd", "/tmp"]
    for path in folders_of(python):
        command += ["--bindmount_ro", path]
    for device in ("/dev/null", "/dev/urandom"):
        command += ["--bindmount", device]
    return [*command, "--"]
