"""What the logs of Dr. Boot say round by round, and how the failures of its test files divide."""

from collections.abc import Iterator, Mapping, Sequence

from etude.outcomes.drboot_files import Logged, Measured, Tested
from etude.outcomes.tables import Cell, Table, spread

OWN = {
    "plain": ("baseline_1_valid", ""),
    "simple": ("simple_feedback_valid", "simple_feedback_repair_valid"),
    "full": ("full_feedback_valid", "full_feedback_repair_valid"),
}
"""Kind of bootstrapping -> the validation score that picks its round, and the one that decides between equals."""
SERIES = {
    "plain": ("baseline_1_test", "", "baseline_2_test", "baseline_3_test"),
    "simple": ("simple_feedback_test", "simple_feedback_repair_test", "", ""),
    "full": ("full_feedback_test", "full_feedback_repair_test", "", ""),
}
"""Kind of bootstrapping, or prompt -> greedy, after repair, best of two beams, of two samples; "" is not measured."""
FAMILIES = {
    "syntax": ("SyntaxError", "IndentationError", "TabError"),
    "wrong value": ("OutputMismatchError",),
    "ValueError, EOFError": ("ValueError", "EOFError"),
    "TypeError": ("TypeError",),
    "IndexError": ("IndexError",),
    "NameError": ("NameError",),
    "RecursionError": ("RecursionError",),
}
UNTOLD = "UnsureError"


def best_round(log: Logged) -> int | None:
    """The round that validation picks: most tasks solved at first, then most after repair, then the earliest.

    Round 0 is the untrained model and is never picked. None where the log has no validation scores of its own prompt.
    """
    own, tie = OWN.get(log.arm, ("", ""))
    scores = log.rounds.get(own)
    if scores is None or len(scores) < 2:
        return None
    after = log.rounds.get(tie, (0.0,) * len(scores))
    return max(range(1, len(scores)), key=lambda at: (round(scores[at], 6), round(after[at], 6), -at))


def best_rounds(logs: Sequence[Logged], arm: str, series: str) -> list[float | None]:
    """A series at the round that validation picked, for every run of an arm."""
    chosen = [log for log in sorted(logs, key=lambda log: log.run) if log.arm == arm]
    return [_at(log, series, best_round(log)) for log in chosen]


def _at(log: Logged, series: str, number: int | None) -> float | None:
    values = log.rounds.get(series, ())
    return values[number] if number is not None and number < len(values) else None


def untrained(logs: Sequence[Logged]) -> Iterator[tuple[Cell, ...]]:
    """Prompt, runs and test scores of the model before any training, from round 0 of the logs."""
    for prompt, names in SERIES.items():
        found = [[_at(log, name, 0) for log in logs if name in log.rounds] for name in names]
        if any(found):
            yield prompt, max(map(len, found)), *map(spread, found)


def rounds(name: str, arms: Mapping[str, str], logs: Sequence[Logged]) -> Table:
    """The score per round of bootstrapping: on the test split where the log has it, else on validation."""
    rows: list[tuple[Cell, ...]] = []
    length = max(len(values) for log in logs for values in log.rounds.values())
    for log in sorted(logs, key=lambda log: (list(arms).index(log.arm), log.run)):
        first, after, *_ = SERIES.get(log.arm, ("", ""))
        chosen = best_round(log)
        for series in (first, after, *(item.replace("_test", "_valid") for item in (first, after))):
            if values := log.rounds.get(series):
                late = spread([sum(values[1:]) / len(values[1:])] if values[1:] else [])
                scores = [*values, *[None] * (length - len(values))]
                rows.append((f"{arms[log.arm]} {log.run}", _spelt(series), *scores, late, chosen))
    return Table(
        title=f"{name}, greedy, percent of tasks by round of bootstrapping (0: untrained)",
        columns=("run", "measure", *map(str, range(length)), "mean 1-", "picked"),
        rows=tuple(rows),
        notes=(
            "picked: the round with the best validation score under the run's own prompt, then after repair, then the "
            "earliest.",
        ),
    )


def _spelt(series: str) -> str:
    part = "test" if series.endswith("_test") else "validation"
    return f"{part}, repaired" if "repair" in series else part


def failures(name: str, arms: Mapping[str, str], tests: Sequence[Tested]) -> Table:
    """How the failures divide by error class: those of greedy decoding on APPS, those of the samples on MBPP."""
    rows: list[tuple[Cell, ...]] = []
    for item in sorted(tests, key=lambda item: (list(arms).index(item.arm), item.run)):
        for prompt, measured in item.prompts.items():
            counts, what = _counted(name, measured)
            if total := sum(counts.values()):
                parts = [100 * sum(counts.get(kind, 0) for kind in kinds) / total for kinds in FAMILIES.values()]
                told: list[Cell] = [None] * len(parts) if UNTOLD in counts else [*parts, 100 - sum(parts)]
                rows.append((f"{arms[item.arm]} {item.run}", prompt, what, total, *told, *[None] * (UNTOLD in counts)))
    return Table(
        title=f"{name} test, failures by class, percent of failures",
        columns=("run", "prompt", "of", "failures", *FAMILIES, "others"),
        rows=tuple(rows),
        notes=("Simple feedback names no error, so the published files hold no classes for it.",)
        if any(row[4] is None for row in rows)
        else (),
    )


def _counted(name: str, measured: Measured) -> tuple[Mapping[str, int], str]:
    samples = measured.samples
    if name == "APPS" or samples is None:
        return measured.greedy_errors, "greedy"
    wrong = samples.n * len(samples.right) - sum(samples.right.values())
    # a log of the plain prompt counts right samples among its error classes: no share can be had from it
    return (samples.errors, "samples") if sum(samples.errors.values()) == wrong else ({}, "samples")
