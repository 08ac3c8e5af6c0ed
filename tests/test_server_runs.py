"""A model behind a real server, and whole commands with it over a broken line: nothing is lost or counted twice."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etude.cli import main
from etude.errors import EtudeError, MissingError
from etude.models.openai import OpenAI
from etude.records import Completion
from tests.conftest import require
from tests.serving import FAULTS, Served, asked, counted, faulty, transformers_serve

require("openai", reason="servers need the openai extra")
pytestmark = pytest.mark.slow
KEY = "very-secret-word"
PUZZLE = "def sat(x: int):"
TASKS, SAMPLES, NEW = "lab[validation][0:5]", 4, 16
ASKED = 5 * SAMPLES


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with transformers_serve(tmp_path_factory.mktemp("served")) as server:
        yield server


def texts(found: list[Completion]) -> list[str]:
    return [item.text for item in sorted(found, key=lambda item: item.request.sample_index)]


def part(url: str, name: str, **settings: object) -> str:
    """A model's table, as the command line takes it."""
    told = {"use": "openai", "url": url, "model": name, "concurrency": 2, "timeout": 8.0, **settings}
    return "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in told.items()) + "}"


def evaluate(out: Path, model: str) -> int:
    flags = ["--n", str(SAMPLES), "--k", "1", "--max-tokens", str(NEW), "--out", str(out), "--json"]
    return main(["eval", "--model", model, "--tasks", TASKS, *flags])


def rows(folder: Path, query: str) -> list[Any]:
    database = sqlite3.connect(folder / "ledger.sqlite")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def attempts(folder: Path) -> list[tuple[str, int]]:
    """Task and sample index of every first attempt on record, with its verdict."""
    found = rows(
        folder,
        "select a.task, json_extract(a.body, '$.sample_index') from attempts a join verdicts v on v.attempt = a.id",
    )
    return sorted((str(task), int(index)) for task, index in found)


def spent(folder: Path) -> int:
    """Tokens booked in a ledger."""
    return sum(
        fact["prompt"] + fact["completion"]
        for (body,) in rows(folder, "select body from events where kind = 'spent'")
        for fact in [json.loads(body)]
    )


def secrets(folder: Path) -> list[Path]:
    """Files of a folder that hold the key."""
    return [file for file in folder.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]


def test_a_real_server_continues_a_prompt(served: Served) -> None:
    model = OpenAI(url=served.url, model=served.model, concurrency=2)
    found = list(model.generate(asked(PUZZLE, 6, stop=("\n\n", "\nassert "))))
    assert sorted(item.request.sample_index for item in found) == list(range(6))
    assert len({item.text for item in found}) > 1, "each sample has a seed of its own"
    for item in found:
        assert item.text.startswith("\n    return ")
        assert "\n\n" not in item.text
        assert item.prompt_tokens > 0
        assert 0 < item.completion_tokens <= 30


def test_a_real_server_says_when_there_was_no_more_room(served: Served) -> None:
    model = OpenAI(url=served.url, model=served.model)
    [found] = model.generate(asked(PUZZLE, 1, max_tokens=2))
    assert (found.finish, found.completion_tokens) == ("length", 2)


def test_a_seed_gives_the_same_texts_from_a_real_server(served: Served) -> None:
    """One at a time: this server seeds all that it is writing, whoever asked."""
    model = OpenAI(url=served.url, model=served.model, concurrency=1)
    first, again = (texts(list(model.generate(asked(PUZZLE, 4, seed=5)))) for _ in range(2))
    other = texts(list(model.generate(asked(PUZZLE, 4, seed=6))))
    assert first == again != other


def test_a_real_server_chats(served: Served) -> None:
    model = OpenAI(url=served.url, model=served.model, endpoint="chat")
    found = list(model.generate(asked(f"{PUZZLE}\n", 3)))
    assert all(item.text and item.prompt_tokens > 0 for item in found)


def test_a_real_server_without_probabilities_is_named(served: Served) -> None:
    with pytest.raises(MissingError, match="no probabilities"):
        OpenAI(url=served.url, model=served.model, retries=0).score(PUZZLE, [" return"])


def test_a_real_server_is_asked_for_another_model(served: Served) -> None:
    with pytest.raises(EtudeError, match="other-model") as caught:
        list(OpenAI(url=served.url, model="other-model", retries=0).generate(asked("p", 1)))
    assert caught.value.fix


