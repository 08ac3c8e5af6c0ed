"""Reinforcement learning on verdicts, for real: TRL's trainer, a tiny network, programs run in the sandbox."""

import dataclasses
import json
import statistics
from pathlib import Path

import pytest

from etude.errors import InputError, RecipeError
from etude.judges.auto import Auto
from etude.learners.checkpoints import beside
from etude.learners.grpo import ROLLOUTS, Grpo
from etude.learners.sampling import Sampler
from etude.learners.scoring import Scorer
from etude.models.folders import hash_folder
from etude.models.loading import load
from etude.protocols import State
from etude.records import Agent, Example
from etude.sandbox import Sandbox
from etude.sources.lab import Lab
from tests.conftest import require

require("trl", reason="needs etude[rl]")

LAB = Path(__file__).parents[2] / "src" / "etude" / "lab" / "model"
QUICK = {"device": "cpu", "max_tokens": 12, "group": 4, "tasks_per_step": 4, "batch_size": 8, "steps": 2}
VERDICTS = [1.0, 0.0, None, 1.0] + [0.0] * 4 + [None, 1.0, None, None] + [0.0, 0.0, 1.0, 0.0]


def note_of(agent):
    return json.loads((Path(agent.model) / "etude.json").read_text())


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def world(jail, tmp_path):
    """A round of the lab's easiest tasks."""

    def make(name="round", model=LAB, tasks=8, **more):
        base = Agent(model=str(model), fingerprint=hash_folder(Path(model)))
        easy = tuple(task for task in Lab().propose(None) if task.facts.difficulty == "1")[:tasks]
        judge = Auto(cpu_seconds=1.0, wall_seconds=5.0)
        return State(
            **{"round": 0, "seed": 0, "folder": tmp_path / name, "base": base, "agent": base, "tasks": easy,
               "sandbox": jail, "judge": judge, **more}
        )  # fmt: skip

    return make


def trainer_for(llama, folder, verdicts, **settings):
    """A trainer whose rewards are given, with its network as it was before."""
    import datasets

    from etude.learners.grpo_trainer import trainer_class

    learner = Grpo(**{**QUICK, "steps": 1, "learning_rate": 1.0, **settings})
    loaded = load(llama, "cpu", "float32")
    before = {name: item.detach().clone() for name, item in loaded.network.named_parameters()}
    rest = iter(verdicts)
    rows = [
        {"prompt": f"# {name}\ndef f(xs):", "task_id": name, "stop": []} for name in ("one", "two", "three", "four")
    ]
    trainer = trainer_class()(
        scorer=Scorer(judge=lambda ids, texts: [next(rest) for _ in texts]),
        rollouts=folder / "rollouts.jsonl",
        sampler=Sampler(loaded, 4, learner._sampling()),
        sample_rows=8,
        model=loaded.network,
        args=learner._config(loaded, beside(folder / "model", "key", 0), 8, 4, 0),
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=loaded.tokenizer,
    )
    return trainer, before


