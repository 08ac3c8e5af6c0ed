"""The loop, on one page: write, run, judge, keep, learn, measure; and again.

        ┌─────────────────────────────────────────────────────────────────────────────┐
        ▼                                                                             │
    source ─ Task ─▶ solver ─ Attempt ─▶ judge ─ Verdict ─▶ curators ─ Example ─▶ learner ─ Agent'
                                                                                      │
                                                            suite ─ Report ─▶ gate: keep Agent'?

It holds no logic of its own. Every stage asks the ledger first, so running again is resuming.
"""

from collections.abc import Iterator

from etude.folders import write_round_report, write_rows
from etude.records import Agent, Example, Report
from etude.selection import Standing, is_stale, keeps, selected, standing
from etude.stages import BASE, Run, begin, curate, examine, guarding, open_exam, practice


def learn(run: Run, *, measure_base: bool = True) -> Iterator[Report]:
    """Runs the loop and yields each report as it is known: the base's first, as round -1.

    Args:
        run: One arm: its recipe, parts, folder, ledger and sandbox.
        measure_base: Controls start from the same base as the main arm and need not measure it again.
    """
    parts, recipe = run.parts, run.recipe
    base = agent = Agent(model=getattr(parts.model, "path", "scripted"), fingerprint=parts.model.fingerprint)
    exam = open_exam(run)
    guard = guarding(run, exam)
    if measure_base and exam:
        yield examine(run, exam, "test", base, begin(run, BASE, base, base))

    earlier: tuple[Example, ...] = ()
    standings: list[Standing] = []
    for round in range(recipe.rounds):
        state = begin(run, round, base, agent, earlier, guard)
        judged = practice(run, state)
        examples = curate(parts.curators, judged, state)
        write_rows(state.folder, examples)
        learned = parts.learner.learn(agent, examples, state)
        standings.append(standing(run, learned, state, examples))
        if recipe.evaluate == "every":
            yield write_round_report(state.folder, examine(run, exam, "test", learned, state, rows=examples))
        agent = learned if keeps(run, agent, learned, state) else agent
        earlier += tuple(example for example in examples if example.round == round)
        if is_stale(recipe, standings):
            break
    if standings and recipe.evaluate in ("last", "selected"):
        last = selected(run, standings)
        yield write_round_report(last.state.folder, examine(run, exam, "test", last.agent, last.state, rows=last.rows))
