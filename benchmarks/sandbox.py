"""What our sandbox costs beside bare forks, other jails and other harnesses, measured in one run.

    python benchmarks/sandbox.py [--peers FOLDER] [--programs 1138] [--rounds 5] [--json FILE]

CPU per program is the number to trust: it counts all that a contender starts. Ratios are medians of per-round ratios.
README.md says how to install the peers, and what each part shows.
"""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contenders.hosting import Hosted
from contenders.program import Program
from contenders.roster import OURS, TWO, UNJAILED, Entry
from holes import holes_table
from measuring import Figures, compare, measure, memory, started
from mix import mixed
from programs import references
from reporting import Target, as_data, lines_of, table_of, target_of_memory, targets_of_mix, targets_of_speed

LIMITS = (1.0, 3.0)
GENEROUS = 10.0
"""Seconds that a reference program may take anywhere."""
PARTS = ("references", "mix", "loops", "agreement", "memory", "holes")


def main() -> None:
    """Prints the tables, the targets and the holes; writes every number where `--json` says."""
    options = _options()
    peers = None if options.peers == "none" else Path(options.peers).resolve()
    programs = references()
    programs = programs[:: max(1, len(programs) // options.programs)][: options.programs]
    print(_machine(programs), flush=True)
    mix = mixed(programs, options.mix, options.seed) if {"mix", "loops", "agreement"} & set(options.parts) else []
    data: dict[str, Any] = {"machine": _machine(programs), "options": vars(options)}
    targets: list[Target] = []
    with started(peers, _wanted(options), print) as hosts:
        print(f"CPU is counted by {hosts[OURS].how}\n")
        if "references" in options.parts:
            targets += _references(hosts, programs, options, data)
        targets += _mixes({name: host for name, host in hosts.items() if _in_mix(host.entry)}, mix, options, data)
        if "agreement" in options.parts:
            data["agreement"] = _agreement(hosts[OURS], mix)
        if "memory" in options.parts:
            readings = memory(hosts[OURS], programs, options.flat)
            data["memory"], targets = readings, targets + target_of_memory(readings)
    print(f"targets\n{lines_of(targets)}\n")
    data["targets"] = [target._asdict() for target in targets]
    if "holes" in options.parts:
        data["holes"] = holes_table(peers, print)
    if options.json:
        Path(options.json).write_text(json.dumps(data, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="none", help="a folder with a virtual environment, see README.md; or none")
    parser.add_argument("--programs", type=int, default=1138, help="reference programs for ours and the floors")
    parser.add_argument("--share", type=int, default=60, help="programs per round for slow contenders")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mix", type=int, default=1000, help="programs of the realistic mix")
    parser.add_argument("--loops", type=int, default=100, help="programs per round of the mix with its loops")
    parser.add_argument("--loop-rounds", type=int, default=1)
    parser.add_argument("--flat", type=int, default=5000, help="programs over which memory is to be flat")
    parser.add_argument("--only", default="", help="contenders whose names hold one of these words, such as fork,bwrap")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", default="", help="a file for every number")
    return parser.parse_args()


def _wanted(options: argparse.Namespace) -> Any:
    words = [word for word in options.only.split(",") if word]
    return lambda entry: entry.name == OURS or not words or any(word in entry.name for word in words)


def _in_mix(entry: Entry) -> bool:
    return entry.name not in (TWO, UNJAILED) and entry.kind != "ForkExit"


def _machine(programs: Sequence[Program]) -> str:
    kind = "our own small set" if programs[0]["name"].startswith("own/") else "HumanEval and MBPP"
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{len(programs)} reference programs of {kind}; Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{platform.machine()}, {platform.system()} {platform.release()}, load {load}"
    )


def _references(
    hosts: dict[str, Hosted], programs: Sequence[Program], options: argparse.Namespace, data: dict[str, Any]
) -> list[Target]:
    table = measure(
        hosts, programs, rounds=options.rounds, share=options.share, seconds=GENEROUS, seed=options.seed + 1
    )
    print(table_of("reference programs; x is the ratio to ours", table), end="\n\n", flush=True)
    data["references"] = as_data(table)
    return targets_of_speed(table)


def _mixes(
    hosts: dict[str, Hosted], mix: Sequence[Program], options: argparse.Namespace, data: dict[str, Any]
) -> list[Target]:
    targets: list[Target] = []
    if "mix" in options.parts:
        calm = [item for item in mix if item["label"] != "loop"]
        table = measure(hosts, calm, rounds=options.rounds, share=options.share, seconds=3.0, seed=options.seed + 2)
        print(table_of("the mix without its loops", table), end="\n\n", flush=True)
        data["mix"] = as_data(table)
    for seconds in LIMITS if "loops" in options.parts else ():
        title = f"the mix with its loops, {seconds:.0f} s each"
        rounds, share = options.loop_rounds, options.loops
        table = measure(
            hosts, mix, rounds=rounds, share=share, seconds=seconds, seed=options.seed + 3, everyone_alike=True
        )
        print(table_of(title, table), end="\n\n", flush=True)
        data[title] = as_data(table)
        targets += targets_of_mix(title, table)
    return targets


def _agreement(ours: Hosted, mix: Sequence[Program]) -> dict[str, Any]:
    """Whether ours says of every program of the whole mix what its label says."""
    batch, figures = ours.run(mix, LIMITS[0]), Figures(entry=ours.entry)
    compare(figures, mix, batch.verdicts)
    print(
        f"the whole mix, {LIMITS[0]:.0f} s each, ours: {figures.kinds}/{figures.judged} verdicts are the label, "
        f"{1000 * batch.cpu / len(mix):.2f} ms CPU and {1000 * batch.wall / len(mix):.2f} ms wall per program"
    )
    for line in figures.missed:
        print(f"  {line}")
    print(flush=True)
    return {"kinds": figures.kinds, "judged": figures.judged, "missed": figures.missed, "cpu": batch.cpu}


if __name__ == "__main__":
    main()
