"""Rounds: every contender runs its share of the programs, one after another, in another order each round.

Slow contenders get a sample. Ours runs that sample, too, so that each ratio is between equal programs in one round.
"""

import contextlib
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contenders.hosting import Batch, Hosted, HostError
from contenders.program import Program, varied
from contenders.roster import OURS, Entry, clean_python, roster
from programs import samples

LOOPING = ("timeout", "memory")
"""What may be said of an endless program."""


@dataclass(slots=True, kw_only=True)
class Figures:
    """What one contender did in all rounds; lists have one number per round.

    Attributes:
        cpu, wall: Seconds per program.
        cpu_ratio, wall_ratio: To ours, on the same programs in the same round.
        judged: Verdicts given; `agreed` of them are a pass where the label is, and none where it is not.
        kinds: Verdicts that name the label itself.
        missed: Some names of programs whose verdict differs, with both.
    """

    entry: Entry
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    cpu_ratio: list[float] = field(default_factory=list)
    wall_ratio: list[float] = field(default_factory=list)
    judged: int = 0
    agreed: int = 0
    kinds: int = 0
    missed: list[str] = field(default_factory=list)

    def median(self, name: str) -> float:
        """The median of one of the lists; NaN where it is empty."""
        values = getattr(self, name)
        return statistics.median(values) if values else float("nan")


Table = dict[str, Figures]
"""Figures by the contender's name."""


@contextlib.contextmanager
def started(
    peers: Path | None, wanted: Callable[[Entry], bool], say: Callable[[str], None]
) -> Iterator[dict[str, Hosted]]:
    """The contenders that can be started here, by name; of the others it is said why not."""
    with contextlib.ExitStack() as stack:
        hosts: dict[str, Hosted] = {}
        python = clean_python(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="etude-bench-"))))
        for entry in filter(wanted, roster(peers, python)):
            try:
                hosts[entry.name] = stack.enter_context(Hosted(entry, peers))
            except HostError as error:
                needed = f" (needs {entry.needed})" if entry.needed else ""
                say(f"not measured: {entry.name}: {error}{needed}")
        yield hosts


def measure(
    hosts: dict[str, Hosted],
    programs: Sequence[Program],
    *,
    rounds: int,
    share: int,
    seconds: float,
    seed: int,
    everyone_alike: bool = False,
) -> Table:
    """Runs the rounds.

    Args:
        hosts: The contenders; `ours` must be among them.
        share: How many programs the slow contenders get.
        seconds: The limit of each program.
        seed: Of the orders, and of the programs' variants.
        everyone_alike: The fast ones get only the sample, too.
    """
    chance, table = random.Random(seed), {name: Figures(entry=host.entry) for name, host in hosts.items()}
    common = samples([item for item in programs if item["pairs"] or item["label"] == "syntax"] or programs, share)
    for turn in range(rounds):
        some, every = next(common), [] if everyone_alike else list(programs)
        variant = chance.randrange(1 << 40)
        batches = [(host, some) for host in hosts.values() if everyone_alike or host.entry.slow or _is_ours(host)]
        batches += [(host, every) for host in hosts.values() if every and not host.entry.slow]
        chance.shuffle(batches)
        done = [(host, chosen, _batch(host, chosen, seconds, variant + 2 * turn)) for host, chosen in batches]
        _enter(table, done, every or some)
    return table


def _is_ours(host: Hosted) -> bool:
    return host.entry.name == OURS


def _batch(host: Hosted, programs: Sequence[Program], seconds: float, variant: int) -> Batch | None:
    try:
        return host.run([varied(item, variant + len(programs)) for item in programs], seconds)
    except HostError as error:
        print(f"lost: {error}", file=sys.stderr)
        return None


def _enter(table: Table, done: Sequence[tuple[Hosted, list[Program], Batch | None]], main: list[Program]) -> None:
    """Adds one round to the table. `main` is the batch that ours is shown with."""
    base = {len(chosen): batch for host, chosen, batch in done if _is_ours(host) and batch}
    for host, chosen, batch in done:
        ours = base.get(len(chosen))
        if batch is None or ours is None:
            continue
        figures = table[host.entry.name]
        if _is_ours(host) and len(chosen) != len(main):
            continue
        figures.cpu.append(batch.cpu / len(chosen))
        figures.wall.append(batch.wall / len(chosen))
        figures.cpu_ratio.append(batch.cpu / ours.cpu)
        figures.wall_ratio.append(batch.wall / ours.wall)
        compare(figures, chosen, batch.verdicts)


def compare(figures: Figures, programs: Sequence[Program], verdicts: Sequence[str]) -> None:
    """Counts how often the verdicts are what the labels say; "" is no verdict."""
    for program, verdict in zip(programs, verdicts, strict=True):
        if not verdict:
            continue
        label = program["label"]
        kind = verdict == label or (label == "loop" and verdict in LOOPING)
        agreed = (verdict == "pass") == (label == "pass")
        figures.judged, figures.agreed, figures.kinds = (
            figures.judged + 1,
            figures.agreed + agreed,
            figures.kinds + kind,
        )
        if not (kind if figures.entry.says_kinds else agreed):
            figures.missed.append(f"{program['name']}: {verdict} instead of {label}")


def memory(host: Hosted, programs: Sequence[Program], total: int, chunk: int = 500) -> list[tuple[int, int, int]]:
    """Runs `total` programs, none twice, and says after each chunk: programs so far, own bytes, the zygotes' bytes."""
    readings: list[tuple[int, int, int]] = []
    done = 0
    while done < total:
        chosen = [programs[(done + at) % len(programs)] for at in range(min(chunk, total - done))]
        host.run([varied(item, (1 << 41) + done) for item in chosen], 10.0)
        done += len(chosen)
        own, below = host.ask("memory")
        readings.append((done, own, below))
    return readings