def by_hand(network, rows, advantages, loss):
    """The gradient of the method's objective on rows (prompt ids, completion ids), where nothing has moved yet."""
    import torch

    network.zero_grad()
    total, tokens = 0.0, sum(len(completion) for _, completion in rows)
    for (prompt, completion), advantage in zip(rows, advantages, strict=True):
        logits = network(input_ids=torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
        taken = logits.log_softmax(-1)[range(len(completion)), completion]
        total = total - advantage * (taken.sum() / tokens if loss == "dapo" else taken.mean() / len(rows))
    total.backward()
    return {name: item.grad.clone() for name, item in network.named_parameters()}


@pytest.mark.parametrize("loss", ["grpo", "dapo"])
def test_a_step_is_the_gradient_over_judged_programs_of_groups_that_differ(llama, tmp_path, loss):
    import torch

    # Plain steps of length 1 without clipping: what the weights moved by is the gradient itself.
    bare = {"optim": "sgd", "max_grad_norm": 1e9, "lr_scheduler_type": "constant"}
    trainer, before = trainer_for(llama, tmp_path, VERDICTS, loss=loss, more=bare)
    trainer.train()
    after = {name: item.detach().clone() for name, item in trainer.model.named_parameters()}
    batches = trainer._buffered_inputs
    signal = torch.cat([batch["signal"] for batch in batches])
    assert int(signal.sum()) == 3 + 4
    rows = []
    for batch in batches:
        for at in batch["signal"].nonzero()[:, 0].tolist():
            ids, mask = (
                {part: batch[f"{part}_{kind}"][at] for part in ("prompt", "completion")} for kind in ("ids", "mask")
            )
            rows.append(tuple(ids[part][mask[part].bool()].tolist() for part in ("prompt", "completion")))
    given = torch.cat([batch["advantages"][batch["signal"]] for batch in batches]).tolist()
    expected = [
        (reward - statistics.mean(group)) / (statistics.stdev(group) + 1e-4)
        for group in ([1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0])
        for reward in group
    ]
    assert sorted(given) == pytest.approx(sorted(expected), abs=1e-4)
    network = load(llama, "cpu", "float32").network
    gradient = by_hand(network, rows, given, loss)
    for name, item in gradient.items():
        assert (before[name] - after[name] - item).abs().max() < 2e-5, name


def test_a_step_in_which_nothing_teaches_moves_nothing(llama, tmp_path):
    trainer, before = trainer_for(llama, tmp_path, [1.0] * 4 + [0.0] * 8 + [None] * 4, weight_decay=0.1)
    trainer.train()
    assert all(bool((item == before[name]).all()) for name, item in trainer.model.named_parameters())
    assert trainer.tally.facts()["groups"] == {"solved": 1, "failed": 2, "mixed": 0, "empty": 1}


def test_the_same_seed_gives_the_same_folder_and_is_not_trained_twice(world):
    state = world(tasks=4)
    first = Grpo(**QUICK, learning_rate=1e-3).learn(state.agent, (), state)
    made = (Path(first.model) / "etude.json").stat().st_mtime_ns
    assert Grpo(**QUICK, learning_rate=1e-3).learn(state.agent, (), state) == first
    assert (Path(first.model) / "etude.json").stat().st_mtime_ns == made
    other = world("other", tasks=4)
    again = Grpo(**QUICK, learning_rate=1e-3, ahead=False, sample_rows=8).learn(other.agent, (), other)
    assert again.parent == first.parent == state.base.fingerprint
    rows = [json.loads(line) for line in (state.folder / ROLLOUTS).read_text().splitlines()]
    assert len(rows) == 2 * 16 == note_of(first)["completions"]
    assert {row["task_id"] for row in rows} == {task.task_id for task in state.tasks}
    assert not list(state.folder.glob("*.partial"))


def test_adapters_are_kept_for_plain_peft_and_merged_for_everybody_else(world):
    import peft
    import torch
    import transformers

    state = world(tasks=4)
    agent = Grpo(**QUICK, learning_rate=1e-2, lora=4, adapter=True, beta=0.01).learn(state.agent, (), state)
    base = transformers.AutoModelForCausalLM.from_pretrained(LAB)
    ids = torch.tensor([[5, 9, 40, 7]])
    plain = base(ids).logits.detach()
    beside = peft.PeftModel.from_pretrained(base, Path(agent.model) / "adapter")(ids).logits.detach()
    merged = transformers.AutoModelForCausalLM.from_pretrained(agent.model)(ids).logits.detach()
    assert (beside - merged).abs().max() < 1e-3
    assert note_of(agent)["groups"]["mixed"] == 0 or (beside - plain).abs().max() > 1e-4


@dataclasses.dataclass(frozen=True)
class Leaky:
    """A guard that finds that every row of one task solves an exam task."""

    task_id: str

    def look(self, rows, *, puzzles=False, watch=None):
        found = [at for at, row in enumerate(rows) if row.task_id == self.task_id]
        return type("Found", (), {"leaks": [type("Leak", (), {"place": at}) for at in found]})


def test_a_passing_program_that_solves_the_exam_earns_nothing(world):
    tasks = world().tasks[:2]
    scorer = Scorer(
        judge=lambda ids, texts: [1.0, 1.0, 0.0, 1.0],
        guard=Leaky(tasks[0].task_id),
        views={task.task_id: task.view() for task in tasks},
    )
    names = [tasks[0].task_id, tasks[1].task_id, tasks[0].task_id, tasks[0].task_id]
    scorer.submit(names, ["\n    return xs"] * 4)
    assert scorer.collect() == [None, 1.0, 0.0, None]
    assert scorer.leaks == 2
    scorer.close()


def test_what_it_cannot_do_is_said(world, t5):
    with pytest.raises(InputError, match="no tasks"):
        Grpo(**QUICK).learn(world().agent, (), dataclasses.replace(world(), tasks=()))
    with pytest.raises(RecipeError, match=r"grpo\.group"):
        Grpo(group=1)
    with pytest.raises(RecipeError, match="no adapter is trained"):
        Grpo(adapter=True)
    state = world(model=t5)
    with pytest.raises(RecipeError, match="encoder-decoder"):
        Grpo(**QUICK).learn(state.agent, (), state)
    with pytest.raises(RecipeError, match="epsilom"):
        Grpo(**QUICK, more={"epsilom": 1}).learn(world().agent, (), world())


def test_rows_are_not_looked_at(world):
    state = world(tasks=4)
    row = Example(prompt="", target="", program="", task_id="x", kind="text")
    quick = {**QUICK, "steps": 1}
    assert Grpo(**quick).learn(state.agent, (row,), state) == Grpo(**quick).learn(state.agent, (), state)


@pytest.mark.slow
def test_the_reward_rises_where_it_is_the_verdict(world):
    """A small form of proofs/grpo.py: some easy tasks, few steps; the mean of the last rewards beats the first."""
    state = world(tasks=6)
    quick = {**QUICK, "max_tokens": 40, "group": 8, "tasks_per_step": 6, "batch_size": 48, "steps": 12}
    rewards = note_of(Grpo(**quick, learning_rate=1e-3).learn(state.agent, (), state))["rewards"]
    assert statistics.mean(rewards[-3:]) > statistics.mean(rewards[:3]) + 0.1, rewards
