"""The defects that were found in the released code of Dr. Boot, one by one: ours does not have them.

Numbers are those of our list; A8 and A9 (simple mode, the oracle) stand in `test_drboot`, and A10 (padding) where
sampling is tested as well (`tests/models/test_decoding.py`).
"""

import json
import re
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from etude.arms import reports_of, run_whole
from etude.config import build, load
from etude.errors import RecipeError
from etude.judges.auto import Auto
from etude.judges.examine import Exam, examine
from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.progress import ignore
from etude.protocols import Budget
from etude.records import Agent, Call, Completion, Exchange, TaskView, Tests
from etude.sandbox import Sandbox
from etude.solvers.feedback import feedback
from etude.solvers.repair import Repair
from etude.sources.check import check_tasks
from etude.workbench import Bench
from tests.conftest import ROOT
from tests.judges.hostile import attempt_of, task_of
from tests.recipes.drboot_world import recipe

ADD = Tests(assertions=("assert add(1, 2) == 3", "assert add(5, 5) == 10"))
RIGHT = "def add(a, b):\n    return a + b\n"


@pytest.fixture(scope="module")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def passed(jail: Sandbox, program: str, tests: Tests = ADD, entry_point: str = "add") -> bool | None:
    [verdict] = Auto().judge(task_of(tests, entry_point), [attempt_of(program)], jail)
    return verdict.passed


@pytest.mark.parametrize("end", ["import sys\nsys.exit(0)", "import os\nos._exit(0)", "raise SystemExit", "exit(0)"])
def test_a1_leaving_with_exit_code_0_fails_and_stops_nothing(jail: Sandbox, end: str) -> None:
    inside = "\n    ".join(["def add(a, b):", *end.splitlines()])
    start = time.monotonic()
    assert passed(jail, f"{end}\n{RIGHT}") is False
    assert passed(jail, inside + "\n") is False
    assert passed(jail, RIGHT) is True
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "act",
    [
        "open('{0}', 'w').write('x')",
        "import os; os.mkdir('{0}')",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
    ],
)
def test_a2_a_program_reaches_neither_files_nor_network(jail: Sandbox, tmp_path: Path, act: str) -> None:
    place = tmp_path / "reached"
    tmp_path.chmod(0o777)
    assert passed(jail, f"{act.format(place)}\n{RIGHT}") is False
    assert not place.exists()


def test_a3_a_large_answer_is_a_verdict_and_not_a_deadlock(jail: Sandbox) -> None:
    start = time.monotonic()
    assert passed(jail, "def add(a, b):\n    return [0] * 30_000_000\n") is False
    assert passed(jail, "print('x' * 50_000_000)\n" + RIGHT) is not None
    assert time.monotonic() - start < 20


def test_a4_a_comprehension_at_module_level_sees_the_module_s_names(jail: Sandbox) -> None:
    program = "base = 1\ntable = [n * base for n in range(20)]\nhalf = {n: table[n] for n in range(20)}\n"
    assert passed(jail, program + "def add(a, b):\n    return half[a] + table[b]\n") is True


@pytest.mark.parametrize(
    ("test", "right"),
    [
        ("assert f('a == b') == 'a == b'", True),
        ("assert f(1 == 1) == True", True),
        ("assert f(3) == (3 == 3) or f(3) == 3", True),
        ("assert f(2) < 3 < 4", True),
        ("assert not f(0)", True),
        ("assert f(1) is True", False),
        ("assert 'b' in f(['a', 'b']), 'f(x) == y'", True),
        ("assert f([1]) == [1] and f([2]) == [3]", False),
    ],
)
def test_a5_assertions_are_read_as_python_not_as_text_around_two_signs(jail: Sandbox, test: str, right: bool) -> None:
    assert passed(jail, "def f(x):\n    return x\n", Tests(assertions=(test,)), "f") is right


