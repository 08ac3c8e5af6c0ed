"""Self-taught puzzles with a model behind a server as proposer: a real server, started by the test."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etude.arms import run_whole
from etude.errors import InputError, MissingError
from etude.progress import ignore
from tests.conftest import require
from tests.recipes.puzzle_world import recipe
from tests.serving import Served, counted, transformers_serve

require("openai", reason="servers need the openai extra")
PROPOSALS = 24


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with transformers_serve(tmp_path_factory.mktemp("proposer")) as server:
        yield server


def run(folder: Path, url: str, name: str, model: dict[str, Any] | None = None) -> Path:
    settings: dict[str, Any] = {
        "source__proposer": f'{{ use = "openai", url = "{url}", model = "{name}", concurrency = 2 }}',
        "source__proposals": PROPOSALS,
        "source__max_tokens": 40,
        "source__openings": '["def sat(x: int):", "def sat(x: str):"]',
        "source__per_prompt": 12,
        "solver__max_tokens": 16,
        "suite__max_tokens": 16,
    }
    run_whole(recipe(folder, ["unused"], model, **settings), folder / "run", ignore)
    return folder / "run"


def proposals(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "rounds" / "00" / "proposals.json").read_text())
    return found


@pytest.mark.whole
def test_a_server_proposes_and_a_second_run_asks_for_nothing(tmp_path: Path, served: Served) -> None:
    with counted(served) as server:
        folder = run(tmp_path, server.url, served.model)
        told = proposals(folder)
        bodies = server.drawn()
        assert told["proposed"] == len(bodies) == PROPOSALS
        assert len({body["seed"] for body in bodies}) == PROPOSALS
        assert {body["prompt"].strip() for body in bodies} == {"def sat(x: int):", "def sat(x: str):"}
        assert told["accepted"] > 0, "the lab's model writes puzzles"
        (folder / "rounds" / "00" / "proposals.json").unlink()
        run(tmp_path, server.url, served.model)
        assert len(server.drawn()) == PROPOSALS, "what was drawn is not drawn again"
        assert proposals(folder) == told


@pytest.mark.whole
def test_a_server_proposes_and_the_lab_model_solves(tmp_path: Path, served: Served) -> None:
    model = {"use": "huggingface", "path": "package:etude.lab/model", "device": "cpu"}
    folder = run(tmp_path, served.url, served.model, model)
    told: dict[str, Any] = json.loads((folder / "rounds" / "00" / "puzzles.json").read_text())
    assert told["puzzles"] == proposals(folder)["accepted"] > 0


def test_a_proposer_that_is_not_there_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"there is no server at http://127\.0\.0\.1:9/v1"):
        run(tmp_path, "http://127.0.0.1:9/v1", "m")


@pytest.mark.whole
def test_no_secret_is_written_down(tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", "very-secret-word")
    settings = f'{{ use = "openai", url = "{served.url}", model = "{served.model}", key = "SERVER_KEY" }}'
    run_whole(
        recipe(tmp_path, ["unused"], source__proposer=settings, source__proposals=2, source__max_tokens=20),
        tmp_path / "run",
        ignore,
    )
    files = [file for file in (tmp_path / "run").rglob("*") if file.is_file()]
    assert any(b"SERVER_KEY" in file.read_bytes() for file in files)
    assert not any(b"very-secret-word" in file.read_bytes() for file in files)


def test_a_key_in_place_of_its_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    settings = '{ use = "openai", url = "http://127.0.0.1:9/v1", model = "m", key = "sk-very-secret" }'
    with pytest.raises(InputError, match="no name of an environment variable"):
        run_whole(recipe(tmp_path, ["unused"], source__proposer=settings), tmp_path / "run", ignore)
    assert not (tmp_path / "run").exists()