def test_an_evaluation_over_a_broken_line_loses_nothing_and_counts_nothing_twice(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVER_KEY", KEY)
    faults = iter(["", *(fault for each in FAULTS for fault in (each, "", ""))])
    with faulty(served, faults) as door:
        model = part(door.server.url, served.model, key="SERVER_KEY", retries=8)
        assert evaluate(tmp_path, model) == 0
        printed = capsys.readouterr()
        assert sorted(door.met) == sorted(FAULTS)
        assert any(headers["authorization"] == f"Bearer {KEY}" for _, headers, _ in door.server.asked)
        told = json.loads(printed.out)
        assert (told["tasks"], told["unjudged"]) == (5, 0)
        found = attempts(tmp_path)
        assert len(found) == len(set(found)) == ASKED, "no attempt is lost, none is counted twice"
        assert rows(tmp_path, "select count(*) from completions") == [(ASKED,)]
        seeds = [body["seed"] for body in door.through]
        assert len(seeds) == len(set(seeds)) == ASKED, "an answer that came through is not asked for again"
        assert spent(tmp_path) >= sum(door.written), "what was lost on the way may have been paid for"
        before = len(door.server.drawn())
        assert evaluate(tmp_path, model) == 0
        assert len(door.server.drawn()) == before, "what is on record is not drawn again"
    assert secrets(tmp_path) == []
    assert KEY not in printed.out + printed.err + capsys.readouterr().out


def test_a_cap_holds_within_one_request_and_the_rest_is_drawn_when_it_is_raised(
    tmp_path: Path, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    cap, faults = 500, iter(["", "cut", "", "busy", "", "no choices"])
    with faulty(served, faults) as door:
        model = part(door.server.url, served.model, token_cap=cap, concurrency=4, retries=4)
        assert evaluate(tmp_path, model) == 3, "a clean stop"
        said = capsys.readouterr().err
        assert "stopped at the cap" in said
        assert "token_cap" in said
        one = max(door.written) + 64
        assert cap - 3 * one < sum(door.written) <= cap, "requests on their way are counted"
        assert sum(door.written) <= spent(tmp_path) <= cap
        known = rows(tmp_path, "select count(*) from completions")[0][0]
        assert 0 < known == len(door.through) < ASKED, "whatever arrived is on record"
        assert evaluate(tmp_path, model) == 3, "what was spent before counts"
        assert len(door.through) == known

        raised = part(door.server.url, served.model, token_cap=20 * cap, concurrency=4, retries=4)
        assert evaluate(tmp_path, raised) == 0
        found = attempts(tmp_path)
        assert len(found) == len(set(found)) == ASKED
        assert len(door.through) == ASKED, "only what was missing is paid for"


def run(recipe: str, folder: Path, *flags: str) -> int:
    small = ["--tasks", "lab", "--rounds", "1", "--arms", "{}", "--out", str(folder), "--json"]
    return main(["run", recipe, *small, *flags])


DRBOOT = (
    *("--source.tasks", "lab[train][0:4]", "--validation.tasks", "lab[validation][0:3]"),
    *("--suite.tasks_from", "lab[test][0:3]", "--suite.unlock_test", "true", "--suite.n", "2", "--suite.k", "[1, 2]"),
    *("--solver.max_tokens", "24", "--suite.max_tokens", "24"),
)


def test_bootstrapping_runs_with_a_server_and_a_learner_that_needs_no_weights(
    tmp_path: Path, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    with counted(served) as server:
        flags = ["--model", part(server.url, served.model), "--learner", '{ use = "keep" }', *DRBOOT]
        assert run("drboot", tmp_path, *flags) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["arms"]["main"]["pass@k"]["1"]["value"] >= 0
        first = "json_extract(body, '$.parent') = ''"
        stages = dict(rows(tmp_path, f"select stage, count(*) from attempts where {first} group by 1"))
        assert stages == {"test": 2 * 3 * 2, "train": 4, "validation": 3}
        known = rows(tmp_path, "select count(*) from completions")[0][0]
        assert known == len(server.drawn()) == len({(body["prompt"], body["seed"]) for body in server.drawn()})
        assert spent(tmp_path) > 0
        assert run("drboot", tmp_path, *flags) == 0
        assert len(server.drawn()) == known


def test_self_taught_puzzles_run_with_a_server_that_proposes_and_solves(tmp_path: Path, served: Served) -> None:
    with counted(served) as server:
        model = part(server.url, served.model, concurrency=1)  # the same texts each time: this server shares its seed
        flags = ["--model", model, "--learner", '{ use = "keep" }', "--source.tasks", "lab-puzzles[train][0:8]"]
        flags += ["--source.proposals", "16", "--source.max_tokens", "30", "--source.per_prompt", "8"]
        flags += ["--solver.samples", "1", "--solver.max_tokens", "16"]
        flags += ["--suite.tasks_from", "lab-puzzles[test][0:2]", "--suite.unlock_test", "true", "--suite.n", "1"]
        assert run("self-taught-puzzles", tmp_path, *flags, "--suite.k", "[1]") == 0
        told = json.loads((tmp_path / "rounds" / "00" / "proposals.json").read_text())
        assert told["proposed"] == 16
        assert told["accepted"] > 0, "the lab's model writes puzzles"
        assert rows(tmp_path, "select count(*) from completions") == [(len(server.drawn()),)]


def test_a_learner_that_wants_weights_is_refused_before_anything_is_asked(
    tmp_path: Path, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    with counted(served) as server:
        assert run("drboot", tmp_path / "run", "--model", part(server.url, served.model), *DRBOOT) == 2
        said = capsys.readouterr().err
        assert "'sft' needs a model with train" in said
        assert "huggingface" in said
        assert 'learner.use = "keep"' in said
        assert server.asked == []
    assert not (tmp_path / "run").exists()
