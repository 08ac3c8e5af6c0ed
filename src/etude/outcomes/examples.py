"""Are example tests sound? Counts over the examples that were extracted from APPS statements.

Two sources: extraction files as Dr. Boot and CodeRL publish them (`train.json`, `test.json`: id -> inputs and outputs,
or null), and our own extraction from the statements of an `apps:` task set. Nothing is run.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.errors import InputError
from etude.outcomes.tables import Cell, Table
from etude.records import Json
from etude.sources.apps import TRAINING, VALIDATION, shuffled, validation_ids
from etude.sources.apps_examples import Status, named, prosaic, starts_named
from etude.sources.apps_rows import Problem
from etude.sources.files import absent, readable
from etude.sources.rows import read_json, read_rows, type_name

SPLITS = ("train", "test")
IDS = "valid_problem_ids"
EXCLUSIVE = f"{IDS}_test_example_exclusive"
GRADES = {
    "train": {"introductory": range(2361, 5000), "interview": range(2000), "competition": range(2000, 2361)},
    "test": {"introductory": range(4000, 5000), "interview": range(3000), "competition": range(3000, 4000)},
}
"""Split -> difficulty -> the ids of its problems."""
STATUSES: tuple[Status, ...] = ("none", "stdin ok", "arguments parsed", "contaminated", "equals hidden")
EXPECTED = '{"0": {"inputs": ["…"], "outputs": ["…"]}, "1": null, …}, as Dr. Boot publishes it'


@dataclass(frozen=True, slots=True)
class Pairs:
    """The examples of one problem, as text for standard input and output."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


Extracted = Mapping[int, Pairs | None]


@dataclass(frozen=True, slots=True)
class Folder:
    """Extraction files: split -> its examples, and the lists of validation ids beside them (name -> ids)."""

    splits: Mapping[str, Extracted]
    ids: Mapping[str, Sequence[int]]


def holds_examples(place: Path) -> bool:
    """Whether a place is an extraction file or a folder of such files, by the names."""
    return bool(_files(place))


def read_folder(place: Path) -> Folder:
    """The extraction files at a place.

    Raises:
        InputError: None is there, or one is not what it should be.
    """
    with readable(place):
        if not place.exists():
            raise absent(place)
    files = _files(place)
    if not files:
        raise InputError(f"{place} holds no extracted examples", expected="train.json or test.json, gzipped or not")
    splits = {name: _examples(file) for name, file in files.items() if name in SPLITS}
    return Folder(splits, {name: _ids(file) for name, file in files.items() if name not in SPLITS})


def _files(place: Path) -> dict[str, Path]:
    """What a file is for -> the file: a split, or a list of ids."""
    files = sorted(item for item in place.iterdir() if item.is_file()) if place.is_dir() else [place]
    found: dict[str, Path] = {}
    for file in files:
        stem = file.name.removesuffix(".gz").removesuffix(".json").removesuffix(".jsonl")
        split = next((name for name in SPLITS if stem in (name, f"{name}_statement_examples")), "")
        if split or stem in (IDS, EXCLUSIVE):
            found[split or stem] = file
    return found if any(name in SPLITS for name in found) else {}


def _examples(file: Path) -> Extracted:
    if ".jsonl" in file.name:
        rows = {row.values.get("id"): row.values.get("examples") for row in read_rows([file])}
    else:
        rows = read_json(file)
    if not isinstance(rows, dict) or not rows:
        raise InputError(f"{file} holds {type_name(rows)}", expected=EXPECTED)
    return {_number(key, file): _pairs(value, f"{file}, problem {key}") for key, value in rows.items()}


def _number(key: Json, file: Path) -> int:
    if not str(key).isdigit():
        raise InputError(f"{file}: {key!r} is no problem id", expected=EXPECTED)
    return int(str(key))


def _pairs(value: Json, where: str) -> Pairs | None:
    if value is None:
        return None
    inputs, outputs = (_texts(value, name, where) for name in ("inputs", "outputs"))
    if len(inputs) != len(outputs):
        raise InputError(f"{where}: {len(inputs)} inputs and {len(outputs)} outputs", expected="one output per input")
    return Pairs(inputs, outputs) if inputs else None


