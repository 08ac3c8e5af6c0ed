"""LiveCodeBench, from a checkout: `check_correctness`, which its evaluation calls per sample."""

import ast
import importlib
import json
import sys

from contenders.program import Program


class LiveCodeBenchChecker:
    """A manager process with two lists and a worker process per program; arguments and values cross as JSON.

    Args:
        folder: The checkout.
    """

    def __init__(self, folder: str) -> None:
        sys.path.insert(0, folder)
        name = "lcb_runner.evaluation.compute_code_generation_metrics"
        self._check = importlib.import_module(name).check_correctness

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._seconds, self._rows = max(1, round(seconds)), [(_sample(item), _code(item)) for item in programs]

    def go(self) -> list[str]:
        return [self._run(sample, code) for sample, code in self._rows]

    def _run(self, sample: dict[str, str], code: str) -> str:
        try:
            results, _ = self._check(sample, code, self._seconds, False)
        except Exception as error:  # as its own caller does: the checker itself fails when a child dies
            return f"its {type(error).__name__}"
        if -3 in results:
            return "timeout"
        return "pass" if results and all(item is True for item in results) else "fail"


def _code(program: Program) -> str:
    return f"{program['source']}\n{program['setup']}\n"


def _sample(program: Program) -> dict[str, str]:
    inputs = ["\n".join(json.dumps(item) for item in ast.literal_eval(given)) for given, _ in program["pairs"]]
    outputs = [json.dumps(ast.literal_eval(value)) for _, value in program["pairs"]]
    return {"input_output": json.dumps({"inputs": inputs, "outputs": outputs, "fn_name": program["entry_point"]})}
