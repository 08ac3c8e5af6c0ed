"""Tasks for other people's tools: what is written, that their tools read it, and that no verdict is never a fail."""

import importlib.util
import json
from pathlib import Path

import pytest

from etude.cli import main
from etude.exchange.lm_eval_tasks import Judge
from etude.exchange.task_file import NoVerdict, TaskFile, require_verdict
from etude.exchange.task_folder import name_of
from tests.exchange.worlds import BROKEN, HIDDEN, RIGHT, SOUND, WRONG, python, write_rows

FOLDERS = {
    "inspect": {"README.md", "tasks.jsonl", "some_tasks.py"},
    "lm-eval": {"README.md", "tasks.jsonl", "some_tasks.yaml", "some_tasks_judge.py"},
    "verifiers": {"README.md", "pyproject.toml", "some_tasks/__init__.py", "some_tasks/tasks.jsonl"},
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two tasks in every form; the folder of a form has its name."""
    folder = tmp_path_factory.mktemp("tasks")
    tasks = write_rows(folder / "tasks.jsonl", SOUND, BROKEN)
    for form in FOLDERS:
        target = folder / form / "some-tasks"
        assert main(["export", f"jsonl:{tasks}", "--what", "tasks", "--as", form, "--to", str(target)]) == 0
    return folder


@pytest.fixture(scope="module")
def judge(exported: Path) -> Judge:
    return Judge(exported / "lm-eval" / "some-tasks")


@pytest.mark.parametrize("form", list(FOLDERS))
def test_a_folder_holds_what_its_tool_wants(exported: Path, form: str) -> None:
    folder = exported / form / "some-tasks"
    files = {str(item.relative_to(folder)) for item in folder.rglob("*") if item.is_file()}
    assert files == FOLDERS[form] | {".etude-export"}
    readme = (folder / "README.md").read_text()
    assert "hidden tests" in readme
    assert "MIT (1 tasks), unknown (1 tasks)" in readme
    for name in files - {"tasks.jsonl", "some_tasks/tasks.jsonl"}:
        assert str(HIDDEN) not in (folder / name).read_text()
        assert str(exported) not in (folder / name).read_text(), "a folder that may be moved"


def test_what_is_asked_holds_no_hidden_test(exported: Path) -> None:
    file = TaskFile(exported / "inspect" / "some-tasks")
    for view in file.views:
        assert str(HIDDEN) not in file.message(view.task_id) + file.text(view.task_id)
    assert "2" in file.message("twice"), "the shown test is in it"


def test_a_judged_file_has_three_answers(exported: Path) -> None:
    file = TaskFile(exported / "inspect" / "some-tasks")
    verdicts = file.judge(["twice", "twice", "nobody-knows"], [RIGHT, WRONG, RIGHT])
    assert [item.passed for item in verdicts] == [True, False, None]
    assert [require_verdict(item) for item in verdicts[:2]] == [1.0, 0.0]
    with pytest.raises(NoVerdict, match="the tests do not run"):
        require_verdict(verdicts[2])


def test_lm_eval_gets_documents_words_and_shares(judge: Judge) -> None:
    pytest.importorskip("datasets")
    documents = judge.documents()["test"]
    assert documents.column_names == ["task_id", "prompt"]
    words = judge.judged([[RIGHT, WRONG], [RIGHT, RIGHT]], list(documents))
    assert words == [["passed", "failed"], ["no verdict", "no verdict"]]
    assert judge.counted([words[0]]) == {"pass@1": 0.5, "no_verdict": 0.0}
    assert judge.counted([words[1]]) == {"no_verdict": 1.0}, "in no pass@1"
    assert judge.counted([["passed", "no verdict"]]) == {"pass@1": 1.0, "no_verdict": 0.5}


def test_stop_strings_fit_the_tasks(tmp_path: Path) -> None:
    """Those of code that is continued would cut a program in a fence short."""
    code = {**SOUND, "task_id": "code", "prompt": 'def twice(x):\n    """x plus x."""\n'}
    for name, rows, has in (("prose", [SOUND], False), ("code", [code], True), ("both", [SOUND, code], False)):
        tasks = write_rows(tmp_path / f"{name}.jsonl", *rows)
        target = str(tmp_path / name)
        assert main(["export", f"jsonl:{tasks}", "--as", "lm-eval", "--to", target]) == 0
        assert ('"\\ndef "' in (tmp_path / name / f"{name}.yaml").read_text()) is has


def test_nemo_gym_rows_hold_every_test_and_no_prompt_holds_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    echo = {"task_id": "echo", "prompt": "Print the line twice.", "stdio": [{"stdin": "a\n", "stdout": f"{HIDDEN}\n"}]}
    tasks = write_rows(tmp_path / "t.jsonl", SOUND, BROKEN, echo)
    assert main(["export", f"jsonl:{tasks}", "--as", "nemo-gym", "--to", str(tmp_path / "gym.jsonl"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["left_out"] == ["nobody-knows: its tests are check, not stdio or calls"]
    rows = [json.loads(line) for line in (tmp_path / "gym.jsonl").read_text().splitlines()]
    tests = [row["verifier_metadata"]["unit_tests"] for row in rows]
    assert tests[0] == {"inputs": ["2", str(HIDDEN)], "outputs": ["4", str(2 * HIDDEN)], "fn_name": "twice"}
    assert tests[1] == {"inputs": ["a\n"], "outputs": [f"{HIDDEN}\n"], "fn_name": None}
    for row in rows:
        assert str(HIDDEN) not in json.dumps(row["responses_create_params"])
        assert row["agent_ref"]["type"] == "responses_api_agents"
    assert [row["licence"] for row in rows] == ["MIT", "unknown"]
    assert main(["export", f"jsonl:{write_rows(tmp_path / 'b.jsonl', BROKEN)}", "--as", "nemo-gym", "--to",
                 str(tmp_path / "none.jsonl")]) == 2  # fmt: skip
    assert not (tmp_path / "none.jsonl").exists()


def test_a_test_split_stays_locked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["export", "lab[test][0:2]", "--to", str(tmp_path / "t.jsonl")]
    assert main(asked) == 2
    assert "it is locked" in capsys.readouterr().err
    assert not (tmp_path / "t.jsonl").exists()
    assert main([*asked, "--unlock-test"]) == 0


@pytest.mark.parametrize(("name", "module"), [("Lab-2 tasks", "lab_2_tasks"), ("aufgaben", "aufgaben")])
def test_a_folder_s_name_is_a_module_s(name: str, module: str) -> None:
    assert name_of(Path("there") / name) == module


@pytest.mark.parametrize("name", ["2024", "class", "---"])
def test_a_folder_that_can_name_no_module_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "there" / name
    tasks = write_rows(tmp_path / "t.jsonl", SOUND)
    assert main(["export", f"jsonl:{tasks}", "--as", "inspect", "--to", str(target)]) == 2
    assert "cannot name a task" in capsys.readouterr().err
    assert not target.exists()


INSPECT = """
import json
from inspect_ai import eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model

replies = json.load(open("replies.json"))

def answer(messages, tools, choice, config):
    output = ModelOutput.from_content("mockllm/model", replies.pop(0))
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output

[log] = eval("some-tasks/some_tasks.py", model=get_model("mockllm/model", custom_outputs=answer), epochs=EPOCHS,
             max_connections=1, max_samples=1, display="none", log_dir="logs")
assert log.status == "success", log.error
[score] = log.results.scores
samples = sorted((s.id, s.epoch, str(s.scores["etude"].value)) for s in log.samples)
print(json.dumps({"accuracy": score.metrics["accuracy"].value, "samples": samples, "log": log.model_dump_json()}))
"""


@pytest.mark.slow
def test_inspect_ai_runs_the_task_and_leaves_out_what_has_no_verdict(exported: Path) -> None:
    if importlib.util.find_spec("inspect_ai") is None:
        pytest.skip("inspect_ai is not installed: pip install 'etude[inspect]'")
    (exported / "inspect" / "replies.json").write_text(json.dumps([RIGHT, RIGHT]))
    said = json.loads(python(INSPECT.replace("EPOCHS", "1"), exported / "inspect").splitlines()[-1])
    assert said["samples"] == [["nobody-knows", 1, "nan"], ["twice", 1, "C"]]
    assert said["accuracy"] == 1.0, "over the one that was judged"
    assert str(HIDDEN) not in said["log"]


VERIFIERS = """
import asyncio, json, sys
sys.path.insert(0, "some-tasks")
import verifiers.v1 as vf
from verifiers.v1.utils.generic import concrete_type
from verifiers.v1.utils.loaders import load_taskset, taskset_class

config = concrete_type(taskset_class("some-tasks"), vf.TasksetConfig, origin=vf.Taskset)
tasks = {task.key: task for task in load_taskset(config(id="some-tasks"))}
said = []
for name, reply in json.load(open("replies.json")):
    trace = vf.Trace.model_construct(nodes=[], calls=[], rewards={}, metrics={}, info={}, root_reply=reply)
    try:
        asyncio.run(tasks[name].score(trace))
        said.append(trace.reward)
    except vf.TaskError as error:
        said.append([trace.rewards["passed"], str(error).splitlines()[0]])
data = [task.data.model_dump() for task in tasks.values()]
print(json.dumps({"said": said, "data": data}))
"""


@pytest.mark.slow
def test_verifiers_loads_the_task_set_and_an_unjudged_program_is_an_error(exported: Path) -> None:
    if importlib.util.find_spec("verifiers") is None:
        pytest.skip("verifiers is not installed: pip install 'etude[verifiers]'")
    asked = [("twice", RIGHT), ("twice", WRONG), ("nobody-knows", RIGHT)]
    (exported / "verifiers" / "replies.json").write_text(json.dumps(asked))
    said = json.loads(python(VERIFIERS, exported / "verifiers").splitlines()[-1])
    assert said["said"][:2] == [1.0, 0.0]
    assert said["said"][2][0] is None
    assert "no verdict" in said["said"][2][1]
    assert str(HIDDEN) not in json.dumps(said["data"])


LM_EVAL = """
import json
import lm_eval
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

class Scripted(LM):
    def generate_until(self, requests):
        return [REPLY for _ in requests]

    def loglikelihood(self, requests):
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood

found = lm_eval.simple_evaluate(model=Scripted(), tasks=["some_tasks"], log_samples=True, bootstrap_iters=0,
                                task_manager=TaskManager(include_path="some-tasks", include_defaults=False))
with open("samples.jsonl", "w") as file:
    for row in found["samples"]["some_tasks"]:
        file.write(json.dumps(row, default=str) + "\\n")
print(json.dumps({key: value for key, value in found["results"]["some_tasks"].items() if ",judged" in key}))
"""


@pytest.mark.slow
def test_lm_eval_runs_the_task_and_its_log_is_judged_again(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if importlib.util.find_spec("lm_eval") is None:
        pytest.skip("lm_eval is not installed: pip install 'etude[lm-eval]'")
    folder = exported / "lm-eval"
    said = json.loads(python(LM_EVAL.replace("REPLY", repr(RIGHT)), folder).splitlines()[-1])
    assert said["pass@1,judged"] == 1.0, "over the one that was judged"
    assert said["no_verdict,judged"] == 0.5
    assert str(HIDDEN) not in (folder / "samples.jsonl").read_text()
    capsys.readouterr()
    tasks = f"jsonl:{folder}/some-tasks/tasks.jsonl"
    assert main(["judge", str(folder / "samples.jsonl"), "--tasks", tasks, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["samples"], again["passed"], again["unjudged"], again["pass@1"]) == (2, 1, 1, 1.0)
