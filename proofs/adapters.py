"""Do models learn from verdicts by adapters alone, and is what they learn in the adapter?

    make proof PART=adapters    # python proofs/adapters.py --out runs/proof-adapters --seeds 0,1,2

One round of the lab with LoRA: `dpo` on pairs of passed and failed programs, beside a control in whose pairs a coin
says which is preferred; and `sft` on what passed, beside a control that learns what was sampled, right or wrong, in as
many steps. Measured on tasks that none has seen (the validation split, n samples each), each against its base and
against its control, over all seeds together. The verdict's arm must gain over both, and the control must not gain over
the base. A process without this package loads every adapter with plain peft: it must say what the merged model says,
and not what the base says. Exit code 1 where one does not hold.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from etude.comparing import Line, compare_folders
from etude.learners.folder import read_note

LORA = ["--rounds", "1", "--evaluate", "last", "--learner.lora", "16", "--learner.adapter", "true"]
COMMON = ["--suite.tasks_from", "lab[validation]", "--progress", "none", *LORA]
COIN = 'curators = [{ use = "pairs", per_prompt = 2, shuffle = true }]'
ANY = 'curators = [{ use = "unverified", cap = 4 }, { use = "mix" }, { use = "dedupe" }]'
CONTROL = "control"
KINDS = {
    "dpo": ("dpo", "--arms", f'{{ {CONTROL} = {{ evaluate = "last", {COIN} }} }}'),
    "sft": ("lab", "--arms", f'{{ {CONTROL} = {{ evaluate = "last", {ANY} }} }}', "--learner.learning_rate", "3e-3"),
}
"""Kind of learning -> its recipe, and what is asked of it besides."""
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
    parser.add_argument("--out", type=Path, default=Path("runs/proof-adapters"))
    parser.add_argument("--seeds", default="0,1,2")
    options = parser.parse_args()
    start = time.monotonic()
    found = {kind: _learned(options.out / kind, kind, options.seeds.split(",")) for kind in KINDS}
    (options.out / "findings.json").write_text(json.dumps(found, indent=1))
    problems = [problem for kind, own in found.items() for problem in _problems(kind, own)]
    print("\n".join(problems) or "all as it should be", f"{time.monotonic() - start:.0f} s", sep="\n")
    return int(bool(problems))


def _learned(out: Path, kind: str, seeds: list[str]) -> dict[str, object]:
    recipe, *flags = KINDS[kind]
    folders = [out / f"seed-{seed}" for seed in seeds]
    for seed, folder in zip(seeds, folders, strict=True):
        command = [sys.executable, "-m", "etude", "run", recipe, "--out", str(folder), "--seed", seed, *COMMON, *flags]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=THREAD)
    lines = {f"{line.other} over {line.base}": _told(line) for line in compare_folders(folders).lines}
    found: dict[str, object] = {"compared": lines, "adapters": [_adapter(folder) for folder in folders]}
    print(f"{kind}: {json.dumps(found)}", flush=True)
    return found


def _told(line: Line) -> dict[str, object]:
    """What is said of one comparison over all seeds, at the same number of samples."""
    [own] = [item for item in line.spread if item.budget == "samples"]
    over = own.over_tasks
    return {
        "call": line.call,
        "points by seed": [round(100 * value, 1) for value in own.by_seed],
        "points": [round(100 * value, 1) for value in (over.value, over.low, over.high)],
    }


def _adapter(folder: Path) -> dict[str, object]:
    model = folder / "rounds" / "00" / "model"
    command = [sys.executable, "-c", LOADED, str(model)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=THREAD)
    apart, moved = map(float, said.stdout.split())
    return {"apart": apart, "moved": moved, "steps": read_note(model)["steps"]}


def _problems(kind: str, found: dict[str, object]) -> list[str]:
    compared: dict[str, dict[str, object]] = found["compared"]  # type: ignore[assignment]
    points = {name: own["points"] for name, own in compared.items()}
    held = {f"{name}: {own}": (own[1] > 0) != name.startswith(CONTROL) for name, own in points.items()}  # type: ignore[index]
    held |= {
        f"adapter and merged model agree and have moved: {own}": own["apart"] < 1e-2 < own["moved"]
        for own in found["adapters"]  # type: ignore[attr-defined]
    }
    return [f"{kind}: not as it should be: {text}" for text, holds in held.items() if not holds]


if __name__ == "__main__":
    sys.exit(main())
