"""verl's `custom_reward_function`: `compute_score` for one completion, `compute_scores` for a batch.

    reward.custom_reward_function.path=pkg://etude.rewards.verl
    reward.custom_reward_function.name=compute_score
    +reward.custom_reward_function.reward_kwargs.tasks='mbpp:mbpp.jsonl[train]'

The ground truth of a row is the id of its task (`etude.rewards.rows.verl_rows` makes such rows). verl scores in the
threads of many worker processes: each process has one referee of its own, made when it scores for the first time.

A score in verl is a number: there is no word for "no verdict", and not-a-number would spoil its whole group. So one
completion without a verdict is judged again and then raises, unless the user names a number for it; a batch, which
knows its groups, gives it the mean of its group's decided members, whose advantage is 0.
"""

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from etude.errors import EtudeError, InputError
from etude.records import Level
from etude.rewards.execution import reward_of
from etude.rewards.referee import Decided, Decider, Referee, Written
from etude.rewards.remote import RemoteReferee

TASKS, URL = "ETUDE_TASKS", "ETUDE_JUDGE"
"""Environment variables that say the task set, or the address of a judge, where the reward's settings do not."""
TRIES = 3


class NoVerdictError(EtudeError):
    """A program could not be judged, and the trainer has no way to leave it out."""


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,
    *,
    tasks: str | Mapping[str, str] = "",
    url: str = "",
    partial: bool = False,
    undecided: float | None = None,
    workers: int = 1,
    require: Level = "strong",
    **more: Any,
) -> dict[str, float]:
    """The score of one completion, as verl's reward managers ask for it.

    Args:
        data_source: The row's; the key of its task set where `tasks` is a table.
        solution_str: The completion.
        ground_truth: The id of the task.
        extra_info: Not used.
        tasks: A task set text, or data source -> task set text; "": what the environment variable ETUDE_TASKS says.
        url: The address of an `etude serve judge` that decides instead; "": what ETUDE_JUDGE says, if anything.
        partial: Give a failed program its share of the hidden tests instead of 0.
        undecided: The score of a program without a verdict; None: raise.
        workers: Programs run at once, in each process.
        require: The isolation.
        more: What else verl hands over; not used.

    Returns:
        `score`; `acc`, 1 for a pass and else 0; `judged`, 0 where there was no verdict.

    Raises:
        NoVerdictError: There is no verdict after three tries, and no number for that.
        InputError: No task set is named, or the id is not in it.
    """
    court = decider(data_source, tasks, url, workers, require)
    for _ in range(TRIES):
        [decided] = court.decide([Written(str(ground_truth), solution_str)], partial=partial)
        score = reward_of(decided)
        if score is not None:
            return _told(decided, score)
    if undecided is None:
        raise NoVerdictError(
            f"no verdict on a program for {ground_truth}: {decided.verdict.reason}",
            expected="a verdict: verl cannot leave one completion out of its group",
            fix="name a score for it (reward_kwargs.undecided), or use compute_scores with the batch reward manager",
        )
    return _told(decided, float(undecided))


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[str],
    extra_infos: Sequence[Mapping[str, Any]] | None = None,
    *,
    tasks: str | Mapping[str, str] = "",
    url: str = "",
    partial: bool = False,
    workers: int = 1,
    require: Level = "strong",
    **more: Any,
) -> list[dict[str, float]]:
    """The scores of a batch, for verl's reward manager `batch`.

    A completion without a verdict gets the mean of the decided completions for its task in this batch. Its advantage
    is then 0 and the others' keep their sign and order; but it counts as a member, so the group's deviation is smaller
    by the square root of (decided - 1) / (members - 1) than that of the decided alone, and their advantages are larger
    by as much. A group of which nothing was decided scores 0 throughout, which is no advantage for anyone.

    Args:
        data_sources, solution_strs, ground_truths, extra_infos: As for `compute_score`, one of each per completion.
        tasks, url, partial, workers, require, more: As for `compute_score`.

    Raises:
        InputError: No task set is named, or an id is not in it.
    """
    names = [(str(source), str(name)) for source, name in zip(data_sources, ground_truths, strict=True)]
    found: dict[int, Decided] = {}
    for source in dict.fromkeys(source for source, _ in names):
        own = [at for at, (name, _) in enumerate(names) if name == source]
        written = [Written(names[at][1], solution_strs[at]) for at in own]
        court = decider(source, tasks, url, workers, require)
        found.update(zip(own, court.decide(written, partial=partial), strict=True))
    scores = [reward_of(found[at]) for at in range(len(names))]
    means = _means(names, scores)
    return [
        _told(found[at], means[name] if scores[at] is None else float(scores[at] or 0.0))
        for at, name in enumerate(names)
    ]


def _means(names: Sequence[tuple[str, str]], scores: Sequence[float | None]) -> dict[tuple[str, str], float]:
    """The mean of the decided scores of each task; 0 where there is none."""
    groups: dict[tuple[str, str], list[float]] = {name: [] for name in names}
    for name, score in zip(names, scores, strict=True):
        if score is not None:
            groups[name].append(score)
    return {name: sum(own) / len(own) if own else 0.0 for name, own in groups.items()}


def _told(decided: Decided, score: float) -> dict[str, float]:
    passed = decided.verdict.passed
    return {"score": score, "acc": float(passed is True), "judged": float(passed is not None)}


def decider(source: str, tasks: str | Mapping[str, str], url: str, workers: int, require: Level) -> Decider:
    """Who decides about the rows of a data source, in this process."""
    address = url or os.environ.get(URL, "")
    if address:
        return remote(address)
    named = tasks.get(source, "") if isinstance(tasks, Mapping) else tasks
    text = str(named or os.environ.get(TASKS, ""))
    if not text:
        raise InputError(
            f"no task set for the data source {source!r}",
            expected="reward_kwargs.tasks (a text, or data source -> text), or the environment variable ETUDE_TASKS",
            choices=tuple(tasks) if isinstance(tasks, Mapping) else (),
        )
    return local(text, workers, require, os.getpid())


@lru_cache(maxsize=16)
def local(tasks: str, workers: int, require: Level, process: int) -> Referee:
    """This process's referee for a task set: a forked process makes one of its own."""
    return Referee(tasks, workers=workers, require=require)


@lru_cache(maxsize=16)
def remote(url: str) -> RemoteReferee:
    """The judge at an address."""
    return RemoteReferee(url)
