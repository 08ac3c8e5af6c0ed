"""The published outcomes of Codex on the P3 puzzles, counted again.

Schuster et al. 2021, "Programming Puzzles" (arXiv 2106.05784): 397 puzzles, four ways to prompt, 1,000 attempts each.
The file holds how many attempts at each puzzle were right, or, for the experiment that learns from its own solutions,
how many failed before the first right one. Only counting is done here: no stored program is run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from etude.errors import InputError
from etude.outcomes.tables import Table
from etude.records import Json
from etude.sources.rows import read_json
from etude.suites.estimate import pass_at_k

TRIES = (1, 10, 100, 1000)
SPELT = {"med": "medium"}
EXPECTED = (
    'a list of {"experiment", "n", "sat_sols": [{"sat", "n_sols" or "failures"}]}, as the authors of P3 publish it'
)
CLOSE = 1e-9

Experiment = Mapping[str, Json]


def tables(path: Path) -> list[Table]:
    """The table of pass@k and the table of counts of one result file.

    Args:
        path: `results_397_cushman_codex_1k_full.json`, gzipped or not.

    Raises:
        InputError: The file cannot be read, or it is not such a result file.
    """
    document = read_json(path)
    if not isinstance(document, list) or not document:
        raise InputError(f"{path} is no result file of P3: it holds no list of experiments", expected=EXPECTED)
    experiments = [_checked(item, f"{path}, experiment {number}") for number, item in enumerate(document, 1)]
    return [_passes(experiments), _counts(experiments)]


def pass_at(experiment: Experiment, tries: int) -> float | None:
    """The share of puzzles that `tries` attempts solve, or None where fewer attempts than that were made.

    Independent attempts are counted by the unbiased estimator of Chen et al. 2021. Attempts that learn from earlier
    ones are no independent draws: there, a puzzle counts where one of its first `tries` attempts was right.
    """
    if tries > experiment["n"]:
        return None
    rows = experiment["sat_sols"]
    if _learns(experiment):
        shares = [float("sol" in row and row["failures"] < tries) for row in rows]
    else:
        shares = [pass_at_k(experiment["n"], row["n_sols"], tries) for row in rows]
    return sum(shares) / len(shares)


def solved(experiment: Experiment) -> int:
    """Puzzles with at least one right attempt on record."""
    learns = _learns(experiment)
    return sum(bool("sol" in row if learns else row["n_sols"]) for row in experiment["sat_sols"])


def _passes(experiments: Sequence[Experiment]) -> Table:
    sizes = ", ".join(sorted({f"{len(item['sat_sols'])} puzzles" for item in experiments}))
    engines = ", ".join(sorted({str(item.get("engine", "?")) for item in experiments}))
    rows = [(_name(item), *(_percent(pass_at(item, tries)) for tries in TRIES)) for item in experiments]
    return Table(
        title=f"P3, {engines}: pass@k in percent, {sizes}",
        columns=("prompt", *(f"@{tries}" for tries in TRIES)),
        rows=tuple(rows),
        notes=tuple(note for item in experiments for note in _notes(item)),
    )


def _counts(experiments: Sequence[Experiment]) -> Table:
    rows = []
    for item in experiments:
        right = "" if _learns(item) else f"{sum(row['n_sols'] for row in item['sat_sols']):,}"
        rows.append((_name(item), f"{len(item['sat_sols'])}", f"{_made(item):,}", f"{solved(item)}", right))
    return Table(
        title="P3: what was counted",
        columns=("prompt", "puzzles", "attempts per puzzle", "solved", "right attempts"),
        rows=tuple(rows),
        notes=("An experiment that stops a puzzle at its first right attempt has no count of right attempts.",),
    )


def _notes(experiment: Experiment) -> list[str]:
    """What the file says of itself and what we count, where the two differ; and how dependent attempts are counted."""
    notes = []
    if _learns(experiment):
        late = solved(experiment) - round((pass_at(experiment, experiment["n"]) or 0) * len(experiment["sat_sols"]))
        notes.append(
            f"{_name(experiment)}: attempts learn from earlier ones, so a puzzle counts by its first right attempt"
            + (f"; {late} more solved after attempt {experiment['n']:,}." if late else ".")
        )
    for tries, said in experiment.get("pass@k") or []:
        found = pass_at(experiment, tries)
        if found is None or abs(found - said) > CLOSE:
            notes.append(f"{_name(experiment)}: the file itself says {_percent(said)} at {tries}.")
    return notes


def _made(experiment: Experiment) -> int:
    """Attempts per puzzle at most, as far as the rows tell."""
    failures: list[int] = [row["failures"] for row in experiment["sat_sols"] if "failures" in row]
    return max([int(experiment["n"]), *failures])


def _learns(experiment: Experiment) -> bool:
    return bool("failures" in experiment["sat_sols"][0])


def _name(experiment: Experiment) -> str:
    name: str = experiment["experiment"]
    return SPELT.get(name, name)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def _checked(value: Json, where: str) -> Experiment:
    """The experiment, where it has the published form: exact counts that can be true."""
    if not isinstance(value, dict) or not isinstance(value.get("experiment"), str):
        raise InputError(f"{where} has no name", expected=EXPECTED)
    rows, attempts = value.get("sat_sols"), value.get("n")
    if not isinstance(rows, list) or not rows or type(attempts) is not int or attempts < 1:
        raise InputError(f"{where} ({value['experiment']}) has no puzzles or no number of attempts", expected=EXPECTED)
    kind = "failures" if isinstance(rows[0], dict) and "failures" in rows[0] else "n_sols"
    for number, row in enumerate(rows, 1):
        count = row.get(kind) if isinstance(row, dict) else None
        if type(count) is not int or count < 0 or (kind == "n_sols" and count > attempts):
            raise InputError(
                f"{where} ({value['experiment']}), puzzle {number}: {kind} is {count!r}",
                expected=f"a count from 0 to {attempts}" if kind == "n_sols" else "a count of 0 or more",
            )
    return value
