"""How a number was made goes with the number; what makes it doubtful is said before it."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from etude.cli import main
from etude.comparing import compare_folders
from etude.errors import InputError
from etude.evaluating import evaluate, evaluation, named_part
from etude.measurement import Measurement, differences, digest, words
from etude.models import reply
from etude.progress import ignore
from etude.records import Report, decode, encode
from etude.replies import raw
from etude.suites.suspicious import suspicions
from tests.scripted_world import write_world

RIGHT, WRONG, PROSE = "def f(x):\n    return x + {n}\n```", "def f(x):\n    return None\n```", "I would add {n}."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    write_world(folder, tasks=4)
    (folder / "own.jinja").write_text("# {{ prompt }}\n```python")
    return folder


def model(*replies: str) -> str:
    """A scripted model that gives these replies to every task, sample by sample."""
    table = {f"Task number {n}.": [text.format(n=n) for text in replies] for n in range(4)}
    return "{" + f'use = "scripted", match = "substring", replies = {_inline(table)}' + "}"


def _inline(table: dict[str, list[str]]) -> str:
    return "{" + ", ".join(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in table.items()) + "}"


def measure(world: Path, out: Path, *, n: int = 2, seed: int = 0, **settings: Any) -> Report:
    parts = {key: named_part(settings.pop(key), key) for key in ("solver", "judge") if key in settings}
    tasks, replies = f"jsonl:{world}/tasks.jsonl", settings.pop("replies", (RIGHT, WRONG))
    recipe = evaluation(model(*replies), tasks, n=n, k=(1,), seed=seed, workers=1, **parts, **settings)
    return evaluate(recipe, out, ignore)[0]


def protocol(world: Path, out: Path, **settings: Any) -> Measurement:
    found = measure(world, out, **settings).measurement
    assert found is not None
    return found


def test_the_digest_stands_for_everything_that_a_number_depends_on(world: Path, tmp_path: Path) -> None:
    usual = protocol(world, tmp_path / "usual")
    assert usual.prompts.keys() == {"instruct.v1"}
    assert (usual.parser, usual.sandbox != "") == ("reply.v1", True)
    others = {
        "temperature": {"temperature": 0.5},
        "max_tokens": {"max_tokens": 99},
        "top_p": {"top_p": 0.9},
        "judge.cpu_seconds": {"judge": '{use = "auto", cpu_seconds = 3.0}'},
        "prompts": {"solver": f'{{use = "sample", template = "{world}/own.jinja"}}'},
        "solver.use": {"solver": '{use = "repair", gate = "shown"}'},
    }
    for place, settings in others.items():
        found = protocol(world, tmp_path / place, **settings)
        assert digest(found) != digest(usual), place
        assert any(item.startswith(place) for item in differences(usual, found)), (place, differences(usual, found))
    (world / "own.jinja").write_text("# Do this: {{ prompt }}\n```python")
    again = protocol(world, tmp_path / "again", **others["prompts"])
    assert digest(again) != digest(protocol_of(tmp_path / "prompts")), "the text of a template counts, not its name"


def protocol_of(folder: Path) -> Measurement:
    from etude.ledger import Ledger

    ledger = Ledger(folder)
    report = ledger.report("test", -1)
    ledger.close()
    assert report is not None
    assert report.measurement is not None
    return report.measurement


def test_samples_and_seed_are_not_the_protocol_and_the_parser_is(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = protocol(world, tmp_path / "usual")
    assert digest(protocol(world, tmp_path / "more", n=3, seed=7)) == digest(usual)
    monkeypatch.setattr("etude.measuring.PARSER", "reply.v2")
    assert reply.PARSER == "reply.v1"
    assert differences(usual, protocol(world, tmp_path / "parser")) == ("parser: reply.v1 against reply.v2",)


def test_a_report_with_its_measurement_survives_json(world: Path, tmp_path: Path) -> None:
    report = measure(world, tmp_path / "out")
    again = decode(Report, json.loads(json.dumps(encode(report))))
    assert report.measurement is not None
    assert again.measurement is not None
    assert digest(again.measurement) == digest(report.measurement)
    assert differences(again.measurement, report.measurement) == ()


def test_eval_prints_three_raw_replies_with_their_programs_and_the_protocol(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "--model", model(WRONG, PROSE, RIGHT), "--tasks", f"jsonl:{world}/tasks.jsonl", "--n", "3"]
    command += ["--k", "1", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert said.count("reply:") == said.count("program:") == 3
    assert "  | I would add 0." in said
    assert said.index("SUSPICIOUS") < said.index("reply:") < said.index("pass@k %") < said.index("protocol ")
    assert "no program found in 33.3 % of the replies (4 of 12)" in said
    kept = json.loads((tmp_path / "out" / "replies.json").read_text())
    assert [row["said"] for row in kept][::2] == ["failed", "passed"]
    assert [row["found"] for row in kept] == [True, False, True]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["protocol"]["digest"] in said
    assert document["no_program"] == 4
    assert len(document["suspicious"]) == 1
    assert main([*command, "--strict"]) == 1


@pytest.mark.parametrize(
    ("replies", "said"),
    [((RIGHT,), "100 %: all 8"), ((WRONG,), "0 %: none of 8"), ((RIGHT, WRONG), ""), ((PROSE, RIGHT), "no program")],
)
def test_nothing_everything_and_no_program_are_errors_before_they_are_scores(
    world: Path, tmp_path: Path, replies: tuple[str, ...], said: str
) -> None:
    found = suspicions(measure(world, tmp_path / "out", replies=replies))
    assert [said in item for item in found] == [True] * bool(said)


def test_an_evaluation_by_another_protocol_has_another_folder(world: Path, tmp_path: Path) -> None:
    measure(world, tmp_path / "out")
    with pytest.raises(InputError, match=r"another protocol: temperature: 0.8 against 0.5"):
        measure(world, tmp_path / "out", temperature=0.5)


def test_numbers_of_different_protocols_are_refused_and_named(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measure(world, tmp_path / "one", seed=1)
    measure(world, tmp_path / "other", seed=2, judge='{use = "auto", cpu_seconds = 2.0}')
    with pytest.raises(InputError, match=r"judge.cpu_seconds: 10.0 against 2.0"):
        compare_folders([tmp_path / "one", tmp_path / "other"])
    both = [str(tmp_path / "one"), str(tmp_path / "other")]
    assert main(["compare", *both]) == 2
    assert "--any-protocol" in capsys.readouterr().err
    assert main(["compare", *both, "--any-protocol"]) == 0
    said = capsys.readouterr().out
    assert said.index("! not the same protocol") < said.index("pass@1 %")
    assert said.count("\nprotocol ") == 2


def test_mended_tests_are_other_tasks(world: Path, tmp_path: Path) -> None:
    measure(world, tmp_path / "one", seed=1)
    rows = [json.loads(line) for line in (world / "tasks.jsonl").read_text().splitlines()]
    rows[0]["calls"][-1]["expected"] += 1
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    measure(tmp_path, tmp_path / "other", seed=2)
    with pytest.raises(InputError, match="not the same tasks"):
        compare_folders([tmp_path / "one", tmp_path / "other"])


def test_the_words_of_a_protocol_fit_on_a_line_and_say_what_matters(world: Path, tmp_path: Path) -> None:
    said = words(protocol(world, tmp_path / "out"))
    for part in ("instruct.v1", "reply.v1", "temperature 0.8", "512 tokens", "cpu 10 s", "1024 MiB", "sandbox "):
        assert part in said
    assert "\n" not in said


def test_raw_replies_show_nothing_that_steers_a_terminal(world: Path, tmp_path: Path) -> None:
    from etude.replies import text

    tasks = f"jsonl:{world}/tasks.jsonl"
    recipe = evaluation(model("\x1b[2J" + PROSE), tasks, n=1, k=(1,), seed=0, workers=1)
    _, judged = evaluate(recipe, tmp_path / "out", ignore)
    assert "\x1b" not in text(raw(judged))
    assert "\\x1b" in text(raw(judged))


def test_the_commands_of_a_comparison_name_solver_and_judge(world: Path, tmp_path: Path) -> None:
    from etude.arms import run_whole
    from etude.config import load
    from etude.sides import command, read_side

    changes = {
        "judge": '{use = "auto", cpu_seconds = 2.0}',
        "arms": "{}",
        "rounds": "0",
        "suite.n": "2",
        "suite.k": "[1]",
    }
    run_whole(load(str(world / "recipe.toml"), changes), tmp_path / "run", ignore)
    line = shlex.split(command(read_side(tmp_path / "run"), 4))
    assert line[line.index("--judge") + 1] == '{"use" = "auto", "cpu_seconds" = 2.0}'
    assert named_part(line[line.index("--judge") + 1], "judge").settings == {"cpu_seconds": 2.0}
