"""Tasks as the JSON lines of NeMo-Gym's `code_gen` environment, judged there by its own server.

Its tests are pairs of stdin and stdout, or of arguments and value for a function (the form of LiveCodeBench), so only
tasks with such tests can be written; the others are named. Shown and hidden tests both go into `verifier_metadata`,
which no prompt holds. That server runs programs in its own way: its verdicts need not be ours.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from etude.errors import InputError
from etude.exchange import licences
from etude.folders import write_text
from etude.puzzles.exporting import lines
from etude.records import Call, Json, encode
from etude.rewards.rows import prompt
from etude.tasks import Task

AGENT = {"type": "responses_api_agents", "name": "code_gen_simple_agent"}
ASK = "Write the whole program in one Markdown code block."
"""The server takes the program out of the last code block of the reply."""


def write_nemo_gym(tasks: Sequence[Task], target: Path) -> dict[str, Json]:
    """Writes one JSON line per task.

    Raises:
        InputError: No task has tests of that form.
        StorageError: The file cannot be written.
    """
    rows, left = rows_of(tasks)
    if not rows:
        raise InputError(
            f"none of {len(tasks)} tasks has tests that NeMo-Gym's code_gen server can run: {left[0] if left else ''}",
            expected="tasks with stdin/stdout pairs, or with calls and their values",
            fix="--as verifiers, --as inspect or --as lm-eval, whose tasks our own judge decides",
        )
    write_text(target, lines(rows))
    counts = licences.counted(str(row["licence"]) for row in rows)
    return {"to": str(target), "tasks": len(rows), "left_out": left, "licences": counts}


def rows_of(tasks: Iterable[Task]) -> tuple[list[dict[str, Json]], list[str]]:
    """The rows of tasks, and one line for each task that has none: its id and why."""
    rows, left = list[dict[str, Json]](), list[str]()
    for task in tasks:
        tests, why = _unit_tests(task)
        if why:
            left.append(f"{task.task_id}: {why}")
        else:
            rows.append(_row(task, tests))
    return rows, left


def _row(task: Task, tests: dict[str, Json]) -> dict[str, Json]:
    message = f"{prompt(task.view(), chat=True)[0]['content']}\n\n{ASK}"
    return {
        "responses_create_params": {"input": [{"role": "user", "content": message}]},
        "verifier_metadata": {"unit_tests": tests, "difficulty": task.facts.difficulty or None},
        "agent_ref": AGENT,
        "task_id": task.task_id,
        "licence": licences.named(task.licence),
    }


def _unit_tests(task: Task) -> tuple[dict[str, Json], str]:
    """The tests as the server wants them, or why it cannot have them."""
    shown, hidden = task.facts.shown, task.hidden
    kinds = {part.kind for part in (shown, hidden) if part.kind}
    if task.facts.language != "python":
        return {}, f"its language is {task.facts.language}, and the server runs Python"
    if kinds == {"stdio"}:
        pairs = [*shown.stdio, *hidden.stdio]
        return {
            "inputs": [item.stdin for item in pairs],
            "outputs": [item.stdout for item in pairs],
            "fn_name": None,
        }, ""
    if kinds != {"calls"}:
        return {}, f"its tests are {' and '.join(sorted(map(str, kinds))) or 'none'}, not stdio or calls"
    if shown.setup or hidden.setup:
        return {}, "its tests want a setup"
    calls = [*shown.calls, *hidden.calls]
    if any(call.kwargs or not call.args for call in calls):
        return {}, "its calls have named arguments or none"
    return {
        "inputs": [_arguments(call) for call in calls],
        "outputs": [json.dumps(encode(call.expected), ensure_ascii=False) for call in calls],
        "fn_name": task.facts.entry_point,
    }, ""


def _arguments(call: Call) -> str:
    """One argument a line, as JSON."""
    return "\n".join(json.dumps(encode(item), ensure_ascii=False) for item in call.args)
