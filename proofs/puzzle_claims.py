"""The claim of self-taught puzzles (arXiv 2207.14502) at lab scale: does it hold, and which policy goes on improving?

    make proof PART=puzzle-claims    # python proofs/puzzle_claims.py --out runs/proof-puzzle-claims --seeds 0,1,2,3,4

Held-out puzzles of the world, none of which the model has made: (1) after self-teaching at least twice the base's
pass@1; (2) unverified training with as many steps not; (3) base < given data < self-verified. Then each policy round by
round, and what the proposals were like. What does not hold is printed as such; the exit code is 1 only where something
could not be measured.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean
from typing import Any

from drboot_claims import deviation, single, spread

from etude import config
from etude.arms import MAIN, arm_folder
from etude.folders import round_folder
from etude.ledger import Ledger
from etude.records import Report
from etude.suites.compare import compare

RECIPE = Path(__file__).with_name("puzzle_claims.toml")
POLICIES = {
    MAIN: "hindsight, uniform, the base proposes",
    "published": "uniform, nothing made of wrong answers",
    "agent": "the agent proposes",
    "band": "10 of those solved at most 3 times in 10",
    "learnability": "10 by 4p(1 - p)",
    "archive": "10 by rarity of their kind",
}
CONTROLS = {"unverified": "unverified", "human": "80 given, their answers", "human_own": "80 given, own answers"}
TWICE = 2.0

Arms = dict[str, list[Report]]


def main() -> int:
    """Runs all seeds, two at a time, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-puzzle-claims"))
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--policies", type=int, default=1, help="So many of the seeds are run with the other policies.")
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    seeds = [int(text) for text in options.seeds.split(",")]
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    jobs = [(seed, name) for seed in seeds for name in (MAIN, *CONTROLS)]
    jobs += [(seed, name) for seed in seeds[: options.policies] for name in POLICIES if name != MAIN]
    with ThreadPoolExecutor(options.parallel) as pool:
        reports = dict(zip(jobs, pool.map(lambda job: _run(options.out, *job), jobs), strict=True))
    runs = {seed: {name: found for (of, name), found in reports.items() if of == seed} for seed in seeds}
    asked = [name for name in POLICIES if any(job[1] == name for job in jobs)]
    facts = {name: _facts([_folder(options.out, *job) for job in jobs if job[1] == name], name) for name in asked}
    found = {"rounds": _curves(runs), "claims": _claims(runs), "proposals": facts}
    (options.out / "findings.json").write_text(json.dumps(found, indent=1))
    _print(found)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)  # what a quiet machine would have needed, other work or not
    print(f"{time.monotonic() - start:.0f} s, {spent.ru_utime + spent.ru_stime:.0f} s of processor time")
    return 0


def _folder(out: Path, seed: int, name: str) -> Path:
    return out / f"{name}-{seed}"


def _run(out: Path, seed: int, name: str) -> list[Report]:
    """The reports of one arm; the main one's begin with the base's."""
    folder, start = _folder(out, seed, name), time.monotonic()
    command = [sys.executable, "-m", "etude", "run", str(RECIPE), "--out", str(folder), "--seed", str(seed)]
    subprocess.run([*command, "--arm", name, "--progress", "none"], check=True, stdout=subprocess.DEVNULL, env=single())
    ledger = Ledger(arm_folder(folder, name))
    try:
        reports = ledger.reports("test")
    finally:
        ledger.close()
    last = reports[-1].pass_at["1"].value
    print(f"seed {seed}, {name}: {100 * last:.1f} %, {time.monotonic() - start:.0f} s", flush=True)
    return reports


def _percent(report: Report, k: str) -> float:
    return round(100 * report.pass_at[k].value, 2)


def _curves(runs: dict[int, Arms]) -> dict[str, dict[int, dict[str, list[float]]]]:
    """Arm -> round (0 is the base) -> pass@k -> one number per seed."""
    found: dict[str, dict[int, dict[str, list[float]]]] = {}
    for arms in runs.values():
        for name, reports in arms.items():
            for report in reports:
                place = found.setdefault(name, {}).setdefault(report.round + 1, {"1": [], "5": []})
                for k, values in place.items():
                    values.append(_percent(report, k))
    return found


