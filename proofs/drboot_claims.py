"""The claims of bootstrapping with repair (Dr. Boot, arXiv 2507.15889) at lab scale: which hold, and by how much?

    make proof PART=drboot-claims    # python proofs/drboot_claims.py --out runs/proof-drboot-claims --seeds 0,1,2,3,4

1. Bootstrapping beats fine-tuning on references. 2. The bootstrapped model equals or beats a fine-tuned model with
about 70 % more parameters. 3. Repair training improves pass@k without repair. 4. Repair at inference against sampling
at equal tokens, and then: in which of some settings repair is the better use of tokens. Every arm has the same rounds
and gradient steps and is chosen by the same validation rule. A claim that does not hold is printed as such; the exit
code is 1 only where something could not be measured.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from etude import config
from etude.arms import MAIN, arm_folder, reports_of
from etude.evaluating import evaluate, evaluation
from etude.ledger import Ledger
from etude.progress import ignore
from etude.records import Point, Report
from etude.suites.compare import compare
from etude.suites.repairk import at, crossover

RECIPE = Path(__file__).with_name("drboot_claims.toml")
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
LARGER_WIDTH = 128
CLAIMS = (
    ("1 bootstrapping over fine-tuning", "regular", "plain", 1),
    ("1 bootstrapping with repair over fine-tuning", "regular", MAIN, 1),
    ("2 bootstrapping over fine-tuning a model of 70 % more parameters", "larger", "plain", 1),
    ("2 bootstrapping with repair over the same", "larger", MAIN, 1),
    ("3 repair training over plain bootstrapping, pass@1 without repair", "plain", MAIN, 1),
    ("3 repair training over plain bootstrapping, pass@10 without repair", "plain", MAIN, 10),
)
SETTINGS: dict[str, dict[str, Any]] = {
    "full feedback": {},
    "no feedback": {"level": "none"},
    "trace of variables": {"level": "trace"},
    "only what raised an error": {"only": ["error"]},
    "two rounds": {"rounds": 2},
}


def main() -> int:
    """Runs all seeds, two at a time, then prints one table per claim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-drboot-claims"))
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    seeds = [int(text) for text in options.seeds.split(",")]
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    recipe = prepared(options.out)
    with ThreadPoolExecutor(options.parallel) as pool:
        runs = dict(zip(seeds, pool.map(lambda seed: _run(recipe, options.out, seed), seeds), strict=True))
        repairs = dict(zip(seeds, pool.map(lambda seed: _repairs(options.out, seed), seeds), strict=True))
    found = {"arms": _arms(runs), "claims": _claims(runs), "repair": _at_equal_tokens(runs), "settings": repairs}
    (options.out / "findings.json").write_text(json.dumps(found, indent=1))
    _print(found, repairs)
    print(f"{time.monotonic() - start:.0f} s")
    return 0


def prepared(out: Path) -> Path:
    """The recipe with the larger base in it, which is made first where it is not there."""
    larger = out / "larger"
    if not (larger / "model.safetensors").exists():
        command = [sys.executable, "-m", "etude.lab.pretrain", "--out", str(larger), "--width", str(LARGER_WIDTH)]
        subprocess.run(command, check=True)
    path = out / "recipe-of-the-proof.toml"
    path.write_text(RECIPE.read_text().replace("LARGER", str(larger.resolve())))
    return path


def _run(recipe: Path, out: Path, seed: int) -> dict[str, list[Report]]:
    folder = out / f"seed-{seed}"
    command = [sys.executable, "-m", "etude", "run", str(recipe), "--out", str(folder), "--seed", str(seed)]
    subprocess.run([*command, "--progress", "none", "--json"], check=True, stdout=subprocess.DEVNULL, env=single())
    print(f"seed {seed}: all arms", flush=True)
    return reports_of(folder, config.load(str(folder / "recipe.toml")))


