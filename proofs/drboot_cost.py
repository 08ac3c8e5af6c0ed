"""The price of bootstrapping: model tokens until validation is as good as the released procedure ever gets.

    make proof PART=drboot_cost    # or: python proofs/drboot_cost.py --out runs/proof-drboot_cost --seeds 0,1,2

The released procedure (greedy attempt and repair of every task in each of nine rounds, from the base each time) beside
the arm `thrifty` of `proofs/drboot.toml`: same tasks, model and judge. Exit code 1 where thrifty never gets there.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from etude.arms import MAIN, arm_folder
from etude.ledger import Ledger

RECIPE = Path(__file__).with_name("drboot.toml")
ROUNDS = {MAIN: 9, "thrifty": 6}
QUICK = ("--suite.limit", "10", "--suite.n", "2", "--suite.k", "[1]")  # the test split is not what is compared here
ENOUGH = 5.0


def main() -> int:
    """Runs both arms for every seed, two at a time, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-drboot_cost"))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    seeds = [int(text) for text in options.seeds.split(",")]
    options.out.mkdir(parents=True, exist_ok=True)
    recipe = options.out / "recipe-of-the-proof.toml"
    recipe.write_text(RECIPE.read_text().replace("LARGER", "package:etude.lab/model"))
    jobs = [(seed, name) for seed in seeds for name in ROUNDS]
    with ThreadPoolExecutor(options.parallel) as pool:
        found = dict(zip(jobs, pool.map(lambda job: _run(recipe, options.out, *job), jobs), strict=True))
    ratios = [_compare(seed, found[seed, MAIN], found[seed, "thrifty"]) for seed in seeds]
    known = [ratio for ratio in ratios if ratio is not None]
    (options.out / "findings.json").write_text(json.dumps({str(key): value for key, value in found.items()}, indent=1))
    print(f"released / thrifty, in tokens: {', '.join(f'{ratio:.1f}' for ratio in known)}; asked for: {ENOUGH:.0f}")
    return int(len(known) < len(seeds))


Curve = list[tuple[float, float]]
"""For each round: validation pass@1 (greedy, without repair), and the tokens generated so far."""


def _run(recipe: Path, out: Path, seed: int, name: str) -> Curve:
    folder, start = out / f"{name}-{seed}", time.monotonic()
    command = [sys.executable, "-m", "etude", "run", str(recipe), "--out", str(folder), "--seed", str(seed)]
    command += ["--arm", name, "--rounds", str(ROUNDS[name]), "--progress", "none", *QUICK]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    print(f"{name}, seed {seed}: {time.monotonic() - start:.0f} s", flush=True)
    return _curve(arm_folder(folder, name))


def _curve(folder: Path) -> Curve:
    ledger = Ledger(folder)
    try:
        reports = ledger.reports("validation")
    finally:
        ledger.close()
    return [(item.pass_at["1"].value, item.budget["train_tokens"]) for item in reports]


def _compare(seed: int, released: Curve, thrifty: Curve) -> float | None:
    """How many times the tokens the released procedure takes to its best score; None where thrifty never gets there."""
    best = max(score for score, _ in released)
    tokens = next(tokens for score, tokens in released if score == best)
    there = next((spent for score, spent in thrifty if score >= best), None)
    path = ", ".join(f"{100 * score:.1f} % at {spent:,.0f}" for score, spent in thrifty)
    whole = released[-1][1]
    print(
        f"seed {seed}: released gets to {100 * best:.1f} % at {tokens:,.0f} tokens (all rounds: {whole:,.0f}); {path}"
    )
    return tokens / there if there else None


if __name__ == "__main__":
    sys.exit(main())
