"""An audit of a task set that is kept: health cards in a folder, the index of what is unsound, and a page to read.

What is on the cards is found by `etude.auditing`; without a folder nothing is kept.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from etude.auditing.card import Card
from etude.auditing.health import MUTANTS, RUNS, cards
from etude.auditing.index import Index, index_of, write
from etude.auditing.keeping import appending, begun
from etude.auditing.summary import summary
from etude.folders import versions
from etude.progress import Watch, ignore
from etude.protocols import Sandbox
from etude.records import identify
from etude.tasks import Task

INDEX, PAGE = "index.json", "index.html"
VERSION = "1"


def audited(
    name: str,
    tasks: Sequence[Task],
    sandbox: Sandbox,
    *,
    mutants: int = MUTANTS,
    runs: int = RUNS,
    seed: int = 0,
    others: Mapping[str, Sequence[Task]] | None = None,
    folder: Path | None = None,
    today: str = "",
    watch: Watch = ignore,
) -> list[Card]:
    """The card of every task, in the tasks' order; those that the folder holds already are not made again.

    Args:
        name: Of the task set, such as `mbpp`; the index carries it.
        others: Name -> tasks of another set, in which twins are looked for.
        folder: Gets `cards.jsonl`, card by card, and at the end `index.json` and `index.html`.
        today: The date that the index carries, as YYYY-MM-DD; "" asks the clock.

    Raises:
        InputError: The folder holds an audit of something else.
        StorageError: It cannot be written.
    """
    beside = others or {}
    against = {name: identify(list(own)) for name, own in beside.items()}
    plan = {"set": name, "tasks": identify(list(tasks)), "mutants": mutants, "runs": runs, "seed": seed,
            "against": against, "versions": {key: versions()[key] for key in ("python", "etude")}}  # fmt: skip
    known = begun(folder, plan) if folder else {}
    made = cards(tasks, sandbox, mutants=mutants, runs=runs, seed=seed, others=beside, done=known, watch=watch)
    with closing(made):  # whoever stops here stops what runs
        fresh = {card.task_id: card for card in (appending(folder, made) if folder else made)}
    found = {**known, **fresh}
    ordered = [found[task.task_id] for task in tasks]
    if folder:
        write(_index(name, ordered, today), folder / INDEX)
        _write_page(folder / PAGE, name, ordered, {"mutants at most": mutants, "runs": runs, "seed": seed})
    return ordered


def _index(name: str, found: Sequence[Card], today: str) -> Index:
    return index_of(found, name, VERSION, today or date.today().isoformat())


def _write_page(path: Path, name: str, found: Sequence[Card], settings: Mapping[str, object]) -> None:
    from etude.viewer.cards import CardsPage, write_cards

    page = CardsPage(title=f"Audit of {name}", summary=summary(found), cards=found, settings=settings)
    write_cards(path, page)
