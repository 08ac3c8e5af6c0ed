"""Planted leaks: every reworded solution of an exam among 5,000 other rows is found, and nothing is blamed wrongly.

    make proof PART=leaks          # or: python proofs/leaks.py --out runs/proof-leaks --clean 5000 --seed 0

The exam is HumanEval. Planted are its references with other names, reordered statements, wrapped and with other
signatures, and programs that language models wrote for its tasks (other algorithms and formulations), under another
name. A planted row counts only where it passes its task's hidden tests. The other rows are references and model
programs of MBPP, functions of CRUXEval, scripts of PIE, answers of P3, lab programs, and mutants of HumanEval's own
references: right but for one place. Each that is flagged has to pass the tests of the exam task it is blamed for, run
the way that the published harness runs them: in the program's own process, behind what the task's prompt defines. Of a
script that reads its input as it starts, the definitions alone are run, as nobody can call a function of it otherwise.
Data lies in the folder ETUDE_DATA (default ../shared/data).

Exit code 1 where a planted row is missed, a row is blamed wrongly, or something could not be measured.
"""

import argparse
import gzip
import json
import os
import random
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the rewording is that of the tests

from etude import leaks  # noqa: E402
from etude.judges.examine import Exam, examine  # noqa: E402
from etude.leaks.finding import LIKE  # noqa: E402
from etude.leaks.ways import acts, definitions  # noqa: E402
from etude.programs.mutate import mutants  # noqa: E402
from etude.progress import Progress  # noqa: E402
from etude.sandbox import Sandbox  # noqa: E402
from etude.sources.task_set import open_task_set  # noqa: E402
from etude.tasks import Task  # noqa: E402
from tests.leaks.rewording import STYLES, reworded  # noqa: E402

NAMES = ("outermost", "with_more", "other_words")
MUTANTS = 7


class Row(NamedTuple):
    """A row of the mixture: its program, where it comes from, and the exam task that was planted in it, or ""."""

    program: str
    origin: str
    planted: str = ""
    function: str = ""


def main() -> int:
    """Mixes, searches, proves what was flagged, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-leaks"))
    parser.add_argument("--clean", type=int, default=5000)
    parser.add_argument("--every", type=int, default=1, help="plant only each n-th of the reworded solutions")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    data = Path(os.environ.get("ETUDE_DATA", ROOT.parent / "shared" / "data"))
    chance = random.Random(options.seed)
    exam = {task.task_id: task for task in leaks.opened([f"humaneval:{data}/humaneval/HumanEval.jsonl.gz"])}
    with Sandbox(workers=1) as jail:
        wanted = list(planted(list(exam.values()), data))[:: options.every]
        right = passing([(row.program, row.function, exam[row.planted]) for row in wanted], jail)
        sown = [row for row, ok in zip(wanted, right, strict=True) if ok]
    own = clean(list(exam.values()), data, options.seed)
    print(f"{len(sown)} of {len(wanted)} reworded solutions pass their tests and are planted", flush=True)
    rows = sown + chance.sample(own, min(options.clean, len(own)))
    chance.shuffle(rows)
    report = {"planted": len(sown), "planted_that_fail_their_tests": len(wanted) - len(sown)}
    report |= measured(rows, exam)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "leaks.json").write_text(json.dumps(report, indent=1, default=str) + "\n")
    print(table(report))
    short = report["clean_rows"] < options.clean
    if short:
        print(f"only {report['clean_rows']} of {options.clean} other rows could be had from {data}")
    return int(bool(short or report["missed"] or report["blamed_wrongly"] or report["unproved"]))


def measured(rows: Sequence[Row], exam: dict[str, Task]) -> dict[str, Any]:
    """What is found in the rows, at what cost, and whether it is true."""
    before, began = _processor(), time.monotonic()
    with Sandbox(workers=1) as jail:
        search = leaks.Search(list(exam.values()), jail)
        ready = time.monotonic() - began
        found = list(search.leaks([row.program for row in rows], _told))
    seconds, processor = time.monotonic() - began, _processor() - before
    sown = {(place, row.planted) for place, row in enumerate(rows) if row.planted}
    seen = {(leak.place, leak.exam): leak for leak in found}
    blamed = [leak for leak in found if (leak.place, leak.exam) not in sown]
    with Sandbox(workers=1) as jail:
        cases = [(rows[leak.place].program, leak.function, exam[leak.exam]) for leak in blamed]
        proofs = passing(cases, jail, published=True)
    told = [seen[pair] for pair in sown if pair in seen]
    others = [leak for leak in blamed if not rows[leak.place].planted]
    return {
        "rows": len(rows),
        "clean_rows": sum(not row.planted for row in rows),
        "origins": dict(Counter(row.origin for row in rows)),
        "missed": [
            (rows[place].planted, rows[place].program) for place, name in sorted(sown) if (place, name) not in seen
        ],
        "found_by_origin": dict(Counter(rows[leak.place].origin for leak in told)),
        "unlike": sum(leak.likeness < LIKE for leak in told),
        "flagged_clean_rows": len({leak.place for leak in others}),
        "flagged_by_origin": dict(Counter(rows[place].origin for place in {leak.place for leak in others})),
        "flagged_pairs": len(others),
        "further_exam_tasks_of_planted_rows": len(blamed) - len(others),
        "blamed_wrongly": [
            (leak.exam, leak.function, rows[leak.place].program)
            for leak, ok in zip(blamed, proofs, strict=True)
            if ok is False
        ],
        "unproved": sum(ok is None for ok in proofs),
        "undecided_pairs": search.undecided,
        "exam_tasks_not_compared": [task.task_id for task in search.unusable],
        "seconds": round(seconds, 1),
        "seconds_to_make_ready": round(ready, 1),
        "seconds_per_1000_rows": round(1000 * seconds / len(rows), 1),
        "processor_seconds_per_1000_rows": round(1000 * processor / len(rows), 1),
    }


def planted(exam: Sequence[Task], data: Path) -> Iterator[Row]:
    """The exam's solutions in other words: all styles of each reference, and what models wrote."""
    for task in exam:
        for style in STYLES:
            text = reworded(task.reference, task.facts.entry_point, style)
            name = next(name for name in NAMES if f"def {name}(" in text)
            yield Row(text, f"reference, {style}", task.task_id, name)
    for line in _lines(data / "model_seeds" / "humaneval_seeds.jsonl.gz"):
        if line["is_solved"]:
            text = re.sub(rf"\b{line['entry_point']}\b", "another_name", line["solution"])
            yield Row(text, "model, other formulation", line["task_id"], "another_name")


