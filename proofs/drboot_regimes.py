"""When does bootstrapping stop beating fine-tuning? The same comparison where more and more tasks have a reference.

    make proof PART=drboot-regimes    # python proofs/drboot_regimes.py --out runs/proof-drboot-regimes --seeds 0,1,2

Of the 720 training tasks 80, 240 or all 720 come with a reference. Plain bootstrapping stands beside fine-tuning on the
references, of the base and of a base with 70 % more parameters, each fine-tuned anew in every round and chosen by the
same validation rule; the larger one at its better learning rate of two, by validation.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean
from typing import Any

from drboot_claims import deviation, prepared, single, spread

from etude.arms import arm_folder
from etude.ledger import Ledger
from etude.records import Report
from etude.suites.compare import compare

RATES = ("1e-3", "5e-4")
ARMS = ("plain", "regular", *(f"larger {rate}" for rate in RATES))
CLAIMS = (("regular", "plain"), ("larger", "plain"), ("regular", "larger"))


def main() -> int:
    """Runs every arm in every regime, two at a time, and prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-drboot-regimes"))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--given", default="80,240,720")
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    seeds, regimes = ([int(text) for text in texts.split(",")] for texts in (options.seeds, options.given))
    options.out.mkdir(parents=True, exist_ok=True)
    start, recipe = time.monotonic(), prepared(options.out)
    jobs = [(given, seed, arm) for given in regimes for seed in seeds for arm in ARMS]
    with ThreadPoolExecutor(options.parallel) as pool:
        reports = dict(zip(jobs, pool.map(lambda job: _run(recipe, options.out, *job), jobs), strict=True))
    found = {given: _regime(reports, given, seeds) for given in regimes}
    (options.out / "findings.json").write_text(json.dumps(found, indent=1))
    _print(found)
    print(f"{time.monotonic() - start:.0f} s")
    return 0


Pair = tuple[Report, Report]
"""What an arm ends with: the report on the test tasks, and the validation report of the same round."""


def _run(recipe: Path, out: Path, given: int, seed: int, arm: str) -> Pair:
    name, _, rate = arm.partition(" ")
    folder = out / f"{given}-{arm.replace(' ', '-')}-{seed}"
    command = [sys.executable, "-m", "etude", "run", str(recipe), "--out", str(folder), "--seed", str(seed)]
    command += ["--arm", name, "--source.given", str(given), "--progress", "none"]
    command += ["--learner.learning_rate", rate] if rate else []
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=single())
    ledger = Ledger(arm_folder(folder, name))
    try:
        last = ledger.reports("test")[-1]
        [chosen] = [item for item in ledger.reports("validation") if item.round == last.round]
    finally:
        ledger.close()
    print(f"{given} references, {arm}, seed {seed}: {100 * last.pass_at['1'].value:.1f} %", flush=True)
    return last, chosen


def _regime(reports: dict[tuple[int, int, str], Pair], given: int, seeds: list[int]) -> dict[str, Any]:
    """Arms and claims where `given` tasks have a reference; the larger base at the rate that validation prefers."""
    chosen: dict[str, dict[int, Report]] = {name: {} for name in ("plain", "regular", "larger")}
    for seed in seeds:
        for name in ("plain", "regular"):
            chosen[name][seed] = reports[given, seed, name][0]
        larger = [reports[given, seed, f"larger {rate}"] for rate in RATES]
        chosen["larger"][seed] = max(larger, key=lambda pair: pair[1].pass_at["1"].value)[0]
    arms = {
        name: {k: [round(100 * item.pass_at[k].value, 2) for item in mine.values()] for k in ("1", "10")}
        for name, mine in chosen.items()
    }
    claims = {}
    for base, other in CLAIMS:
        gains = [100 * compare(chosen[base][seed], chosen[other][seed], 1).difference.value for seed in seeds]
        claims[f"{other} over {base}"] = {"points": [round(gain, 2) for gain in gains], **spread(gains)}
    return {"arms": arms, "claims": claims}


def _print(found: dict[int, Any]) -> None:
    print("\n| tasks with a reference | arm | pass@1 | pass@10 |\n|---|---|---|---|")
    for given, regime in found.items():
        for name, row in regime["arms"].items():
            cells = [f"{mean(row[k]):.1f} ± {deviation(row[k]):.1f}" for k in ("1", "10")]
            print(f"| {given} of 720 | {name} | {' | '.join(cells)} |")
    print("\n| tasks with a reference | | points of pass@1, mean [95 % over seeds] | |\n|---|---|---|---|")
    for given, regime in found.items():
        for name, row in regime["claims"].items():
            interval = f"{row['mean']:+.1f} [{row['low']:+.1f}, {row['high']:+.1f}]"
            print(f"| {given} of 720 | {name} | {interval} | {row['verdict']} |")


if __name__ == "__main__":
    sys.exit(main())
