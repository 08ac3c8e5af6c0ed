"""TRL's own trainer with our reward: the script of the docs runs, and what has no verdict teaches nothing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from etude.config import located
from etude.rewards import execution_reward, rows
from tests.conftest import ENVIRONMENT, ROOT
from tests.rewards.tasks import ByText

LAB = located("package:etude.lab/model")
GROUP, EASY = 8, "lab[train][0:8]"
SMALL = "max_steps=2, use_cpu=True, bf16=False, report_to='none'"
"""The size of the script is not the point, and a machine of a test has no GPU."""


@pytest.mark.slow
def test_the_script_of_the_docs_runs(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="the extra `rl` is not installed")
    script = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "rewards.md").read_text(), re.S | re.M)[0]
    assert len([line for line in script.splitlines() if line.strip()]) <= 20
    short, steps = re.subn(r"max_steps=\d+", SMALL, script)
    assert steps == 1
    shutil.copytree(LAB, tmp_path / "my-model")
    (tmp_path / "train.py").write_text(short)
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"rewards/execution_reward/mean", done.stdout + done.stderr)
    assert (tmp_path / "my-model-grpo" / "model.safetensors").exists()


@pytest.mark.slow
def test_what_has_no_verdict_has_no_advantage_in_an_unmodified_trainer(tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="the extra `rl` is not installed")
    import datasets

    reward = execution_reward(EASY, judge=ByText())
    trainer = trl.GRPOTrainer(
        model=LAB,
        reward_funcs=reward,
        args=trl.GRPOConfig(str(tmp_path), max_steps=2, num_generations=GROUP, max_completion_length=48,
                            per_device_train_batch_size=2 * GROUP, temperature=1.5, use_cpu=True, bf16=False,
                            report_to="none", save_strategy="no", disable_tqdm=True, logging_steps=1, seed=5),
        train_dataset=datasets.Dataset.from_list(rows(EASY)),
    )  # fmt: skip
    kept: list[tuple[list[float], list[float]]] = []
    trainer.log = _keeping(trainer, kept)
    trainer.train()
    reward.close()
    groups = [pair for rewards, advantages in kept for pair in _groups(rewards, advantages)]
    mixed = [pair for pair in groups if any(_none(item) for item in pair[0]) and len({*_decided(pair[0])}) > 1]
    assert mixed, "no group had both a pass, a failure and something undecided"
    for rewards, advantages in groups:
        assert advantages == pytest.approx(_expected(rewards), abs=1e-3)
    assert reward.tally["none"] == sum(_none(item) for rewards, _ in groups for item in rewards) > 0


def _keeping(trainer: Any, kept: list[tuple[list[float], list[float]]]) -> Any:
    """The trainer's own `log`, beside which its table of rewards and advantages is read."""
    log = trainer.log

    def also(*args: Any, **named: Any) -> None:
        if "loss" in args[0]:  # a step; the last line is of the whole training
            kept.append((list(trainer._logs["rewards"]["execution_reward"]), list(trainer._logs["advantages"])))
        log(*args, **named)

    return also


def _groups(rewards: list[float], advantages: list[float]) -> list[tuple[list[float], list[float]]]:
    return [(rewards[at : at + GROUP], advantages[at : at + GROUP]) for at in range(0, len(rewards), GROUP)]


def _none(value: float) -> bool:
    return value != value


def _decided(rewards: list[float]) -> list[float]:
    return [value for value in rewards if not _none(value)]


def _expected(rewards: list[float]) -> list[float]:
    """Group advantages over the decided members alone; 0 for the others."""
    import statistics

    decided = _decided(rewards)
    if len(decided) < 2:
        return [0.0] * len(rewards)
    mean, deviation = statistics.mean(decided), statistics.stdev(decided)
    return [0.0 if _none(value) else (value - mean) / (deviation + 1e-4) for value in rewards]