def passing(cases: Sequence[tuple[str, str, Task]], jail: Sandbox, *, published: bool = False) -> list[bool | None]:
    """Whether each function of a program passes a task's hidden tests; None where that could not be decided.

    Args:
        published: Run the tests in the program's own process, as the published harness does.
    """
    exams = [_exam(*case, published) for case in cases]
    return [None if item.status == "unavailable" else item.status == "ok" for item in examine(exams, jail)]


def _exam(program: str, function: str, task: Task, published: bool) -> Exam:
    """The exam of one function of a program; the published harness puts the program behind the prompt's own helpers."""
    called = f"{task.facts.entry_point} = {function}\n"
    if not published:
        return Exam(f"{program}\n\n{called}", task.hidden, task.facts.entry_point, leaks.finding.LIMITS, "outside")
    own = definitions(program) if acts(program) else program
    source = f"{task.hidden.context}\n\n{own}\n\n{called}"
    return Exam(source, task.hidden, task.facts.entry_point, leaks.finding.LIMITS, "in-process")


def clean(exam: Sequence[Task], data: Path, seed: int) -> list[Row]:
    """The other rows, each text once."""
    own = {}
    for row in _others(exam, data, seed):
        own.setdefault(row.program, row)
    return list(own.values())


def _others(exam: Sequence[Task], data: Path, seed: int) -> Iterator[Row]:
    for task in exam:
        for number, mutant in enumerate(mutants(task.reference, seed, MUTANTS, task.facts.entry_point)):
            yield Row(re.sub(rf"\b{task.facts.entry_point}\b", f"changed_{number}", mutant.program), "HumanEval mutant")
    yield from (
        Row(task.reference, "MBPP reference") for task in open_task_set(f"mbpp:{data}/mbpp/mbpp.jsonl", reading="look")
    )
    yield from (Row(line["solution"], "MBPP, model") for line in _lines(data / "model_seeds" / "mbpp_seeds.jsonl.gz"))
    yield from (Row(line["code"], "CRUXEval") for line in _lines(data / "cruxeval" / "cruxeval.jsonl"))
    yield from (Row(line["target"], "PIE script") for line in _lines(data / "pie" / "py_reference.jsonl.gz"))
    for line in json.loads(gzip.decompress((data / "p3" / "puzzles.json.gz").read_bytes())):
        yield from (Row(f"{line['sol_header']}\n{body}", "P3 answer") for body in line["sol_bodies"][:1])
    yield from (Row(task.reference, "lab") for task in open_task_set("lab[train]"))


def _told(progress: Progress) -> None:
    """A line for each thousand rows or so."""
    if progress.done % 1024 == 0 or progress.ended:
        print(f"{progress.done} rows, {progress.verdicts.get('leak', 0)} of them leak", flush=True)


def _lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines() if line]


def _processor() -> float:
    """Processor seconds of this process and of all that it started and saw end."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def table(report: dict[str, Any]) -> str:
    """The figures for people."""
    found = report["planted"] - len(report["missed"])
    lines = [
        ("rows", f"{report['rows']} ({report['planted']} planted, {report['clean_rows']} others)"),
        ("planted leaks found", f"{found} of {report['planted']}, {report['unlike']} of them by behaviour alone"),
        *((f"  {name}", f"{count}") for name, count in sorted(report["found_by_origin"].items())),
        ("other rows flagged", f"{report['flagged_clean_rows']} ({report['flagged_pairs']} pairs with exam tasks)"),
        *((f"  {name}", f"{count}") for name, count in sorted(report["flagged_by_origin"].items())),
        ("flagged, and the exam's own tests refuse", f"{len(report['blamed_wrongly'])}"),
        ("pairs too slow to decide", f"{report['undecided_pairs']}"),
        ("seconds", f"{report['seconds']} ({report['seconds_to_make_ready']} to make the exam ready)"),
        ("seconds per 1,000 rows", f"{report['seconds_per_1000_rows']}"),
        ("processor seconds per 1,000 rows", f"{report['processor_seconds_per_1000_rows']}"),
    ]
    return "\n".join(f"{name:42} {value}" for name, value in lines)


if __name__ == "__main__":
    sys.exit(main())