def _texts(value: Json, name: str, where: str) -> tuple[str, ...]:
    texts = value.get(name) if isinstance(value, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InputError(f"{where}: {type_name(value)} without a list of texts {name!r}", expected=EXPECTED)
    return tuple(texts)


def _ids(file: Path) -> list[int]:
    values = read_json(file)
    if not isinstance(values, list) or not all(type(item) is int for item in values):
        raise InputError(f"{file} holds {type_name(values)}", expected="a list of problem ids")
    return values


def tables(place: Path) -> list[Table]:
    """What is wrong with the extracted examples of a folder."""
    folder = read_folder(place)
    made = [_figures(folder), _sizes(folder), _grades(folder)]
    return made + ([_validation(folder)] if folder.ids and "train" in folder.splits else [])


def _figures(folder: Folder) -> Table:
    columns = {split: _counted(items) for split, items in _sorted(folder)}
    rows: list[tuple[Cell, ...]] = [
        (name, *(column[name] for column in columns.values())) for name in next(iter(columns.values()))
    ]
    return Table(
        title="APPS: example tests extracted from the statements",
        columns=("figure", *columns),
        rows=tuple(rows),
        notes=(
            "Named arguments: a name is set equal to something in an input (`nums = [1], k = 2`), so it is no standard "
            "input. Prose: an explanation, or the heading of the next example, is part of an output.",
            "Capitals are counted in inputs that begin with a named argument: where they are gone, so are the names.",
            "No function name goes with these examples: for a task that asks for a function, none can be passed.",
        ),
    )


def _counted(items: Extracted) -> dict[str, Cell]:
    held = [pairs for pairs in items.values() if pairs]
    by_name = {number for number, pairs in items.items() if pairs and named(pairs.inputs)}
    by_prose = {number for number, pairs in items.items() if pairs and prosaic(pairs.outputs)}
    inputs = [text for pairs in held for text in pairs.inputs]
    beginning = [text for text in inputs if starts_named(text)]
    bad = len(by_name | by_prose)
    return {
        "problems": len(items),
        "no example extracted": len(items) - len(held),
        "no example extracted, %": _share(len(items) - len(held), len(items)),
        "mean examples per problem": len(inputs) / len(items),
        "extracted": len(held),
        "named arguments as input": len(by_name),
        "prose in an output": len(by_prose),
        "both": len(by_name & by_prose),
        "contaminated": bad,
        "contaminated, % of extracted": _share(bad, len(held)),
        "usable as standard input, at most": len(held) - bad,
        "usable, % of problems": _share(len(held) - bad, len(items)),
        "single inputs with a named argument": sum(named([text]) for text in inputs),
        "single outputs with prose": sum(prosaic([text]) for pairs in held for text in pairs.outputs),
        "inputs that begin with a named argument": len(beginning),
        "of these with a capital letter": sum(text != text.lower() for text in beginning),
    }


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _sizes(folder: Folder) -> Table:
    counts = {
        split: Counter(len(pairs.inputs) for pairs in items.values() if pairs) for split, items in _sorted(folder)
    }
    sizes = sorted({size for column in counts.values() for size in column})
    rows: list[tuple[Cell, ...]] = [(str(size), *(column[size] for column in counts.values())) for size in sizes]
    return Table("APPS: problems by number of extracted examples", ("examples", *counts), tuple(rows))


def _sorted(folder: Folder) -> list[tuple[str, Extracted]]:
    return [(split, folder.splits[split]) for split in SPLITS if split in folder.splits]


def _grades(folder: Folder) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for split, items in _sorted(folder):
        for grade, numbers in GRADES[split].items():
            own = [pairs for number, pairs in items.items() if number in numbers]
            none = sum(pairs is None for pairs in own)
            rows.append((split, grade, len(own), none, _share(none, len(own))))
    return Table(
        "APPS: problems without an extracted example, by difficulty",
        ("split", "difficulty", "problems", "none", "%"),
        tuple(rows),
        ("Difficulty by id, as the published splits are ordered.",),
    )


def _validation(folder: Folder) -> Table:
    train = folder.splits["train"]
    rows: list[tuple[Cell, ...]] = []
    for name, ids in folder.ids.items():
        pool = [number for number in sorted(train) if name == IDS or train[number]]
        grades = [sum(number in numbers for number in ids) for numbers in GRADES["train"].values()]
        none = sum(train.get(number) is None for number in ids)
        ruled = shuffled(pool)[: len(ids)] == list(ids)
        rows.append((name, len(ids), *grades, none, "yes" if ruled else "no"))
    ours = next((ids for name, ids in folder.ids.items() if name == IDS), [])
    agree = set(ours) == validation_ids()
    return Table(
        "APPS: the validation ids",
        ("list", "ids", *GRADES["train"], "without example", "follows the rule"),
        tuple(rows),
        (
            f"The rule: the ids of the {TRAINING:,} training problems (or of those with an example), shuffled with "
            f"seed 42, the first {VALIDATION} (600). "
            + ("`apps:PATH[validation]` holds the same ids." if agree else "`apps:PATH[validation]` holds others."),
        ),
    )


def statement_tables(problems: Sequence[Problem]) -> list[Table]:
    """Our own extraction from the statements: counts by status, and how many examples are hidden tests as well."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for item in problems:
        groups.setdefault((item.split or "?", item.difficulty or "?"), []).append(item)
    rows: list[tuple[Cell, ...]] = [(*key, *_statuses(items)) for key, items in sorted(groups.items())]
    rows += [("all", "all", *_statuses(problems))] if len(groups) > 1 else []
    return [
        Table(
            "APPS: examples read from the statements, and those that are stored, hidden tests too",
            ("split", "difficulty", "problems", *STATUSES, "some hidden", "all hidden", "some hidden, %"),
            tuple(rows),
            (
                "equals hidden: every example is a stored test. some hidden, all hidden: problems of which one "
                "example, or every stored test, is in the statement; percent of those with an example that was read.",
                "A shown test is never hidden as well in `apps:` task sets; exclude_overlap leaves such problems out.",
            ),
        )
    ]


def _statuses(problems: Iterable[Problem]) -> tuple[Cell, ...]:
    items = list(problems)
    counts = Counter(item.extraction.status for item in items)
    read = sum(bool(item.extraction.tests) for item in items)
    some = sum(item.extraction.overlap > 0 for item in items)
    whole = sum(0 < len(item.stored) <= item.extraction.overlap for item in items)
    return (len(items), *(counts[status] for status in STATUSES), some, whole, _share(some, read))
