"""`etude tasks check T`, `etude tasks show T`: look at a task set without running anything."""

import click

from etude.cli.arguments import show
from etude.cli.indexes import chosen, told, with_index


@click.group("tasks")
def command() -> None:
    """Look at a task set.

    \b
    Examples:
      etude tasks check jsonl:my-tasks.jsonl
      etude tasks show lab[test][0:3]
    """


@command.command("check")
@click.argument("tasks")
@with_index
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def check(tasks: str, index: tuple[str, ...], index_does: str, as_json: bool) -> int:
    """Report every task that cannot be what its author meant; exit with 1 where there is one.

    \b
    Examples:
      etude tasks check jsonl:my-tasks.jsonl
      etude tasks check mbpp:mbpp.jsonl[test] --json
    """
    from etude.records import encode
    from etude.sources.check import check_tasks
    from etude.sources.task_set import open_task_set

    opened = open_task_set(chosen(tasks, index, index_does), reading="look")
    told(tasks, index, index_does, quiet=as_json)
    problems = check_tasks(opened)
    lines = [f"{problem.task_id}: {problem.what}" for problem in problems]
    text = "\n".join([*lines, f"{len(opened)} tasks, {len(problems)} problems"])
    show({"tasks": len(opened), "problems": encode(problems)}, as_json, text)
    return int(bool(problems))


@command.command("show")
@click.argument("tasks")
@with_index
@click.option("--json", "as_json", is_flag=True, help="Print the views as JSON.")
def show_tasks(tasks: str, index: tuple[str, ...], index_does: str, as_json: bool) -> None:
    """Print what a solver sees of each task (never hidden tests or references).

    \b
    Examples:
      etude tasks show lab[test][0:3]
      etude tasks show humaneval:HumanEval.jsonl.gz[0:1] --json
    """
    from etude.records import encode
    from etude.sources.task_set import open_task_set

    told(tasks, index, index_does, quiet=as_json)
    opened = open_task_set(chosen(tasks, index, index_does), reading="look")
    views = [task.view() for task in opened]
    show(encode(views), as_json, "\n\n".join(f"# {view.task_id} ({view.kind})\n{view.prompt}" for view in views))
