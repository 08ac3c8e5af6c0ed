"""`etude strengthen T`: find inputs on which programs that pass are wrong, and keep them as new hidden tests."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etude.cli.arguments import show, tell
from etude.records import Level

if TYPE_CHECKING:
    from etude.strengthening.strengthen import Strengthening

LEVELS = ["strong", "container", "any"]
LISTED = 40
SHOWN = 70


@click.command("strengthen")
@click.argument("tasks")
@click.option("--programs", type=click.Path(path_type=Path), default=None,
              help="Programs written for the tasks, in the format of `etude judge`; else mutants.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the new tests to this overlay file.")
@click.option("--validators", type=click.Path(path_type=Path), default=None,
              help='One JSON line per task: {"task_id", "validator": "def valid(n): return n > 0"}.')  # fmt: skip
@click.option(
    "--inputs",
    default=300,
    show_default=True,
    type=click.IntRange(1),
    help="Inputs by type and by change; a third by hypothesis.",
)
@click.option("--generators", default="", help="Some of type,change,hypothesis; all that are installed by default.")
@click.option("--seed", default=0, show_default=True, type=int, help="The inputs hang on it and on nothing else.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Programs run at once.")
@click.option("--require", type=click.Choice(LEVELS), default="strong", help="The isolation that must be had.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(
    tasks: str, programs: Path | None, out: Path | None, validators: Path | None, inputs: int, generators: str,
    seed: int, workers: int, require: Level, as_json: bool,
) -> None:  # fmt: skip
    """Make the tests of TASKS stronger with inputs that tell a wrong program from the reference.

    Inputs are drawn by type, by changing those of the tests, and by hypothesis where it is installed. Without a
    validator they keep to what the tests show (types, ranges, letters, order, lengths). The reference is asked three
    times in fresh processes, with other random seeds and its sets in another order; where it does not say the same,
    there is no test. What is found is made as small as can be. `strengthened:FILE` is then a task set for every verb.

    A witness says that a program and the reference differ. Which of them is wrong, the prompt says: look at it.

    \b
    Examples:
      etude strengthen jsonl:tasks.jsonl --programs samples.jsonl --out stronger.json
      etude strengthen humaneval:HumanEval.jsonl.gz[0:20] --json
      etude judge samples.jsonl --tasks strengthened:stronger.json
    """
    from etude.sandbox import Sandbox
    from etude.sources.task_set import open_task_set
    from etude.strengthening.overlay import overlay_of, write_overlay
    from etude.strengthening.reading import generators_of, programs_of, validators_of
    from etude.strengthening.strengthen import strengthen

    opened = open_task_set(tasks, reading="look")
    written = programs_of(programs, opened) if programs else None
    valid = validators_of(validators, opened) if validators else {}
    used = generators_of(generators)
    chosen = [task for task in opened if written is None or task.task_id in written]
    found: list[Strengthening] = []
    with Sandbox(workers=workers, require=require, remember=256) as jail:
        for item in strengthen(chosen, written, jail, seed=seed, inputs=inputs, validators=valid, generators=used):
            found.append(_told(item, as_json))
            if out and (item.witnesses or item.task_id == chosen[-1].task_id):  # what is found is kept as it is found
                write_overlay(out, overlay_of(tasks, (one for own in found for one in own.witnesses)))
    document = _document(found, list(used)) | ({"out": str(out)} if out else {})
    show(document, as_json, "" if as_json else _text(document))


def _told(item: "Strengthening", as_json: bool) -> "Strengthening":
    if item.witnesses and not as_json:
        tell(f"{item.task_id}: {item.refuted} of {item.passing} programs that pass are refuted")
    return item


def _document(found: "list[Strengthening]", generators: list[str]) -> dict[str, Any]:
    aside: dict[str, list[str]] = {}
    for item in found:
        if item.aside:
            aside.setdefault(item.aside, []).append(item.task_id)
    return {
        "tasks": len(found),
        "programs": sum(item.programs for item in found),
        "passing": sum(item.passing for item in found),
        "refuted": sum(item.refuted for item in found),
        "stronger": sum(bool(item.witnesses) for item in found),
        "tests_added": sum(len(item.witnesses) for item in found),
        "generators": generators,
        "aside": aside,
        "witnesses": [
            {"task_id": one.task_id, "arguments": repr(one.arguments), "reference": repr(one.expected),
             "program": one.said, "flaky": one.flaky}
            for item in found for one in item.witnesses
        ],
    }  # fmt: skip


def _text(document: dict[str, Any]) -> str:
    from etude.cli.tables import grid

    rows = [["task", "input", "the reference", "a program that passes"]]
    rows += [
        [item["task_id"], *(item[name][:SHOWN] for name in ("arguments", "reference", "program"))]
        for item in document["witnesses"][:LISTED]
    ]
    more = len(document["witnesses"]) - LISTED
    lines = [grid(rows)] if document["witnesses"] else []
    lines += [f"… and {more} more"] if more > 0 else []
    lines.append(
        f"{document['tasks']} tasks, {document['programs']} programs, {document['passing']} pass; "
        f"{document['refuted']} of those refuted, {document['tests_added']} tests added to {document['stronger']} tasks"
    )
    lines.append(f"inputs by {', '.join(document['generators'])}")
    lines += [f"put aside, {reason}: {len(ids)} ({', '.join(ids[:5])})" for reason, ids in document["aside"].items()]
    if "out" in document:
        lines.append(f"new tests in {document['out']}; use them as strengthened:{document['out']}")
    return "\n".join(lines)
