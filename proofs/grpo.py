"""Does reinforcement learning on verdicts raise the reward, and only because the reward is the verdict?

    make proof PART=grpo    # python proofs/grpo.py --out runs/proof-grpo --seeds 0,1,2

GRPO on the lab model, our judge as the reward, on the training tasks; beside it a control that learns from the
same rewards dealt out at random. Measured on tasks that neither has seen (the validation split, n samples each), with
intervals over tasks. The real reward must raise both the reward in training and pass@1 in every seed, the control
neither. Exit code 1 where one does not hold.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from etude.arms import MAIN, reports_of
from etude.config import load
from etude.learners.folder import read_note
from etude.records import Report

GRPO = ["--suite.tasks_from", "lab[validation]", "--progress", "none"]
THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


def main() -> int:
    """Runs, then prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-grpo"))
    parser.add_argument("--seeds", default="0,1,2")
    options = parser.parse_args()
    start = time.monotonic()
    found: dict[str, object] = {"seeds": {}}
    for seed in map(int, options.seeds.split(",")):
        found["seeds"][seed] = learned = _grpo(options.out / f"seed-{seed}", seed)  # type: ignore[index]
        print(f"seed {seed}: {json.dumps(learned)}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "findings.json").write_text(json.dumps(found, indent=1))
    problems = _problems(found)
    print("\n".join(problems) or "all as it should be", f"{time.monotonic() - start:.0f} s", sep="\n")
    return int(bool(problems))


def _run(recipe: str, folder: Path, *flags: str) -> dict[str, list[Report]]:
    command = [sys.executable, "-m", "etude", "run", recipe, "--out", str(folder), *GRPO, *flags]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=THREAD)
    return reports_of(folder, load(str(folder / "recipe.toml")))


def _grpo(folder: Path, seed: int) -> dict[str, object]:
    reports = _run("grpo", folder, "--seed", str(seed))
    base = reports[MAIN][0].pass_at["1"]
    found: dict[str, object] = {"base": _points(base)}
    for arm, place in ((MAIN, folder), ("shuffled", folder / "arms" / "shuffled")):
        note = read_note(place / "rounds" / "00" / "model")
        rewards = [item for item in note["rewards"] if item is not None]
        part = max(1, len(rewards) // 5)
        found[arm] = {
            "held out": _points(reports[arm][-1].pass_at["1"]),
            "first fifth": round(100 * statistics.mean(rewards[:part]), 1),
            "last fifth": round(100 * statistics.mean(rewards[-part:]), 1),
            "completions": note["completions"],
            "without verdict": note["completions_without_verdict"],
            "groups": note["groups"],
            "seconds": {name: note[name] for name in note if name.startswith("seconds")},
        }
    return found


def _points(estimate: object) -> list[float]:
    return [round(100 * getattr(estimate, name), 1) for name in ("value", "low", "high")]


def _problems(found: dict[str, object]) -> list[str]:
    problems = []
    for seed, own in found["seeds"].items():  # type: ignore[attr-defined]
        base, real, control = own["base"], own[MAIN], own["shuffled"]
        held = {
            "training reward rises": real["last fifth"] >= real["first fifth"] + 5,
            "held-out pass@1 rises beyond the intervals": real["held out"][1] > base[2],
            "the control's training reward does not rise": control["last fifth"] < control["first fifth"] + 5,
            "the control's held-out pass@1 does not rise": control["held out"][0] <= base[2],
        }
        problems += [f"seed {seed}: it does not hold that {text}" for text, holds in held.items() if not holds]
    return problems


if __name__ == "__main__":
    sys.exit(main())
