"""`etude eval` runs to the end with any model folder, causal or encoder-decoder; more samples cost only the rest."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etude.cli import main
from etude.config import located
from tests.conftest import require

PUZZLE = "def sat(x: int):\n    return x > 3"

require("torch", reason="models need the train extra")


@pytest.fixture(scope="module", params=["qwen2", "t5"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random model with the lab's tokenizer, saved as an ordinary folder."""
    import torch
    import transformers

    folder = tmp_path_factory.mktemp(str(request.param))
    tokenizer = transformers.AutoTokenizer.from_pretrained(located("package:etude.lab/model"))
    torch.manual_seed(0)
    ends: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if request.param == "qwen2":
        body = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
        config = transformers.Qwen2Config(**ends, **body, num_key_value_heads=2, max_position_embeddings=1024)
        network = transformers.Qwen2ForCausalLM(config)
    else:
        config = transformers.T5Config(
            **ends,
            d_model=32,
            d_kv=8,
            d_ff=48,
            num_layers=2,
            num_heads=4,
            decoder_start_token_id=tokenizer.pad_token_id,
        )
        network = transformers.T5ForConditionalGeneration(config)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def evaluate(capsys: pytest.CaptureFixture[str], model: Path, tasks: str, out: Path, n: int) -> dict[str, Any]:
    flags = ["--max-tokens", "16", "--out", str(out), "--json", "--n", str(n), "--k", "1,5,10", "--unlock-test"]
    assert main(["eval", "--model", str(model), "--tasks", tasks, *flags]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def completions(out: Path) -> int:
    database = sqlite3.connect(out / "ledger.sqlite")
    count = int(database.execute("select count(*) from completions").fetchone()[0])
    database.close()
    return count


def test_a_random_model_is_measured_to_the_end(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    rows = [
        {"task_id": "prose", "prompt": "Return 1.", "entry_point": "f", "calls": [{"expected": 1}]},
        {"task_id": "code", "prompt": "def g(x):\n", "entry_point": "g", "assertions": ["assert g(2) == 2"]},
        {"task_id": "io", "prompt": "Print 1.", "stdio": [{"stdin": "", "stdout": "1\n"}]},
        {"task_id": "puzzle", "prompt": f"{PUZZLE}\n\n\ndef sol():", "puzzle": PUZZLE},
    ]  # fmt: skip
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tasks = f"jsonl:{tmp_path}/tasks.jsonl"
    found = evaluate(capsys, model, tasks, tmp_path / "out", 10)
    assert (found["tasks"], found["n"], found["unjudged"]) == (4, 10, 0)
    assert set(found["pass@k"]) == {"1", "5", "10"}
    for value in found["pass@k"].values():
        assert 0 <= value["low"] <= value["value"] <= value["high"] <= 1
    assert completions(tmp_path / "out") == 40

    more = evaluate(capsys, model, tasks, tmp_path / "out", 12)
    assert more["n"] == 12
    assert completions(tmp_path / "out") == 48, "raising n from 10 to 12 draws two more samples per task"


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file", "cut"), [("humaneval", "humaneval/HumanEval.jsonl.gz", ""), ("mbpp", "mbpp/mbpp.jsonl", "[test]")]
)
def test_the_published_sets_are_measured_to_the_end(
    capsys: pytest.CaptureFixture[str],
    model: Path,
    data: Callable[[str], Path],
    tmp_path: Path,
    name: str,
    file: str,
    cut: str,
) -> None:
    found = evaluate(capsys, model, f"{name}:{data(file)}{cut}[0:12]", tmp_path / "out", 10)
    assert (found["tasks"], found["unjudged"]) == (12, 0)
    assert set(found["pass@k"]) == {"1", "5", "10"}


def test_the_lab_model_solves_some_lab_tasks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The shipped folder goes the same way as any other, and is weak, not ignorant."""
    flags = ["--n", "5", "--k", "1", "--max-tokens", "64", "--out", str(tmp_path / "out"), "--json"]
    assert main(["eval", "--model", "package:etude.lab/model", "--tasks", "lab[validation][0:40]", *flags]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0.02 < found["pass@k"]["1"]["value"] < 0.8
