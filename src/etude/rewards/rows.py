"""Rows of a task set for somebody else's trainer: prompt and task id. No hidden test, no reference, no verdict."""

from collections.abc import Sequence
from typing import Any

from etude.models.prompts import render, template_for
from etude.records import TaskView
from etude.rewards.referee import opened
from etude.tasks import Task


def rows(tasks: str | Sequence[Task], *, template: str = "", chat: bool = False) -> list[dict[str, Any]]:
    """One row per task, as TRL's trainers want them: `datasets.Dataset.from_list(rows(tasks))`.

    Args:
        tasks: A task set text, or tasks.
        template: A built-in prompt template or the path of one; "": the one for each task's kind.
        chat: Prompts as one message of the user instead of text, for models with a chat template.

    Raises:
        InputError: The task set cannot be read, or the template is wrong.
        LockedError: It holds a test split: what is trained on is no test.
    """
    views = [task.view() for task in opened(tasks)]
    return [{"prompt": prompt(view, template, chat), "task_id": view.task_id} for view in views]


def verl_rows(tasks: str | Sequence[Task], *, source: str = "etude", template: str = "") -> list[dict[str, Any]]:
    """One row per task in the columns that verl reads from its Parquet files; the ground truth is the task's id.

    Args:
        source: The `data_source` of the rows: the key under which `compute_score` finds the task set, where it is
            given several.
        template: As for `rows`.

    Raises:
        InputError: The task set cannot be read, or the template is wrong.
        LockedError: It holds a test split: what is trained on is no test.
    """
    return [
        {
            "data_source": source,
            "prompt": prompt(task.view(), template, chat=True),
            "ability": "code",
            "reward_model": {"style": "rule", "ground_truth": task.task_id},
            "extra_info": {"index": number, "task_id": task.task_id},
        }
        for number, task in enumerate(opened(tasks))
    ]


def prompt(view: TaskView, template: str = "", chat: bool = False) -> Any:
    """The prompt of a task as text, or as a chat of one message.

    In a chat the reply is a message of its own, so an opening fence at the end of a template stays behind.
    """
    text = render(template or template_for(view), view)
    return [{"role": "user", "content": text.rstrip().removesuffix("```python").rstrip()}] if chat else text