def single() -> dict[str, str]:
    """The environment of a run that shares the cores with another: one thread."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def _repairs(out: Path, seed: int) -> dict[str, dict[str, float | None]]:
    """Setting -> chains against samples at equal tokens, for the model that was trained to repair."""
    file = out / f"seed-{seed}" / "repairs.json"
    if not file.exists():
        command = [sys.executable, __file__, "--repairs", str(out / f"seed-{seed}"), str(seed)]
        subprocess.run(command, check=True, env=single())
    found: dict[str, dict[str, float | None]] = json.loads(file.read_text())
    return found


def measure_repairs(folder: Path, seed: int) -> None:
    """Examines the selected model of a seed under every setting of repair, and writes `repairs.json`."""
    ledger = Ledger(arm_folder(folder, MAIN))
    [chosen] = ledger.events("selected")[-1:]
    ledger.close()
    model = str(folder / "rounds" / f"{chosen['round']:02d}" / "model")
    drawing = {"temperature": 0.8, "top_p": 1.0, "max_tokens": 72, "batch_size": 384}
    found = {}
    for name, settings in SETTINGS.items():
        solver = config.Part.of("repair", gate="shown", **settings)
        recipe = evaluation(
            model, "lab[test]", unlock_test=True, n=10, k=(1, 2, 5, 10), seed=seed, workers=1, solver=solver, **drawing
        )
        suite = config.Part.model_validate({**recipe.suite.model_dump(), "use": "repairk"})
        judge = config.Part.of("auto", cpu_seconds=1.0, wall_seconds=5.0)
        recipe = recipe.model_copy(update={"suite": suite, "judge": judge})
        report, _ = evaluate(recipe, folder / "repairs", ignore)
        found[name] = _balance(report)
    (folder / "repairs.json").write_text(json.dumps(found, indent=1))


def _balance(report: Report) -> dict[str, float | None]:
    """Chains against samples at equal completion tokens, in points; with one chain, with five, and the crossover."""
    samples, chains = report.curves["samples"], report.curves["chains"]
    gains = {k: _gain(samples, chains[k - 1]) for k in (1, 3, 5)}
    return {**{f"at the cost of {k}": gain for k, gain in gains.items()}, "crossover": crossover(samples, chains)}


def _gain(samples: tuple[Point, ...], chain: Point) -> float | None:
    value = at(samples, chain.tokens)
    return None if value is None else round(100 * (chain.value - value), 3)


def _arms(runs: dict[int, dict[str, list[Report]]]) -> dict[str, dict[str, list[float]]]:
    """Arm -> measure -> one number per seed, in percent."""
    names = ["base", *next(iter(runs.values()))]
    found: dict[str, dict[str, list[float]]] = {}
    for name in names:
        reports = [arms[MAIN][0] if name == "base" else arms[name][-1] for arms in runs.values()]
        found[name] = {
            **{f"pass@{k}": [round(100 * item.pass_at[k].value, 2) for item in reports] for k in ("1", "10")},
            **{f"repair@{k}": [round(100 * item.repair_at[k].value, 2) for item in reports] for k in ("1", "10")},
            "round": [item.round + 1 for item in reports],
            "train tokens": [item.budget.get("train_tokens", 0) for item in reports],
        }
    return found


def _claims(runs: dict[int, dict[str, list[Report]]]) -> dict[str, dict[str, Any]]:
    found = {}
    for text, base, other, k in CLAIMS:
        pairs = [(arms[base][-1], arms[other][-1]) for arms in runs.values()]
        gains = [100 * compare(one, two, k).difference.value for one, two in pairs]
        found[text] = {"points": [round(gain, 2) for gain in gains], **spread(gains)}
    return found


def spread(values: list[float]) -> dict[str, Any]:
    """Mean and its 95 % interval over seeds (Student); what may be said of a claim."""
    half = STUDENT[len(values) - 1] * stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("inf")
    low, high = mean(values) - half, mean(values) + half
    verdict = "holds" if low > 0 else "is turned round" if high < 0 else "within noise"
    return {"mean": round(mean(values), 2), "low": round(low, 2), "high": round(high, 2), "verdict": verdict}


def _at_equal_tokens(runs: dict[int, dict[str, list[Report]]]) -> dict[str, dict[str, Any]]:
    """Arm -> repair against sampling at the tokens of one chain, over seeds."""
    found = {}
    for name in next(iter(runs.values())):
        balances = [_balance(arms[name][-1])["at the cost of 1"] for arms in runs.values()]
        known = [value for value in balances if value is not None]
        if known:
            found[name] = {"points": known, **spread(known)}
    return found


def _print(found: dict[str, Any], repairs: dict[int, dict[str, dict[str, float | None]]]) -> None:
    print("\n| arm | pass@1 | pass@10 | repair@1 | repair@10 | rounds chosen |\n|---|---|---|---|---|---|")
    for name, row in found["arms"].items():
        cells = [f"{mean(row[key]):.1f} ± {deviation(row[key]):.1f}" for key in list(row)[:4]]
        print(f"| {name} | {' | '.join(cells)} | {', '.join(map(str, row['round']))} |")
    print("\n| claim | points, mean [95 % over seeds] | |\n|---|---|---|")
    for text, row in found["claims"].items():
        print(f"| {text} | {row['mean']:+.1f} [{row['low']:+.1f}, {row['high']:+.1f}] | {row['verdict']} |")
    for name, row in found["repair"].items():
        interval = f"{row['mean']:+.1f} [{row['low']:+.1f}, {row['high']:+.1f}]"
        print(f"| 4 one repair against sampling at equal tokens, {name} | {interval} | {row['verdict']} |")
    print("\n| repair of the repair-trained model | at 1 chain | at 3 | at 5 | crossover in seeds |")
    print("|---|---|---|---|---|")
    for name in SETTINGS:
        cells = []
        for k in (1, 3, 5):
            values = [value for seed in repairs.values() if (value := seed[name][f"at the cost of {k}"]) is not None]
            cells.append(f"{mean(values):+.1f} ± {deviation(values):.1f}" if values else "beyond the curve")
        crossed = sum(seed[name]["crossover"] is not None for seed in repairs.values())
        print(f"| {name} | {' | '.join(cells)} | {crossed} of {len(repairs)} |")


def deviation(values: list[float]) -> float:
    """The standard deviation; of one value, 0."""
    return stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--repairs"]:
        measure_repairs(Path(sys.argv[2]), int(sys.argv[3]))
        sys.exit(0)
    sys.exit(main())
