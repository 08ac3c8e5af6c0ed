"""Does `etude compare` say what is so? A gain, nothing, and a loss of diversity, each made on purpose in the lab.

    make proof PART=honest-gain    # python proofs/honest_gain.py --out runs/proof-honest-gain --pairs 20

(1) The base against itself: 20 pairs of evaluations that differ in nothing but their seeds; at least 18 must be "within
noise". (2) Two rounds of learning from samples that passed: "a gain". (3) Two rounds of learning what the model is sure
of anyway, right or wrong: flagged as collapsing diversity, and the gain of (2) is not. Exit code 1 where one does not
hold.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from etude.arms import MAIN
from etude.comparing import Sides, compare_folders
from etude.evaluating import evaluate, evaluation
from etude.progress import ignore

RECIPE = Path(__file__).with_name("honest_gain.toml")
BASE = "package:etude.lab/model"
ENOUGH = 0.9
SAMPLES = 5
FIRST_SEED = 1000


def main() -> int:
    """Measures, then prints what `compare` says of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-honest-gain"))
    parser.add_argument("--pairs", type=int, default=20)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    runs = _run(options.out / "run")
    same = [_with_itself(options.out, number) for number in range(options.pairs)]
    found = {"with itself": same, **_of_run(runs)}
    (options.out / "findings.json").write_text(json.dumps(found, indent=1))
    problems = _problems(found)
    _print(found)
    print("\n".join(problems) or "all as it should be", f"{time.monotonic() - start:.0f} s", sep="\n")
    return int(bool(problems))


def _run(folder: Path) -> Sides:
    command = [sys.executable, "-m", "etude", "run", str(RECIPE), "--out", str(folder), "--progress", "none"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return compare_folders([folder])


def _with_itself(out: Path, number: int) -> dict[str, object]:
    """What is said of two evaluations of one model."""
    folders = [_evaluated(out, FIRST_SEED + 2 * number + side) for side in (0, 1)]
    [line] = compare_folders(folders).lines
    of_samples = next(item for item in line.gains[0].budgets if item.budget == "samples")
    points = round(100 * of_samples.difference.value, 2)
    print(f"pair {number}: {line.call}, {points:+.1f} points", flush=True)
    return {"call": line.call, "points": points}


def _evaluated(out: Path, seed: int) -> Path:
    folder = out / f"base-{seed}"
    drawing = {"temperature": 0.8, "top_p": 1.0, "max_tokens": 72, "batch_size": 384}
    recipe = evaluation(BASE, "lab[test]", unlock_test=True, n=SAMPLES, k=(1, SAMPLES), seed=seed, workers=1, **drawing)
    evaluate(recipe, folder, ignore)
    return folder


def _of_run(sides: Sides) -> dict[str, object]:
    rounds = [line for line in sides.lines if line.base == "base"]
    last = {arm: [line for line in rounds if line.other.startswith(arm)][-1] for arm in (MAIN, "collapsed")}
    return {
        "learned": {"call": last[MAIN].call, "words": last[MAIN].gains[0].words},
        "collapsed": {"call": last["collapsed"].call, "words": last["collapsed"].gains[0].words},
        "flags": list(sides.flags),
    }


def _problems(found: dict[str, object]) -> list[str]:
    same, flags = found["with itself"], found["flags"]
    calls = Counter(item["call"] for item in same)  # type: ignore[index, attr-defined, union-attr]
    held = {
        f"{calls['within noise']} of {sum(calls.values())} comparisons of the base with itself are within noise": (
            calls["within noise"] >= ENOUGH * sum(calls.values())
        ),
        "learning is called a gain": found["learned"]["call"] == "a gain",  # type: ignore[index]
        "the collapse is flagged": any("collapsed" in flag and "collapsing" in flag for flag in flags),  # type: ignore[attr-defined]
        "learning is not flagged": not any(f"{MAIN}, round" in flag for flag in flags),  # type: ignore[attr-defined]
    }
    return [f"it does not hold that {text}" for text, holds in held.items() if not holds]


def _print(found: dict[str, object]) -> None:
    same = found.pop("with itself")
    counts = Counter(item["call"] for item in same)  # type: ignore[index, attr-defined]
    print(f"the base against itself, {len(same)} pairs: {dict(counts)}")  # type: ignore[arg-type]
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
