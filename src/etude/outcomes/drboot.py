"""The published outcomes of Dr. Boot, counted again: bootstrapping with repair on MBPP and APPS.

The public repository NoahVl/Dr-Boot of the paper arXiv 2507.15889 holds, per trained model, how many of ten samples of
every test task were right. Pass@k is the unbiased estimator over those counts; what a file states of itself is only
compared. A mean is over the training runs of one setting, with the population standard deviation over them.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from etude.outcomes.drboot_files import Logged, Measured, Samples, Tested, misstated, pass_at, read_outcomes
from etude.outcomes.drboot_rounds import best_rounds, failures, rounds, untrained
from etude.outcomes.tables import Cell, Table, spread

KS = (1, 2, 5, 10)
ARMS = {
    "regular": "regular fine-tune",
    "plain": "plain bootstrap",
    "simple": "simple-feedback bootstrap",
    "full": "full-feedback bootstrap",
}
NAMES = {"mbpp": "MBPP", "apps": "APPS"}
GRADES = {"introductory": range(4000, 5000), "interview": range(3000), "competition": range(3000, 4000)}
"""The ids of the APPS test split by difficulty."""
HEADS = ("model", "prompt", "runs")


def tables(path: Path) -> list[Table]:
    """The tables of the paper from its own outcome files, those for which there are files.

    Args:
        path: The folder of the outcome files, with subfolders, or one file.

    Raises:
        InputError: Nothing is there, or some files are not what they should be (all are named).
    """
    tested, logged = read_outcomes(path)
    made: list[Table] = []
    for tasks in NAMES:
        tests = [item for item in tested if item.tasks == tasks]
        logs = [item for item in logged if item.tasks == tasks]
        made += _of_tests(tasks, tests, logs)
        made += [rounds(NAMES[tasks], ARMS, logs)] if logs else []
    return made


def _of_tests(tasks: str, tests: Sequence[Tested], logs: Sequence[Logged]) -> Iterator[Table]:
    name = NAMES[tasks]
    if tests or any(key.endswith("_test") for log in logs for key in log.rounds):
        yield _greedy(name, tests, logs)
    if tests:
        yield _sampled(name, tests)
        yield _singly(name, tests)
        if tasks == "apps":
            yield _graded(tests)
        yield failures(name, ARMS, tests)


def _groups(tests: Sequence[Tested]) -> Iterator[tuple[str, str, list[Measured]]]:
    """Model, prompt and the measurements of all runs, in the order of the paper's table."""
    for arm in ARMS:
        for prompt in ("plain", "simple", "full"):
            runs = sorted(
                (item.run, item.prompts[prompt]) for item in tests if item.arm == arm and prompt in item.prompts
            )
            if runs:
                yield arm, prompt, [measured for _, measured in runs]


def _greedy(name: str, tests: Sequence[Tested], logs: Sequence[Logged]) -> Table:
    rows: list[tuple[Cell, ...]] = [("untrained", *row) for row in untrained(logs)]
    for arm, prompt, runs in _groups(tests):
        beams = best_rounds(logs, arm, "baseline_2_test") if prompt == "plain" else []
        pairs = best_rounds(logs, arm, "baseline_3_test") if prompt == "plain" else []
        alone, repaired = [run.greedy for run in runs], [run.repaired for run in runs]
        rows.append((ARMS[arm], prompt, len(runs), *map(spread, (alone, repaired, beams, pairs))))
    return Table(
        title=f"{name} test, greedy, percent of tasks: mean±sd over runs",
        columns=(*HEADS, "greedy@1", "greedy+repair", "beam-2", "2 samples"),
        rows=tuple(rows),
        notes=(
            "greedy+repair: solved at first or after one repair, that is, by up to two generations.",
            "beam-2 (the better of two beams) and 2 samples at temperature 0.8 are from the run logs, of the round "
            "that was best on validation.",
            "Whether a repair was made, and part of its feedback, came from hidden tests: an oracle no user has."
            if name == "MBPP"
            else "A failed example counts as solved where the hidden tests pass: an oracle no user has.",
            *_twins(tests),
        ),
    )


