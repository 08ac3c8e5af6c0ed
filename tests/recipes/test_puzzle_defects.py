"""The defects of the released self-taught puzzles, one test each (B1 to B16): ours does not have them."""

import dataclasses
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etude.config import Part, build, built_in, load
from etude.curators.mix import Mix
from etude.errors import RecipeError
from etude.judges.puzzle import PuzzleJudge
from etude.ledger import Ledger
from etude.models.cache import Cached
from etude.models.prompts import load as template
from etude.models.scripted import Scripted
from etude.protocols import State
from etude.puzzles.diagnostics import PROPOSALS, read
from etude.puzzles.filters import text_fault
from etude.puzzles.proposing import Wording, requests, written
from etude.puzzles.screening import Screen
from etude.records import Agent, Completion, Example, Limits, Tests
from etude.sandbox import Sandbox
from etude.sources.p3 import P3
from etude.sources.proposed import Proposed
from etude.workbench import Bench
from tests.conftest import ENVIRONMENT, ROOT
from tests.judges.hostile import attempt_of, task_of

HEAD = "from typing import List\n\n\n"
NEVER = HEAD + "def sat(x: int):\n    return x != x\n"
SEVEN = HEAD + "def sat(x: int, n=3):\n    return x > n and x % 7 == 0\n"
JUDGE = PuzzleJudge(cpu_seconds=1.0, wall_seconds=5.0, memory_bytes=256 << 20)


@pytest.fixture(scope="module")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def bench(jail: Sandbox, tmp_path: Path) -> Iterator[Bench]:
    ledger = Ledger(tmp_path / "ledger")
    yield Bench(Scripted(default=""), jail, ledger, limits=Limits(cpu_seconds=2.0, wall_seconds=10.0))
    ledger.close()


def passes(puzzle: str, program: str, jail: Sandbox) -> bool | None:
    return JUDGE.judge(task_of(Tests(puzzle=puzzle), "sol"), [attempt_of(program)], jail)[0].passed


def screen(bench: Bench, *, rate: float = 1.0, released: bool = False) -> Screen:
    return Screen(
        bench=bench,
        given=(),
        guarded=(),
        earlier=(),
        trivial=None,
        trivial_reject_rate=rate,
        as_released=released,
        closest=1.0,
        probes=120,
        dice="0 0",
    )


def test_b1_nothing_is_needed_that_is_not_in_the_release(data: Callable[[str], Path], tmp_path: Path) -> None:
    """The puzzles and their split are all: prefix, train file and test file are made of them."""
    for name in ("puzzles.json.gz", "split.json"):
        (tmp_path / name).write_bytes(data(f"p3/{name}").read_bytes())
    assert len(list(P3(path=str(tmp_path), split="train").propose(None))) == 155
    assert len(list(P3(path=str(tmp_path), split="test").propose(None))) == 228
    recipe = load("self-taught-puzzles")
    for part in (recipe.source, recipe.solver, recipe.examiner):
        assert template(part.settings.get("template") or "propose.v1")


def test_b2_every_setting_exists_and_another_model_is_not_ignored(tmp_path: Path) -> None:
    recipe = load("self-taught-puzzles")
    known = inspect.signature(Proposed).parameters
    assert set(recipe.source.settings) <= set(known)
    with pytest.raises(RecipeError, match="no setting 'solver_model'"):
        build("sources", Part.of("etude.sources.proposed:Proposed", tasks="lab[train]", solver_model="x"))
    (tmp_path / "given.jsonl").write_text(
        json.dumps({"task_id": "a", "prompt": f"{SEVEN}\n\ndef sol(n=3):", "puzzle": SEVEN}) + "\n"
    )
    source = Proposed(
        tasks=f"jsonl:{tmp_path}/given.jsonl",
        held_out=(),
        proposals=1,
        proposer={"use": "scripted", "default": "x: int):\n    return x == 4321"},
    )
    with Sandbox(workers=1) as jail:
        ledger = Ledger(tmp_path / "ledger")
        agent = Agent(model="", fingerprint="")
        place = State(round=0, seed=0, folder=tmp_path / "rounds" / "00", base=agent, agent=agent)
        found = list(source.propose(_with(place, Bench(Scripted(default="junk"), jail, ledger))))
        ledger.close()
    assert [task.hidden.puzzle.strip().splitlines()[-1] for task in found] == ["    return x == 4321"]


