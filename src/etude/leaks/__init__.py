"""Leaks: programs that solve a task they are to be examined on, however they are worded.

A program is a leak where one of its functions passes every hidden test of an exam task. `find` runs the programs and
says which; what happens to them is the business of the curator `decontaminate`. Nothing that is returned or written
here holds a hidden test, an input or an expected value.

    >>> from etude import leaks
    >>> from etude.sandbox import Sandbox
    >>> with Sandbox() as sandbox:
    ...     found = list(leaks.find(programs, leaks.opened(["humaneval:HumanEval.jsonl.gz"]), sandbox))
"""

from etude.leaks.finding import Leak, Search, find, opened
from etude.leaks.guarding import Findings, Guard

__all__ = ["Findings", "Guard", "Leak", "Search", "find", "opened"]
