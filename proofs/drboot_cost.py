"""The price of bootstrapping: what it takes until validation is as good as the released procedure ever gets.

    make proof PART=drboot-cost    # or: python proofs/drboot_cost.py --out runs/proof-drboot-cost --seeds 0,1,2

The released procedure (greedy attempt and repair of every task in each of nine rounds, from the base each time) beside
the arm `thrifty` of `proofs/drboot_claims.toml`: same tasks, model and judge. Model tokens are those that the model has
read (prompts; a repair's are long) and written, validation not counted. Exit code 1 where thrifty never gets there.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from etude.arms import MAIN, arm_folder
from etude.evaluating import evaluate, evaluation
from etude.folders import round_folder
from etude.ledger import Ledger
from etude.progress import ignore

RECIPE = Path(__file__).with_name("drboot_claims.toml")
ROUNDS = {MAIN: 9, "thrifty": 6}
QUICK = ("--suite.limit", "10", "--suite.n", "2", "--suite.k", "[1]")  # the test split is not what is compared here


def main() -> int:
    """Runs both arms for every seed, two at a time, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-drboot-cost"))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    seeds = [int(text) for text in options.seeds.split(",")]
    options.out.mkdir(parents=True, exist_ok=True)
    recipe = options.out / "recipe-of-the-proof.toml"
    recipe.write_text(RECIPE.read_text().replace("LARGER", "package:etude.lab/model"))
    jobs = [(seed, name) for seed in seeds for name in ROUNDS]
    base = _base(options.out)
    with ThreadPoolExecutor(options.parallel) as pool:
        found = dict(zip(jobs, pool.map(lambda job: _run(recipe, options.out, *job), jobs), strict=True))
    (options.out / "findings.json").write_text(json.dumps({str(key): value for key, value in found.items()}, indent=1))
    print(f"greedy validation pass@1 of the base: {100 * base:.1f} %\n\n{HEAD}")
    ratios = [_compare(seed, base, found[seed, MAIN], found[seed, "thrifty"]) for seed in seeds]
    known = [ratio for ratio in ratios if ratio is not None]
    print(f"\nreleased / thrifty, in model tokens: {', '.join(f'{ratio:.1f}' for ratio in known)} (to the same score)")
    return int(len(known) < len(seeds))


class Stand(NamedTuple):
    """After a round: greedy validation pass@1 without repair, tokens written so far, written and read, seconds."""

    score: float
    written: float
    tokens: float
    seconds: float


def _base(out: Path) -> float:
    """The base's own greedy validation pass@1."""
    drawing: dict[str, Any] = {"temperature": 0.0, "top_p": 1.0, "max_tokens": 72, "batch_size": 384}
    recipe = evaluation("package:etude.lab/model", "lab[validation]", n=1, k=(1,), seed=0, workers=1, **drawing)
    report, _ = evaluate(recipe, out / "base", ignore)
    return report.pass_at["1"].value


def _run(recipe: Path, out: Path, seed: int, name: str) -> list[Stand]:
    folder, start = out / f"{name}-{seed}", time.time()
    command = [sys.executable, "-m", "etude", "run", str(recipe), "--out", str(folder), "--seed", str(seed)]
    command += ["--arm", name, "--rounds", str(ROUNDS[name]), "--progress", "none", *QUICK]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    print(f"{name}, seed {seed}: {time.time() - start:.0f} s", flush=True)
    return _stands(arm_folder(folder, name))


def _stands(arm: Path) -> list[Stand]:
    """One per round. The clock is that of the files a run leaves, pauses and all."""
    start = (arm / "manifest.json").stat().st_mtime
    ledger = Ledger(arm)
    try:
        reports = ledger.reports("validation")
    finally:
        ledger.close()
    found = []
    for item in reports:
        written, read = item.budget["train_tokens"], item.budget["train_prompt_tokens"]
        seconds = (round_folder(arm, item.round) / "model" / "config.json").stat().st_mtime - start
        found.append(Stand(item.pass_at["1"].value, written, written + read, seconds))
    return found


HEAD = """| seed | procedure | validation pass@1 | written | written and read | seconds | per point: tokens, seconds |
|---|---|---|---|---|---|---|"""


def _compare(seed: int, base: float, released: list[Stand], thrifty: list[Stand]) -> float | None:
    """How many times the tokens the released procedure takes to its best score; None where thrifty never gets there."""
    best = max(stand.score for stand in released)
    first = next(stand for stand in released if stand.score == best)
    there = next((stand for stand in thrifty if stand.score >= best), None)
    for name, stand in (("released, best", first), ("released, all rounds", released[-1]), ("thrifty", there)):
        print(f"| {seed} | {name} | {_row(stand, base) if stand else 'never gets there | | | |'} |")
    return first.tokens / there.tokens if there else None


def _row(stand: Stand, base: float) -> str:
    gain = max(100 * (stand.score - base), 1e-9)
    cells = [f"{100 * stand.score:.1f} %", f"{stand.written:,.0f}", f"{stand.tokens:,.0f}", f"{stand.seconds:.0f}"]
    return " | ".join([*cells, f"{stand.tokens / gain:,.0f}, {stand.seconds / gain:.1f}"])


if __name__ == "__main__":
    sys.exit(main())