def _with(state: State, bench: Bench) -> State:
    from dataclasses import replace

    return replace(state, bench=bench)


B3 = {
    "a split word reaches os": "def sol():\n    return eval('__imp' + 'ort__(\"os\")').getpid()",
    "swapped code": "def yes(*a): return True\ndef sat(x): return False\nsat.__code__ = yes.__code__\ndef sol():\n"
    "    import gc\n    for f in gc.get_objects():\n        if getattr(f, '__name__', '') == 'sat':\n"
    "            f.__code__ = yes.__code__\n    return 1",
    "a list that is none": "class L(list):\n    def __len__(self): return 9\n    def __eq__(self, o): return True\n"
    "def sol(): return L()",
}


@pytest.mark.parametrize("name", B3)
def test_b3_what_went_round_the_blacklist_solves_nothing(name: str, jail: Sandbox) -> None:
    assert passes(NEVER, B3[name], jail) is False
    assert passes(HEAD + "def sat(xs: List[int]):\n    return len(xs) == 9\n", B3[name], jail) is False


def test_b3_nan_is_no_answer(jail: Sandbox) -> None:
    assert passes("def sat(x: float):\n    return x != x\n", "def sol(): return float('nan')", jail) is False


def test_b4_honest_words_are_no_reason(jail: Sandbox) -> None:
    assert passes(SEVEN, "def reopen(x): return len('import __class') * 0 + 14\ndef sol(): return reopen(1)", jail)
    for body in ("x == len('import os; open(builtin')", "x > 5 and 'exec' not in str(x)"):
        assert text_fault(f"def sat(x: int):\n    return {body}") is None