def test_a6_order_and_repetition_matter(jail: Sandbox) -> None:
    calls = Tests(calls=(Call(args=(3,), expected=[1, 2, 2]),))
    lines = Tests(stdio=(Exchange(stdin="", stdout="1 2\n2 1\n"),))
    for wrong in ("[2, 1, 2]", "[1, 2]", "[1, 2, 2, 2]"):
        assert passed(jail, f"def f(x):\n    return {wrong}\n", calls, "f") is False
    assert passed(jail, "def f(x):\n    return [1, 2, 2]\n", calls, "f") is True
    for wrong in ("2 1\n1 2", "1 2\n1 2", "1 2"):
        assert passed(jail, f"print({wrong!r})\n", lines, "") is False
    assert passed(jail, "print('1 2')\nprint('2 1')\n", lines, "") is True


def test_a7_no_test_is_no_pass_and_no_test_is_dropped(jail: Sandbox) -> None:
    assert passed(jail, RIGHT, Tests()) is None
    tests = Tests(calls=tuple(Call(args=(n, 1), expected=n + 1) for n in range(6)))
    [outcome] = examine([Exam("def add(a, b):\n    return a + b if a != 3 else None\n", tests, "add")], jail)
    assert [result.passed for result in outcome.results] == [True, True, True, False, True, True]


@pytest.mark.parametrize("kind", ["causal", "encoder-decoder"])
def test_a10_padding_is_masked_and_changes_no_loss(kind: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="models need the train extra")
    transformers = pytest.importorskip("transformers", reason="models need the train extra")
    from etude.learners.loss import accepted, answer_loss
    from etude.learners.tokens import Row, collator

    torch.manual_seed(2)
    sizes = {"vocab_size": 40, "pad_token_id": 0, "eos_token_id": 0, "num_attention_heads": 2}  # as in the release
    if kind == "causal":
        body = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
        network = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, **body, bos_token_id=1))
    else:
        body = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "decoder_start_token_id": 0}
        network = transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes, **body))
    network.eval()
    masks = []
    network.register_forward_pre_hook(lambda _, __, given: masks.append(given["attention_mask"]), with_kwargs=True)
    rows = [Row([5, 6, 7], [8, 0], 1.0), Row(list(range(5, 35)), [9, 10, 11, 0], 1.0)]
    collate, accepts = collator(0, encoder_decoder=kind != "causal"), accepted(network)
    alone = [answer_loss(network, collate([row]), accepts).item() for row in rows]
    together = answer_loss(network, collate(rows), accepts).item()
    assert together == pytest.approx(sum(alone), rel=1e-4)
    own = [len(row.prompt) + (len(row.target) if kind == "causal" else 0) for row in rows]
    assert [mask.sum(-1).tolist() for mask in masks] == [[own[0]], [own[1]], own]


class Short(Scripted):
    """A model whose context holds so many words."""

    def fits(self, prompt: str, max_tokens: int) -> bool:
        return len(prompt.split()) + max_tokens <= 1200


def test_a11_a_question_of_ten_thousand_words_keeps_its_tests_and_its_answer_marker(
    jail: Sandbox, tmp_path: Path
) -> None:
    seen: list[Completion] = []
    ledger = Ledger(tmp_path)
    wrong = "def f(x):\n" + "".join(f"    x = x + {n}\n" for n in range(300)) + "    return x\n"
    bench = Bench(Short(default=f"{wrong}```"), jail, ledger, drawn=seen.append)
    view = TaskView(
        task_id="t", kind="instruct", prompt="Return what is given. " + "word " * 10_000 + "The last words.",
        entry_point="f", shown=Tests(calls=(Call(args=(1,), expected=1),)),
    )  # fmt: skip
    solver = Repair(samples=1, max_tokens=100, longest=100_000)
    list(solver.attempt([view], Agent(model="m", fingerprint="f"), bench, Budget(samples=None, seed=0, round=0)))
    ledger.close()
    first, repair = (completion.request.prompt for completion in seen)
    for prompt in (first, repair):
        assert len(prompt.split()) + 100 <= 1200
        assert prompt.endswith("```python")
        assert prompt.startswith("Return what is given.") or prompt is repair
        assert "assert f(1) == 1" in prompt
    assert "The last words." in first
    assert "f(1) returned 44851, expected 1" in repair


