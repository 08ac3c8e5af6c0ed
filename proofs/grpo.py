"""Does reinforcement learning on verdicts raise the reward, and only because the reward is the verdict?

    make proof PART=grpo    # python proofs/grpo.py --out runs/proof-grpo --seeds 0,1,2

(1) GRPO on the lab model, our judge as the reward, on the training tasks; beside it a control that learns from the
same rewards dealt out at random. Measured on tasks that neither has seen (the validation split, n samples each), with
intervals over tasks. The real reward must raise both the reward in training and pass@1 in every seed, the control
neither. (2) `dpo` from passed and failed programs, LoRA, and `sft` with LoRA: the adapters load in plain peft, where
they say what the merged model says. Exit code 1 where one does not hold.
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
LORA = ["--rounds", "1", "--evaluate", "last", "--learner.lora", "16", "--learner.adapter", "true"]
THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
LOADED = """
import sys, torch, transformers, peft
merged, adapter = sys.argv[1], sys.argv[1] + "/adapter"
source = peft.PeftConfig.from_pretrained(adapter).base_model_name_or_path
ids = torch.arange(5, 60)[None]
of = transformers.AutoModelForCausalLM.from_pretrained
with torch.no_grad():
    plain = of(source)(ids).logits
    beside = peft.PeftModel.from_pretrained(of(source), adapter)(ids).logits
    whole = of(merged)(ids).logits
print(float((beside - whole).abs().max()), float((whole - plain).abs().max()))
"""
"""What a process without this package sees: how far adapter and merged model are apart, and both from the start."""


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
    found["adapters"] = {name: _adapter(options.out / name, name) for name in ("dpo", "sft")}
    print(f"adapters: {json.dumps(found['adapters'])}", flush=True)
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


def _adapter(folder: Path, recipe: str) -> dict[str, object]:
    """One round with LoRA; then a process that knows peft and not this package loads what it left."""
    name, flags = ("dpo", ()) if recipe == "dpo" else ("lab", ("--learner.learning_rate", "3e-3"))
    reports = _run(name, folder, *LORA, "--arm", MAIN, *flags)[MAIN]
    model = folder / "rounds" / "00" / "model"
    said = subprocess.run(
        [sys.executable, "-c", LOADED, str(model)], check=True, capture_output=True, text=True, env=THREAD
    )
    apart, moved = map(float, said.stdout.split())
    held = [_points(report.pass_at["1"]) for report in reports]
    return {"apart": apart, "moved": moved, "held out": held, "steps": read_note(model)["steps"]}


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
    for name, own in found["adapters"].items():  # type: ignore[attr-defined]
        if not own["apart"] < 1e-2 < own["moved"]:
            problems.append(f"{name}: adapter and merged model are {own['apart']} apart, moved {own['moved']}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