def _twins(tests: Sequence[Tested]) -> Iterator[str]:
    """Two models that cannot be told apart by score and failures: very likely one model under two names."""
    for one, other in combinations(tests, 2):
        for prompt in one.prompts.keys() & other.prompts.keys():
            first, second = one.prompts[prompt], other.prompts[prompt]
            same = (first.greedy, first.greedy_errors) == (second.greedy, second.greedy_errors)
            if same and first.greedy_errors and one.arm != other.arm:
                yield (
                    f"{_run(one)} and {_run(other)} have the same greedy score and the same counts of all "
                    f"{len(first.greedy_errors)} error classes under the {prompt} prompt: they look like one model."
                )


def _run(item: Tested) -> str:
    return f"{ARMS[item.arm]} {item.run}"


def _sampled(name: str, tests: Sequence[Tested]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for arm, prompt, runs in _groups(tests):
        before = (spread([pass_at(run.samples, k) for run in runs]) for k in KS)
        after = (spread([pass_at(run.repaired_samples, k) for run in runs]) for k in KS)
        rows.append((ARMS[arm], prompt, len(runs), *before, *after, _mended(runs)))
    return Table(
        title=f"{name} test, samples at temperature 0.8, percent: mean±sd over runs",
        columns=(*HEADS, *(f"p@{k}" for k in KS), *(f"r@{k}" for k in KS), "mended"),
        rows=tuple(rows),
        notes=(
            "r@k: k samples, each wrong one repaired once, so up to 2k generations; compare it with p@2k.",
            "mended: the share of wrong samples that one sampled repair made right, all runs together.",
            *(note for item in tests for note in _notes(item)),
        ),
    )


def _mended(runs: Sequence[Measured]) -> float | None:
    pairs = [(run.samples, run.repaired_samples) for run in runs if run.samples and run.repaired_samples]
    wrong = sum(_wrong(before) for before, _ in pairs)
    left = sum(_wrong(after) for _, after in pairs)
    return 100 * (wrong - left) / wrong if wrong else None


def _wrong(samples: Samples) -> int:
    return samples.n * len(samples.right) - sum(samples.right.values())


def _notes(item: Tested) -> Iterator[str]:
    for prompt, measured in item.prompts.items():
        for samples, letter in ((measured.samples, "p"), (measured.repaired_samples, "r")):
            for k, said, found in misstated(samples) if samples else ():
                yield f"{item.where}, {prompt} prompt: states {said:.4f} for {letter}@{k}, its counts give {found:.4f}."
    if item.unread:
        yield f"{item.where}: not read: {', '.join(item.unread)}."


def _singly(name: str, tests: Sequence[Tested]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for item in sorted(tests, key=lambda item: (list(ARMS).index(item.arm), item.run)):
        for prompt, measured in item.prompts.items():
            before, after = measured.samples, measured.repaired_samples
            counts = [pass_at(before, k) for k in KS] + [pass_at(after, k) for k in KS]
            size = len(before.right) if before else None
            rows.append((_run(item), prompt, size, measured.greedy, measured.repaired, *counts))
    return Table(
        title=f"{name} test, run by run, percent",
        columns=(
            "run",
            "prompt",
            "tasks",
            "greedy@1",
            "greedy+repair",
            *(f"p@{k}" for k in KS),
            *(f"r@{k}" for k in KS),
        ),
        rows=tuple(rows),
    )


def _graded(tests: Sequence[Tested]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for item in sorted(tests, key=lambda item: (list(ARMS).index(item.arm), item.run)):
        for measured in item.prompts.values():
            for grade, numbers in GRADES.items():
                ids = [task for task in (measured.samples.right if measured.samples else ()) if int(task) in numbers]
                values = [pass_at(measured.samples, k, ids) for k in (1, 10)]
                after = [pass_at(measured.repaired_samples, k, ids) for k in (1, 10)]
                rows.append((_run(item), grade, len(ids), *values, *after))
    return Table(
        title="APPS test by difficulty, percent",
        columns=("run", "difficulty", "tasks", "p@1", "p@10", "r@1", "r@10"),
        rows=tuple(rows),
        notes=("Difficulty by id: 0-2999 interview, 3000-3999 competition, 4000-4999 introductory.",),
    )