def test_a12_the_same_seed_gives_the_same_rows(tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        run_whole(recipe(folder), folder / "run", ignore)
        found.append(pyarrow.parquet.read_table(folder / "run/rounds/00/rows.parquet").to_pylist())
    assert found[0] == found[1]


def test_a13_a_setting_that_nobody_reads_is_an_error() -> None:
    found = load("drboot")
    rooms = {"solvers": (found.solver, found.examiner), "judges": (found.judge,), "suites": (found.suite,)}
    rooms |= {"curators": found.curators, "learners": (found.learner,), "models": (found.model,)}
    for room, parts in rooms.items():
        for part in parts:
            build(room, part)
            with pytest.raises(RecipeError, match="has no setting 'repair_attempts'"):
                build(room, part.model_copy(update={"repair_attempts": 3}))
    with pytest.raises(RecipeError, match="unknown key"):
        load("drboot", {"bootstrapping_steps": "9"})


def test_a14_what_was_drawn_and_decided_is_data_and_a_run_goes_on_from_it(tmp_path: Path) -> None:
    chosen = recipe(tmp_path)
    run_whole(chosen, tmp_path / "run", ignore)
    ledger = Ledger(tmp_path / "run")
    before = [*ledger.judged("train", 0), *ledger.judged("validation", 0), *ledger.judged("test", 0)]
    ledger.close()
    assert {verdict.passed for _, verdict in before} == {True, False}
    (tmp_path / "run/rounds/00/rows.parquet").unlink()
    run_whole(chosen, tmp_path / "run", ignore)  # that nothing is drawn twice stands in `tests/test_kill.py`
    assert (tmp_path / "run/rounds/00/rows.parquet").exists()
    ledger = Ledger(tmp_path / "run")
    assert [*ledger.judged("train", 0), *ledger.judged("validation", 0), *ledger.judged("test", 0)] == before
    ledger.close()


def test_a15_failures_are_counted_by_what_happened_not_by_words_in_a_prompt(tmp_path: Path) -> None:
    chosen = recipe(tmp_path, solver__level="none")
    run_whole(chosen, tmp_path / "run", ignore)
    base = reports_of(tmp_path / "run", chosen)["main"][0]
    assert base.statuses == {"passed": 2, "failed": 4, "error": 2}


def test_a16_what_is_installed_is_bound_to_no_platform() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    pinned = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"win32|vs20\d\d|nightly|cu1\d\d|pyext", " ".join(wanted) + pinned)


def test_a17_references_are_audited() -> None:
    view = TaskView(task_id="t", kind="instruct", prompt="p", entry_point="f")
    odd = replace(task_of(Tests(assertions=("assert f(1) == 1,2",)), "f"), facts=view, reference="def g(x): return 1\n")
    found = {problem.defect for problem in check_tasks([odd])}
    assert {"malformed assertion", "entry point missing"} <= found


@pytest.mark.parametrize(
    "act",
    [
        "import os\n    os.remove('/usr/bin/env')",
        "import subprocess\n    subprocess.run(['true'])",
        "import shutil\n    shutil.rmtree('/usr')",
        "import os\n    os.fork()",
    ],
)
def test_a18_destructive_calls_fail(jail: Sandbox, act: str) -> None:
    assert passed(jail, f"def add(a, b):\n    {act}\n    return a + b\n") is False
    assert Path("/usr/bin/env").exists()
    killing = "def add(a, b):\n    import os, signal\n    os.kill(os.getppid(), signal.SIGKILL)\n    return a + b\n"
    assert passed(jail, killing) is not None, "there is nobody to kill; the program may live or die of it"
    assert passed(jail, RIGHT) is True


def test_a19_an_exception_in_a_later_case_is_told_as_one(jail: Sandbox) -> None:
    tests = Tests(calls=(Call(args=(1,), expected=1), Call(args=(0,), expected=0)))
    [outcome] = examine([Exam("def f(x):\n    return x // x\n", tests, "f")], jail)
    said = feedback(outcome, "full")
    assert "f(0) raised ZeroDivisionError" in said
    assert "line 2, in f: return x // x" in said
    lines = Tests(stdio=(Exchange(stdin="1\n", stdout="1\n"), Exchange(stdin="a\n", stdout="a\n")))
    [outcome] = examine([Exam("print(int(input()))\n", lines, "")], jail)
    assert "ValueError" in feedback(outcome, "full")
    assert json.dumps(feedback(outcome, "full")) != '""'
