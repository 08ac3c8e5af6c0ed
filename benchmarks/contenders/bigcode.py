"""BigCode's evaluation harness, from a checkout: `check_correctness`, which its `code_eval` calls per program.

The module is loaded by its path, because its package imports every task of the harness.
"""

import importlib.util

from contenders.program import Program, script_of

PLACE = "bigcode_eval/tasks/custom_metrics/execute.py"


class BigCodeChecker:
    """A manager process and a worker process per program.

    Args:
        folder: The checkout.
    """

    def __init__(self, folder: str) -> None:
        found = importlib.util.spec_from_file_location("bigcode_execute", f"{folder}/{PLACE}")
        if found is None or found.loader is None:
            raise FileNotFoundError(f"{folder}/{PLACE}")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        self._check = module.check_correctness

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._seconds, self._scripts = seconds, [script_of(program) for program in programs]

    def go(self) -> list[str]:
        return [self._run(script) for script in self._scripts]

    def _run(self, script: str) -> str:
        said = self._check(script, self._seconds, 0, 0)
        return "pass" if said["passed"] else "timeout" if said["result"] == "timed out" else "fail"