def test_b5_no_default_argument_is_evaluated_in_this_process(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bombs = [
        "def sat(x: int, n=[0] * 10 ** 12):\n    return x in n",
        "def sat(x: int, n=[i for i in iter(int, 1)]):\n    return x in n",
        "def sat(x: int, n=1 // 0):\n    return x == n",
        "def sat(x: int, n=9 ** 9 ** 9):\n    return x == n",
    ]

    def refuse(*_: object) -> None:
        raise AssertionError("model-written text was evaluated here")

    monkeypatch.setattr("builtins.eval", refuse)
    monkeypatch.setattr("builtins.exec", refuse)
    kept, rejected = screen(bench).sifted(bombs)
    assert kept == []
    assert rejected == {"does not run": 4}


B6 = {
    "memory": "def sol():\n    x = [0] * 10 ** 10\n    return 14",
    "files": "def sol():\n    open('{place}', 'w').write('x')\n    return 14",
    "processes": "import os\ndef sol():\n    os.execv('/bin/sh', ['sh', '-c', 'touch {place}'])",
    "network": "import socket\ndef sol():\n    socket.create_connection(('127.0.0.1', {port}), 1)\n    return 14",
}


@pytest.mark.parametrize("name", B6)
def test_b6_memory_files_processes_and_network_are_out_of_reach(name: str, jail: Sandbox, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        program = B6[name].format(place=tmp_path / "mark", port=server.getsockname()[1])
        assert passes(SEVEN, program, jail) is False
    assert not (tmp_path / "mark").exists()
    assert passes(SEVEN, "def sol(): return 14", jail) is True


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read from /proc")
def test_b7_one_crew_serves_all_puzzles(jail: Sandbox) -> None:
    def children() -> set[str]:
        tasks = Path("/proc/self/task").iterdir()
        return {pid for task in tasks for pid in (task / "children").read_text().split()}

    passes(SEVEN, "def sol(): return 14", jail)
    before = children()
    for number in range(40):
        assert passes(SEVEN.replace("n=3", f"n={number}"), f"def sol(): return {7 * (number + 1)}", jail)
    assert before
    assert children() == before


def test_b8_the_lenient_share_is_asked_everything_but_trivial_answers(bench: Bench) -> None:
    proposals = [
        "def sat(x: int):\n    return x == 42",
        "def sat(x: bool):\n    return x is True",
        "def sat(x: int, n=5):\n    return n == 5",
    ]
    assert screen(bench).sifted(proposals)[1] == {"trivial": 1, "type": 1, "unused": 1}
    kept, rejected = screen(bench, rate=0.0).sifted(proposals)
    assert [number for number, _ in kept] == [0]
    assert rejected == {"type": 1, "unused": 1}
    kept, _ = screen(bench, rate=0.0, released=True).sifted(proposals)
    assert [number for number, _ in kept] == [0, 1, 2], "the release, reproduced by a flag"


def test_b8_the_share_is_about_what_it_says(bench: Bench) -> None:
    some = screen(bench, rate=0.95)
    spared = sum(some._spared(number) for number in range(4000))
    assert 140 < spared < 260


def test_b9_no_survivor_is_no_crash(bench: Bench) -> None:
    for proposals in ([], ["junk"], ["def sat(x: int):\n    return x == 4"]):
        kept, rejected = screen(bench).sifted(proposals)
        assert kept == []
        assert sum(rejected.values()) == len(proposals)


def test_b10_a_sample_ends_where_its_puzzle_ends() -> None:
    pytest.importorskip("torch", reason="the model wants the train extra")
    from etude.config import located
    from etude.models.huggingface import HuggingFace

    wording = Wording(openings=("def sat(x: int):",), shots=0, max_tokens=100)
    asked = requests(wording, 6, lambda number, dice: [], lambda prompt, room: True, 0, 0)
    found = list(HuggingFace(path=located("package:etude.lab/model"), device="cpu").generate(asked))
    assert all(item.finish == "stop" for item in found)
    assert max(item.completion_tokens for item in found) < 60


def _row(number: int) -> Example:
    return Example(prompt="def sat(", target=f"row {number}", program=f"row {number}", task_id=str(number), kind="text")


def test_b11_rows_are_drawn_by_seed_and_from_this_run_s_rounds_only(tmp_path: Path) -> None:
    rows, agent = [_row(number) for number in range(40)], Agent(model="", fingerprint="")

    def drawn(seed: int) -> list[str]:
        state = State(round=1, seed=seed, folder=tmp_path / "01", base=agent, agent=agent)
        return [row.task_id for row in Mix(limit=20).curate((), rows, state)]

    assert drawn(1) == drawn(1)
    assert set(drawn(1)) != set(drawn(2))
    for name in ("00", "05"):
        (tmp_path / "rounds" / name).mkdir(parents=True)
        (tmp_path / "rounds" / name / PROPOSALS).write_text(json.dumps({"list": [{"puzzle": name}]}))
    assert read(tmp_path, 1, PROPOSALS) == [{"puzzle": "00"}], "a stray folder of a later round is not merged"


def test_b12_settings_are_typed_and_no_version_is_compared_as_text() -> None:
    for key in ("sandbox.workers", "rounds"):
        with pytest.raises(RecipeError):
            load("self-taught-puzzles", {key: "(0, 1)"})
    project = (ROOT / "pyproject.toml").read_text()
    assert "deepspeed" not in project
    for file in (ROOT / "src" / "etude").rglob("*.py"):
        assert "__version__ <" not in file.read_text()
        assert "__version__ >" not in file.read_text()


def test_b13_what_is_drawn_is_on_disk_before_the_call_ends(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    model = Cached(Scripted(default="x: int):\n    return x == 1"), ledger)
    asked = requests(Wording(shots=0), 64, lambda number, dice: [], lambda prompt, room: True, 0, 0)
    stream = model.generate(asked)
    for _ in range(40):
        next(stream)
    stream.close()
    ledger.close()
    again = Ledger(tmp_path)
    second = Cached(Scripted(default="x: int):\n    return x == 1"), again)
    assert len(list(second.generate(asked))) == 64
    again.close()
    assert second.drawn <= 24, "at least 40 of 64 were kept"


RECURSIVE = "def sat(x: int):\n    return x == 3 if x < 5 else sat(x - 5)"


def test_b14_names_are_changed_everywhere_and_back() -> None:
    puzzles = [RECURSIVE, "def sat(s: str):\n    return s == 'sat'"]
    [request] = requests(Wording(), 1, lambda number, dice: puzzles, lambda prompt, room: True, 0, 0)
    assert request.prompt.endswith("\n\ndef f3(")
    assert "def f1(x: int):\n    return x == 3 if x < 5 else f1(x - 5)" in request.prompt
    assert "def f2(s: str):\n    return s == 'sat'" in request.prompt, "a word in a text is no call"
    text = "x: int):\n    return x == 3 if x < 5 else f3(x - 5)\n\nprint(f3(1))"
    assert written(Completion(request=request, text=text, prompt_tokens=0, completion_tokens=0)) == RECURSIVE


def test_b14_no_environment_variable_matters() -> None:
    code = (
        "from etude.puzzles.policies import Known, Uniform, drawn; from random import Random; "
        "known = [Known(task_id=str(n), puzzle=f'def sat(x: int): return x == {n}') for n in range(9)]; "
        "print([item.task_id for item in drawn(known, Uniform(), None, Random('a 0'))])"
    )
    said = set()
    for seed in ("", "1", "2"):
        environment = {**ENVIRONMENT, "PYTHONHASHSEED": seed}
        if not seed:
            environment.pop("PYTHONHASHSEED")
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        said.add(done.stdout)
    assert len(said) == 1


def test_b15_every_name_leads_somewhere(data: Callable[[str], Path]) -> None:
    data("p3/puzzles.json.gz")
    folder = str(data("p3/split.json").parent)
    known = {task.task_id for task in P3(path=folder).propose(None)}
    for split in ("train", "test"):
        assert {task.task_id for task in P3(path=folder, split=split).propose(None)} <= known
    for name, file in built_in().items():
        assert load(name).name == name, file


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("List[int]", "(1, 2)"),
        ("List[int]", "[True, 2]"),
        ("List[int]", "type('L', (list,), {})([1, 2])"),
        ("int", "True"),
        ("float", "1"),
    ],
)
def test_b16_there_is_one_rule_of_types(kind: str, answer: str, jail: Sandbox, bench: Bench) -> None:
    """The judge of training and evaluation and the workbench of solvers agree."""
    task = task_of(Tests(puzzle=f"{HEAD}def sat(x: {kind}):\n    return True\n"), "sol", Tests())
    program = f"def sol(): return {answer}"
    [verdict] = JUDGE.judge(task, [attempt_of(program)], jail)
    assert verdict.passed is False
    shown = task_of(task.hidden, "sol", task.hidden).view()
    [outcome] = bench.check([(shown, program)])
    assert outcome.status == "failed"


def test_a_puzzle_that_is_the_body_of_a_held_out_function_is_refused(bench: Bench) -> None:
    """Evaluation sets of functions are guarded by their references, by runs of words, whatever the names."""
    reference = "def passing(points):\n    total = points * 3\n    return total % 17 == 5 and total > 900\n"
    taken = "def sat(x: int):\n    y = x * 3\n    return y % 17 == 5 and y > 900"
    other = "def sat(x: int):\n    return str(x) == str(x)[::-1] and x > 1000"
    guarded = dataclasses.replace(screen(bench), programs=[reference], closest=0.9)
    kept, rejected = guarded.sifted([taken, other])
    assert [text for _, text in kept] == [other]
    assert rejected["near held out"] == 1
    assert len(screen(bench).sifted([taken, other])[0]) == 2
