"""The lab's learning claim, proved: at least three seeds, two controls, equal gradient steps, intervals over tasks.

    make proof PART=lab            # or: python proofs/lab.py --out runs/proof-lab --seeds 0,1,2

Prints one table per seed, then what is claimed and whether it holds; exit code 1 where it does not.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from etude.records import Estimate, Report, decode
from etude.suites.compare import compare

ENOUGH = 1.5  # the pass@1 of the last round over the base's


def main() -> int:
    """Runs the recipe once per seed, then checks the claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-lab"))
    parser.add_argument("--seeds", default="0,1,2")
    options = parser.parse_args()
    seeds = [int(text) for text in options.seeds.split(",")]
    runs = {seed: _run(options.out / f"seed-{seed}", seed) for seed in seeds}
    findings = {seed: _finding(arms) for seed, arms in runs.items()}
    print(json.dumps(findings, indent=2))
    problems = [text for seed, finding in findings.items() for text in _problems(seed, finding)]
    problems += _over_seeds(findings)
    print("\n".join(problems) or f"every claim holds for seeds {options.seeds}")
    return int(bool(problems))


def _run(folder: Path, seed: int) -> dict[str, list[Report]]:
    command = [sys.executable, "-m", "etude", "run", "lab", "--out", str(folder), "--seed", str(seed), "--json"]
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print(f"seed {seed}: {time.monotonic() - start:.0f} s", flush=True)
    subprocess.run([sys.executable, "-m", "etude", "report", str(folder)], check=True)
    rounds = json.loads(done.stdout)["rounds"]
    return {name: [decode(Report, item) for item in reports] for name, reports in rounds.items()}


def _finding(arms: dict[str, list[Report]]) -> dict[str, object]:
    base = arms["main"][0]
    last = {name: reports[-1] for name, reports in arms.items()}
    found: dict[str, object] = {"base": _one(base)}
    for name, report in last.items():
        gain = compare(base, report, 1).difference
        found[name] = {"pass@1": _one(report), "gain": _interval(gain), "grades": _grades(report)}
        if name != "main":
            found[f"main over {name}"] = _interval(compare(report, last["main"], 1).difference)
    found["grades of the base"] = _grades(base)
    return found


def _one(report: Report) -> float:
    return round(report.pass_at["1"].value, 4)


def _grades(report: Report) -> dict[str, float]:
    return {grade: round(value.value, 3) for grade, value in sorted(report.by_difficulty.items())}


def _interval(estimate: Estimate) -> list[float]:
    return [round(estimate.value, 4), round(estimate.low, 4), round(estimate.high, 4)]


def _problems(seed: int, finding: dict[str, object]) -> list[str]:
    """The claims that must hold in every seed."""
    base, main = finding["base"], finding["main"]
    claims = {
        f"pass@1 is at least {ENOUGH} times the base's": main["pass@1"] >= ENOUGH * base,  # type: ignore[index,operator]
        "the interval of the gain lies above zero": main["gain"][1] > 0,  # type: ignore[index]
        "bootstrapping beats fine-tuning on the given solutions": finding["main over given"][0] > 0,  # type: ignore[index]
        "the unverified control gains less": finding["unverified"]["gain"][0] < main["gain"][0],  # type: ignore[index]
    }
    return [f"seed {seed}: it does not hold that {text}" for text, holds in claims.items() if not holds]


def _over_seeds(findings: dict[int, dict[str, object]]) -> list[str]:
    """Mean and spread of pass@1 over the seeds, printed for the results page."""
    for arm in ("main", "given", "unverified"):
        values = [finding[arm]["pass@1"] for finding in findings.values()]  # type: ignore[index]
        mean = sum(values) / len(values)
        spread = (sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)) ** 0.5
        print(f"{arm}: pass@1 {mean:.4f} ± {spread:.4f} (standard deviation over {len(values)} seeds)")
    return []


if __name__ == "__main__":
    sys.exit(main())
