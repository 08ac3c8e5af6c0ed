"""A page of a small run, its numbers drawn from a seeded generator."""

import numpy
import pytest

from etude.records import Report
from etude.suites.compare import compare
from etude.suites.estimate import mean_pass
from etude.viewer.page import Case, ReportPage

GRADES = ("depth 1", "depth 2", "depth 3")


def report(arm, round, chance, *, tasks=60, n=10, seed=0):
    dice = numpy.random.default_rng([seed, round + 1])
    luck = dice.beta(chance * 2, (1 - chance) * 2, size=tasks)
    counts = {f"t{number}": (int(dice.binomial(n, luck[number])), n) for number in range(tasks)}
    right = sum(correct for correct, _ in counts.values())
    by_grade = {grade: mean_pass(dict(list(counts.items())[place::3]), 1) for place, grade in enumerate(GRADES)}
    wrong = tasks * n - right
    return Report(
        name=arm, round=round, tasks=tasks, samples=tasks * n, unjudged=3 if arm == "main" else 0, counts=counts,
        pass_at={str(k): mean_pass(counts, k) for k in (1, 5, 10)}, by_difficulty=by_grade,
        statuses={"passed": right, "failed": wrong // 2, "error": wrong - wrong // 2 - 9, "timeout": 9},
        budget={"generations": tasks * n, "completion_tokens": tasks * n * 23, "train_generations": 2000 * (round + 1)},
    )  # fmt: skip


@pytest.fixture(scope="session")
def page():
    base = report("main", -1, 0.18)
    arms = {
        "main": [base, *(report("main", round, 0.22 + 0.06 * round) for round in range(4))],
        "references only": [report("references only", round, 0.2 + 0.03 * round, seed=1) for round in range(4)],
        "unverified": [report("unverified", 3, 0.15, seed=2)],
    }
    case = Case(
        task_id="t7",
        prompt='def f(xs):\n    """Double every number."""',
        program='def f(xs):\n    """Double every number."""\n    return [x + x for x in xs',
        status="error",
        reason="SyntaxError: '[' was never closed",
        feedback="SyntaxError: '[' was never closed (line 3)",
        repaired_program="def f(xs):\n    return [x + x for x in xs]",
        repaired_passed=True,
    )
    return ReportPage(
        title="A page made by a test: invented numbers",
        recipe='name = "test"\nrounds = 4\n',
        arms=arms,
        comparisons=[compare(arms["references only"][-1], arms["main"][-1], k) for k in (1, 10)],
        cases=[case, Case(task_id="t8", prompt="p", program="x = 1", status="ok")],
        notes=["Isolation: namespaces, seccomp, limits."],
        machine={"python": "3.11", "torch": "2.13"},
    )
