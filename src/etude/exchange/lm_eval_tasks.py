"""Tasks for lm-eval: a YAML file and the functions that it names, with our judge where lm-eval runs programs bare.

`lm_eval --include_path FOLDER --tasks NAME` runs it, without `--confirm_run_unsafe_code`. All replies are judged
together, in lm-eval's filter; its documents hold prompt and id only. Raise `repeats` for more samples of a task:
`pass@1` is then the mean over them. Replies without a verdict are in no `pass@1`; `no_verdict` is their share.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from etude.exchange.task_file import TaskFile
from etude.exchange.task_folder import Files, write_task_folder
from etude.models.prompts import stops_for
from etude.records import Json
from etude.tasks import Task

YAML = """task: {name}
custom_dataset: !function {name}_judge.documents
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{task_id}}}}"
num_fewshot: 0
repeats: 1
generation_kwargs:
  until: {until}
  max_gen_toks: 512
  do_sample: false
filter_list:
  - name: judged
    filter:
      - function: custom
        filter_fn: !function {name}_judge.judged
process_results: !function {name}_judge.counted
metric_list:
  - metric: pass@1
    aggregation: mean
    higher_is_better: true
  - metric: no_verdict
    aggregation: mean
    higher_is_better: false
metadata:
  version: 1.0
"""
MODULE = '''"""What {name}.yaml calls: the documents, and Étude's judge."""

from pathlib import Path

from etude.exchange.lm_eval_tasks import Judge

judge = Judge(Path(__file__).parent)


def documents(**options):
    return judge.documents()


def judged(resps, docs):
    return judge.judged(resps, docs)


def counted(doc, results):
    return judge.counted(results)
'''
USE = "pip install lm-eval\nlm_eval --model hf --model_args pretrained=MODEL --include_path {folder} --tasks {name}"
PASSED, FAILED, NONE = "passed", "failed", "no verdict"


def write_lm_eval(tasks: Sequence[Task], target: Path) -> dict[str, Json]:
    """Writes the folder: `NAME.yaml`, `NAME_judge.py`, `tasks.jsonl`, `README.md`.

    Raises:
        InputError: No task can be written, or the target is somebody else's folder.
    """
    stops = list(dict.fromkeys(stops_for(task.view()) for task in tasks))
    # Stop strings are for the whole set; those of another kind of task would cut right programs short.
    until = stops[0] if len(stops) == 1 else ("\n```\n",)

    def files(name: str) -> Files:
        return {
            f"{name}.yaml": YAML.format(name=name, until=json.dumps(list(until))),
            f"{name}_judge.py": MODULE.format(name=name),
        }

    return write_task_folder(tasks, target, inside=".", files=files, use=USE)


class Judge:
    """What the functions of one task folder do. They are functions there: lm-eval copies what a task is made of, and a
    method would be copied with its sandbox.

    Args:
        path: The folder.
        workers: Programs run at once.

    Raises:
        InputError: The folder holds no tasks.
    """

    def __init__(self, path: str | Path, workers: int = 2) -> None:
        self._file = TaskFile(path, workers=workers)

    def documents(self) -> dict[str, Any]:
        """The one split of the task: prompts and ids."""
        from datasets import Dataset

        rows = [{"task_id": view.task_id, "prompt": self._file.text(view.task_id)} for view in self._file.views]
        return {"test": Dataset.from_list(rows)}

    def judged(self, resps: Sequence[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """The filter: for every reply of every document, `passed`, `failed` or `no verdict`."""
        names = [str(doc["task_id"]) for doc, own in zip(docs, resps, strict=True) for _ in own]
        verdicts = iter(self._file.judge(names, [reply for own in resps for reply in own]))
        words = {True: PASSED, False: FAILED, None: NONE}
        return [[words[next(verdicts).passed] for _ in own] for own in resps]

    @staticmethod
    def counted(results: Sequence[Sequence[str]]) -> dict[str, float]:
        """`process_results`: the share that passed of what was judged, and the share that was not."""
        [said] = results
        known = [word == PASSED for word in said if word != NONE]
        share = {"pass@1": sum(known) / len(known)} if known else {}
        return {**share, "no_verdict": 1 - len(known) / len(said)}
