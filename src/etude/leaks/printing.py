"""Whole programs against exam tasks that are judged by what is printed: one run gives a program many inputs.

The program is executed again and again inside one jail with its input and output replaced. That is enough to say which
exam tasks it may solve; each of those is judged in full, where every input has a process of its own.
"""

import re
from collections.abc import Iterator, Sequence

from etude.judges.rules.exchanges import printed
from etude.leaks.asking import Inquiry, Round, Subject
from etude.leaks.papers import Paper
from etude.protocols import Sandbox
from etude.records import Answer

LONGEST = 20_000
"""Characters of an input that is tried first."""
SECONDS = 0.5
"""Processor time of one input."""
READS = re.compile(r"\b(input|stdin|open|fileinput|read)\b")
AS_SCRIPT = """
import io as _io_of_exam
import sys as _sys_of_exam

_code_of_exam = compile({program!r}, "<program>", "exec")


def _printed_of_exam(text):
    before = _sys_of_exam.stdin, _sys_of_exam.stdout
    given = _io_of_exam.TextIOWrapper(_io_of_exam.BytesIO(text.encode()))
    shown = _io_of_exam.TextIOWrapper(_io_of_exam.BytesIO(), write_through=True)
    _sys_of_exam.stdin, _sys_of_exam.stdout = given, shown
    try:
        exec(_code_of_exam, {{"__name__": "__main__"}})
    except SystemExit:
        pass
    finally:
        _sys_of_exam.stdin, _sys_of_exam.stdout = before
    return shown.buffer.getvalue().decode()
"""


def printing(
    programs: Sequence[str], papers: Sequence[Paper], sandbox: Sandbox
) -> tuple[list[tuple[int, int]], list[int]]:
    """Numbers of program and paper where the first inputs are answered rightly; and the programs of those too slow.

    Args:
        programs: Scripts; those that read no input are left out.
        papers: Of any kind; those judged by what is printed are looked at.
    """
    exams = [(number, item) for number, item in enumerate(papers) if item.tests.stdio]
    scripts = {place: AS_SCRIPT.format(program=text) for place, text in enumerate(programs) if READS.search(text)}
    found = [(place, number) for place in scripts for number, _ in exams]
    asking = Round([Subject(source="") for _ in programs], sandbox, SECONDS, set())
    slow: set[tuple[int, int]] = set()
    for turn in range(2):
        asked = [(pair, item) for pair in found for item in _input(papers[pair[1]], turn)]
        inquiries = [Inquiry(pair[0], scripts[pair[0]], f"_printed_of_exam({text!r})") for pair, (text, _) in asked]
        answers = asking.answers(inquiries)
        slow |= {pair for (pair, _), answer in zip(asked, answers, strict=True) if answer in ("slow", "unknown")}
        right = {pair: _right(answer, wanted) for (pair, (_, wanted)), answer in zip(asked, answers, strict=True)}
        found = [pair for pair in found if right.get(pair, True)]
    return found, [place for place, _ in slow]


def _right(answer: Answer | str, wanted: str) -> bool:
    said = "" if isinstance(answer, str) or answer.fault or answer.opaque else answer.value
    return not isinstance(answer, str) and printed(said) == printed(wanted)


def _input(paper: Paper, turn: int) -> Iterator[tuple[str, str]]:
    """The shortest input but `turn`, and what is to be printed; nothing where there is no other, or only long ones."""
    pairs = sorted(paper.tests.stdio, key=lambda pair: (len(pair.stdin), pair.stdin))
    if turn < len(pairs) and len(pairs[turn].stdin) <= LONGEST:
        yield pairs[turn].stdin, pairs[turn].stdout
