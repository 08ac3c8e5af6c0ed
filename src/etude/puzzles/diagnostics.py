"""What a round of self-made puzzles came to, in numbers: why it plateaus, if it does.

Two files in a round's folder, each an event in the ledger as well: `proposals.json`, written before anybody tries the
puzzles, and `puzzles.json`, written after the judge has spoken. It counts and measures; it chooses nothing.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from etude.curators.order import ancestors
from etude.folders import round_folder, write_text
from etude.programs.normalise import normalised
from etude.protocols import Judged, State
from etude.puzzles.filters import REASONS, grams, likeness, skeleton
from etude.puzzles.policies import Known, descriptor
from etude.puzzles.proposing import bare
from etude.records import Json, identify

PROPOSALS, PUZZLES = "proposals.json", "puzzles.json"
BINS = 10
CLOSE = 0.8
"""From here on a puzzle counts as close to a held-out one."""
AS_HELD_OUT = ("held out", "near held out", "held-out behaviour")
"""Reasons of the rejects that protect an evaluation set."""
UNRUNNABLE = ("parses", "signature", "type", "forbidden", "unbound", "unused", "does not run", "slow", "raises")


def proposal_facts(
    rejected: Mapping[str, int], accepted: Sequence[str], before: Iterable[str], held_out: Sequence[str]
) -> dict[str, Json]:
    """The numbers of one round of proposals.

    Args:
        rejected: Reason -> proposals.
        accepted: The puzzles that were taken.
        before: Given puzzles and those of earlier rounds.
        held_out: Puzzles that nothing may come near.

    Returns:
        `proposed`, `accepted`, `rejected` (every reason, in order), `valid` (the share that can be run as puzzles),
        `trivial` (their share among the valid ones), `novel` (the share of the accepted of a kind not seen before),
        `kinds` and `cells` (different skeletons and descriptors), `guarded` (how many held-out puzzles there are),
        `refused_as_held_out` (proposals that repeat one of those, come near it or behave like it), `to_held_out` (mean
        likeness to the nearest of them, and the share that is close). None where there is nothing to divide by.
    """
    proposed = sum(rejected.values()) + len(accepted)
    broken = sum(rejected.get(reason, 0) for reason in UNRUNNABLE)
    kinds, old = [skeleton(item) for item in accepted], {skeleton(item) for item in before}
    return {
        "proposed": proposed,
        "accepted": len(accepted),
        "rejected": {reason: rejected.get(reason, 0) for reason in REASONS},
        "valid": _share(proposed - broken, proposed),
        "trivial": _share(rejected.get("trivial", 0), proposed - broken),
        "novel": _share(sum(kind not in old for kind in kinds), len(kinds)),
        "kinds": len(set(kinds)),
        "cells": len({descriptor(item) for item in accepted}),
        "guarded": len(held_out),
        "refused_as_held_out": sum(rejected.get(reason, 0) for reason in AS_HELD_OUT),
        "to_held_out": distance(accepted, held_out),
    }


def distance(puzzles: Sequence[str], held_out: Sequence[str]) -> dict[str, Json] | None:
    """The likeness of each puzzle to the nearest held-out one: its mean, and the share above `CLOSE`."""
    if not puzzles or not held_out:
        return None
    theirs = [grams(item) for item in held_out]
    found = [max(likeness(own, other) for other in theirs) for own in map(grams, puzzles)]
    return {
        "mean": round(sum(found) / len(found), 4),
        "close": _share(sum(item >= CLOSE for item in found), len(found)),
    }


def practice_facts(known: Sequence[Known], kept: int, solutions: Mapping[str, int]) -> dict[str, Json]:
    """The numbers of one round of practice on puzzles.

    Args:
        known: The round's puzzles with their solve rates.
        kept: Puzzles whose rows are learned from.
        solutions: Task id -> different programs that solve it.

    Returns:
        `puzzles`, `solved`, `kept`, `solve_rates` (how many in each tenth; unsolved ones are `never`), `mean_rate`, and
        `solutions` (different programs per solved puzzle).
    """
    rates = [item.rate for item in known if item.rate is not None]
    tenths = [0] * BINS
    for rate in rates:
        if rate:
            tenths[min(BINS - 1, int(rate * BINS))] += 1
    solved = sum(rate > 0 for rate in rates)
    return {
        "puzzles": len(known),
        "tried": len(rates),
        "solved": solved,
        "kept": kept,
        "never": len(rates) - solved,
        "solve_rates": tenths,
        "mean_rate": _share(sum(rates), len(rates)),
        "solutions": _share(sum(solutions.values()), len(solutions)),
    }


def outcomes(judged: Sequence[Judged], round: int) -> list[Known]:
    """Every puzzle among judged attempts with how often it was solved; what could not be judged does not count.

    A first attempt and its repairs are one try, which is solved where any of them is.
    """
    passed: dict[str, dict[str, bool]] = defaultdict(dict)
    puzzles: dict[str, str] = {}
    attempts = {identify(item.attempt): item.attempt for item in judged}
    for task, attempt, verdict in judged:
        if task.facts.kind == "puzzle":
            puzzles[task.task_id] = bare(task.hidden.puzzle)
            tries = passed[task.task_id]
            if verdict.passed is not None:
                first = identify([attempt, *ancestors(attempt, attempts)][-1])
                tries[first] = tries.get(first, False) or verdict.passed
    return [
        Known(task_id=name, puzzle=text, solved=sum(passed[name].values()), tried=len(passed[name]), round=round)
        for name, text in puzzles.items()
    ]


def different(judged: Sequence[Judged]) -> dict[str, int]:
    """Task id -> how many different programs solve it, for those that are solved."""
    found: dict[str, set[str]] = defaultdict(set)
    for task, attempt, verdict in judged:
        if verdict.passed:
            found[task.task_id].add(normalised(attempt.program))
    return {name: len(programs) for name, programs in found.items()}


def write(state: State, name: str, facts: Mapping[str, Json], puzzles: Sequence[Mapping[str, Json]]) -> None:
    """Writes a round's file, and says it to the ledger once."""
    body = {"round": state.round, **facts, "list": list(puzzles)}
    place = state.folder / name
    text = json.dumps(body, indent=1) + "\n"
    if state.note and (not place.exists() or place.read_text() != text):
        state.note(name.removesuffix(".json"), round=state.round, **facts)
    write_text(place, text)


def read(run: Path, rounds: int, name: str) -> list[dict[str, Any]]:
    """The lists of a file in the folders of the first `rounds` rounds, joined; a folder without it adds nothing.

    Args:
        run: The folder of the arm.
    """
    places = [round_folder(run, number) / name for number in range(rounds)]
    return [row for place in places if place.exists() for row in json.loads(place.read_text())["list"]]


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
