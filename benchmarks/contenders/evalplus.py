"""evalplus, as installed from its package: `untrusted_check`, which its evaluation calls twice per sample.

It is called once per program here, so the figure is per program, not per sample.
"""

import ast
import importlib
from typing import Any

from contenders.program import Program


class EvalplusChecker:
    """One worker process per program; values are compared in it. The limit holds for each test, as evalplus has it."""

    def __init__(self) -> None:
        self._check = importlib.import_module("evalplus.eval").untrusted_check

    def prepare(self, programs: list[Program], seconds: float) -> None:
        self._rows = [_row(program, seconds) for program in programs]

    def go(self) -> list[str]:
        return [str(self._check(**row)[0]) for row in self._rows]


def _row(program: Program, seconds: float) -> dict[str, Any]:
    inputs = [list(ast.literal_eval(given)) for given, _ in program["pairs"]]
    return {
        "dataset": "humaneval" if program["check"] else "mbpp",
        "code": f"{program['source']}\n{program['setup']}\n",
        "inputs": inputs,
        "entry_point": program["entry_point"],
        "expected": [ast.literal_eval(value) for _, value in program["pairs"]],
        "atol": 0,
        "ref_time": [0.0] * len(inputs),
        "fast_check": True,
        "min_time_limit": seconds,
    }