def _claims(runs: dict[int, Arms]) -> dict[str, dict[str, Any]]:
    """Each claim with what every seed says, its mean and interval, and whether the interval holds it."""
    ends = {
        seed: {"base": arms[MAIN][0], **{name: mine[-1] for name, mine in arms.items()}} for seed, arms in runs.items()
    }
    found: dict[str, dict[str, Any]] = {}
    for name in (name for name in (*POLICIES, *CONTROLS) if any(name in end for end in ends.values())):
        times = [_percent(end[name], "1") / _percent(end["base"], "1") for end in ends.values() if name in end]
        bounds = spread([value - TWICE for value in times])
        held = {"holds": "at least twice", "is turned round": "less than twice"}.get(
            bounds["verdict"], "twice, within noise"
        )
        spreads = {key: round(bounds[key] + TWICE, 2) for key in ("mean", "low", "high")}
        found[f"{name}, times the base"] = {"points": [round(value, 2) for value in times], **spreads, "verdict": held}
    pairs = [("base", "unverified"), ("base", "human"), ("human", MAIN), ("human_own", MAIN), ("unverified", MAIN)]
    for one, two in [*pairs, *((MAIN, name) for name in POLICIES if name != MAIN)]:
        gains = [100 * compare(end[one], end[two], 1).difference.value for end in ends.values() if two in end]
        if not gains:
            continue
        found[f"{two} over {one}, points"] = {"points": [round(gain, 2) for gain in gains], **spread(gains)}
    return found


def _facts(folders: list[Path], name: str) -> list[dict[str, float]]:
    """Per round, means over seeds of what the proposals and the practice on them were like."""
    found: list[dict[str, float]] = []
    for number in range(config.load(str(RECIPE)).rounds):
        rows = []
        for folder in folders:
            place = round_folder(arm_folder(folder, name), number)
            asked = json.loads((place / "proposals.json").read_text())
            tried = json.loads((place / "puzzles.json").read_text())
            near = asked["to_held_out"] or {}
            rows.append(
                {
                    "valid": asked["valid"],
                    "trivial": asked["trivial"],
                    "novel": asked["novel"],
                    "kinds": asked["kinds"],
                    "accepted": asked["accepted"],
                    "near": near.get("mean"),
                    "solved": tried["solved"] / max(1, tried["tried"]),
                    "mean_rate": tried["mean_rate"],
                    "solutions": tried["solutions"],
                }
            )
        found.append({key: round(mean([row[key] or 0.0 for row in rows]), 4) for key in rows[0]})
    return found


def _print(found: dict[str, Any]) -> None:
    labels, width = {**POLICIES, **CONTROLS}, max(max(rounds) for rounds in found["rounds"].values())
    print(f"\n| pass@1 / pass@5 | base | {' | '.join(f'round {number}' for number in range(1, width + 1))} |")
    print("|---|" + "---|" * (width + 1))
    for name, rounds in found["rounds"].items():
        print(f"| {labels[name]} | {' | '.join(_cell(rounds.get(number)) for number in range(width + 1))} |")
    print("\n| claim | mean [95 % over seeds] | seeds | |\n|---|---|---|---|")
    for text, row in found["claims"].items():
        points = ", ".join(f"{value:+.1f}" if "points" in text else f"{value:.2f}" for value in row["points"])
        print(f"| {text} | {row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}] | {points} | {row['verdict']} |")
    keys = list(found["proposals"][MAIN][0])
    print(f"\n| policy | round | {' | '.join(keys)} |\n|---|---|{'---|' * len(keys)}")
    for name, rows in found["proposals"].items():
        for number, row in enumerate(rows, 1):
            print(f"| {POLICIES[name]} | {number} | {' | '.join(f'{row[key]:g}' for key in keys)} |")


def _cell(values: dict[str, list[float]] | None) -> str:
    if values is None:
        return ""
    return f"{mean(values['1']):.1f} ± {deviation(values['1']):.1f} / {mean(values['5']):.1f}"


if __name__ == "__main__":
    sys.exit(main())
