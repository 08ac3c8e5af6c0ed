import json
import os
import subprocess
import sys

import pytest

from etude.errors import InputError
from etude.sources.hub import Hub
from etude.sources.humaneval import HumanEval
from etude.sources.mbpp import Mbpp
from tests.conftest import require

require("huggingface_hub")

READ = """
import json, sys
from etude.errors import EtudeError
from etude.sources.hub import Hub
from etude.sources.humaneval import HumanEval
from etude.sources.mbpp import Mbpp
try:
    print(json.dumps([task.task_id for task in eval(sys.argv[1]).propose(None)]))
except EtudeError as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


def row(number):
    return {"task_id": f"t{number}", "question": f"Say {number}.", "entry_point": "f", "assertions": ["assert f()"]}


def downloaded(home, repository, files):
    """The cache that a download of a data set leaves behind."""
    folder = home / "hub" / f"datasets--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / "abc123"
    for name, rows in files.items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_text("".join(json.dumps(item) + "\n" for item in rows))
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc123")


def offline(home, expression):
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    environment.pop("HF_HUB_CACHE", None)
    done = subprocess.run([sys.executable, "-c", READ, expression], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "expression", ["Hub(path='some/set')", "HumanEval()", "Mbpp()", "Mbpp(variant='sanitized', split='train')"]
)
def test_without_a_network_the_user_is_told_to_give_a_path(tmp_path, expression):
    kind, message = offline(tmp_path, expression)
    assert kind == "MissingError"
    assert "the Hugging Face hub cannot be reached" in message
    assert "give a local file or folder instead" in message


def test_files_already_downloaded_need_no_network(tmp_path):
    files = {
        "data/train.jsonl": [row(0), row(1)],
        "data/test-00000-of-00001.jsonl": [row(2)],
        "dataset_infos.json": [{}],
        "README.md": [],
    }
    downloaded(tmp_path, "some/set", files)
    mapped = "mapping={'prompt': 'question'}"
    assert offline(tmp_path, f"Hub(path='some/set', split='train', {mapped})") == ["t0", "t1"]
    assert offline(tmp_path, f"Hub(path='some/set', split='test', {mapped})") == ["t2"]
    kind, message = offline(tmp_path, f"Hub(path='some/set', {mapped})")
    assert kind == "InputError"
    assert "has 2 splits" in message
    assert "test, train" in message
    kind, message = offline(tmp_path, f"Hub(path='some/set', split='tets', {mapped})")
    assert "no split 'tets'\n  choices:  test, train" in message


def test_rows_of_the_hub_are_checked_like_those_of_a_file(tmp_path):
    downloaded(tmp_path, "some/set", {"tasks.jsonl": [row(0), {**row(1), "assertions": []}, row(0)]})
    kind, message = offline(tmp_path, "Hub(path='some/set', mapping={'prompt': 'question'})")
    assert kind == "InputError"
    assert "line 2: assertions is an empty list" in message
    assert "line 3: task_id 't0' is already that of" in message
    kept = offline(tmp_path, "Hub(path='some/set', mapping={'prompt': 'question'}, skip_invalid=True)")
    assert kept == ["t0"]
    kind, message = offline(tmp_path, "Hub(path='some/set', mapping={'prompt': 'text'})")
    assert "has no 'text'\n  choices:  task_id, question, entry_point, assertions" in message


def test_a_benchmark_without_a_path_comes_from_its_repository(tmp_path):
    rows = [
        {"task_id": number, "text": "Say.", "code": "def f(): return 1", "test_list": ["assert f() == 1"]}
        for number in (10, 11, 12)
    ]
    downloaded(tmp_path, "google-research-datasets/mbpp", {"full/all.parquet": rows})  # told apart by content
    assert offline(tmp_path, "Mbpp(split='test')") == ["mbpp/11", "mbpp/12"]


def test_a_name_that_is_no_repository_is_refused():
    for path in ("", "name", "a/b/c"):
        with pytest.raises(InputError, match="no data set of the hub"):
            list(Hub(path=path).propose(None))


def test_a_benchmark_asks_the_hub_only_when_no_path_is_given(tmp_path):
    with pytest.raises(InputError, match="there is no"):
        list(HumanEval(path=str(tmp_path / "HumanEval.jsonl")).propose(None))
    with pytest.raises(InputError, match="holds none of the files"):
        list(Mbpp(path=str(tmp_path)).propose(None))
