"""The export of a lab run is read by `datasets`, `transformers` and `peft` alone, where Étude cannot be imported."""

import json
from pathlib import Path

import pytest

from etude.arms import run_arm
from etude.cli import main
from etude.config import load
from etude.progress import ignore
from tests.conftest import require
from tests.exchange.worlds import python, texts_in

require("torch", "datasets")

SMALL = {
    "rounds": "1",
    "tasks": "4",
    "solver.samples": "3",
    "suite.n": "2",
    "suite.k": "[1]",
    "suite.limit": "2",
    "learner.steps": "2",
    "learner.lora": "4",
    "learner.adapter": "true",
    "arms": "{}",
}
ALONE = """
import sys

class Refuse:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "etude":
            raise ModuleNotFoundError("Étude is not here")

sys.meta_path.insert(0, Refuse())
try:
    import etude
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("Étude can be imported")
"""
READ = """
import json
import datasets, peft, torch, transformers

torch.set_num_threads(1)
rows = datasets.load_dataset("rows", split="train", cache_dir=CACHE)
tokenizer = transformers.AutoTokenizer.from_pretrained("model")
model = transformers.AutoModelForCausalLM.from_pretrained("model").eval()
base = transformers.AutoModelForCausalLM.from_pretrained(BASE).eval()
ids = tokenizer(rows[0]["prompt"], return_tensors="pt").input_ids
with torch.no_grad():
    before, whole = base(ids).logits, model(ids).logits
    put_on = peft.PeftModel.from_pretrained(base, "model/adapter").eval()(ids).logits
    written = tokenizer.decode(model.generate(ids, max_new_tokens=8, do_sample=False)[0])
attempts = datasets.load_dataset("parquet", data_files="attempts.parquet", split="train", cache_dir=CACHE)
print(json.dumps({
    "rows": rows.num_rows, "columns": rows.column_names, "attempts": attempts.num_rows,
    "moved": float((whole - before).abs().max()), "apart": float((whole - put_on).abs().max()), "written": written,
    "etude": [name for name in __import__("sys").modules if name.partition(".")[0] == "etude"],
}))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    run_arm(load("lab", SMALL), folder / "run", "main", ignore)
    for what, name in (("rows", "rows"), ("model", "model"), ("attempts", "attempts.parquet")):
        assert main(["export", str(folder / "run"), "--what", what, "--to", str(folder / "out" / name)]) == 0
    return folder / "out"


@pytest.mark.slow
def test_the_export_of_a_lab_run_needs_no_etude(exported: Path, tmp_path: Path) -> None:
    from importlib import resources

    base = str(resources.files("etude.lab") / "model")
    code = ALONE + READ.replace("BASE", repr(base)).replace("CACHE", repr(str(tmp_path)))
    said = json.loads(python(code, exported, PYTHONPATH="").splitlines()[-1])
    assert said["etude"] == []
    assert said["rows"] > 0
    assert {"prompt", "target", "task_id", "attempt", "verdict", "licence"} <= set(said["columns"])
    assert said["attempts"] == 12
    assert said["moved"] > 0, "the model is not its base"
    assert said["apart"] < 1e-4, "the adapter on the base is the model"
    assert said["written"]


@pytest.mark.slow
def test_a_model_card_says_where_it_comes_from_and_what_it_gained(exported: Path) -> None:
    card = (exported / "model" / "README.md").read_text()
    note = json.loads((exported / "model" / "etude.json").read_text())
    assert f"| hash of the rows | {note['rows']} |" in card
    assert "| task set | lab[train] |" in card
    assert "Apache-2.0" in card
    assert 'license: "apache-2.0"' in card, "what the base model's own card says"
    assert "| main, round 1 | base |" in card
    assert "95 % intervals" in card
    assert "protocol " in card
    assert "the low-rank adapter that was trained lies in `adapter`" in card
    [config] = (exported / "model").rglob("adapter_config.json")
    assert json.loads(config.read_text())["base_model_name_or_path"] == "package:etude.lab/model"


@pytest.mark.slow
def test_no_text_of_the_export_names_a_place_on_this_machine(exported: Path) -> None:
    from importlib import resources

    places = (str(exported.parent), str(Path(str(resources.files("etude"))).parent), str(Path.home()) + "/")
    found = texts_in(exported)
    assert len(found) > 8
    assert not [(name, place) for name, text in found.items() for place in places if place in text]
