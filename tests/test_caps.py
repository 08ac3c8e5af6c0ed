"""Parts say what they need of a model, models say what they have, and what does not fit is refused at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from etude import config
from etude.arms import run_whole
from etude.caps import WORDS, Caps, require_caps
from etude.config import located
from etude.errors import CapError, RecipeError
from etude.models.huggingface import HuggingFace
from etude.models.openai import OpenAI
from etude.models.scripted import Scripted
from etude.models.vllm import VLLM
from etude.progress import ignore
from etude.protocols import Budget, Workbench
from etude.records import Agent, Attempt, TaskView
from tests.recipes.drboot_world import recipe
from tests.serving import answering


class Scorer:
    """A solver that weighs what it is given, and so needs scores."""

    needs = ("score",)
    samples = 1

    def attempt(self, views: Sequence[TaskView], agent: Agent, bench: Workbench, budget: Budget) -> Iterator[Attempt]:
        yield from ()


class Mistaken:
    needs = ("wings",)


def test_what_each_model_has() -> None:
    lab = located("package:etude.lab/model")
    place: dict[str, Any] = {"url": "http://127.0.0.1:9/v1", "model": "m"}
    assert Scripted().caps == Caps()
    assert OpenAI(**place).caps == Caps(score=True)
    assert OpenAI(**place, endpoint="chat", logprobs=True).caps == Caps(chat=True, logprobs=True)
    assert HuggingFace(path=lab).caps == VLLM(path=lab).caps == Caps(score=True, train=True)
    assert HuggingFace(path=lab, logprobs=True).caps.logprobs


def test_a_learner_that_trains_is_refused_by_name_before_anything_is_on_disk(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="the learner 'sft' needs a model with train") as caught:
        run_whole(recipe(tmp_path, learner='{ use = "sft" }'), tmp_path / "run", ignore)
    assert caught.value.choices == ("huggingface", "vllm")
    assert 'learner.use = "keep"' in caught.value.fix
    assert not (tmp_path / "run").exists()


def test_an_arm_is_refused_like_the_recipe_it_belongs_to(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="'sft' needs a model with train"):
        run_whole(recipe(tmp_path, arms='{ other = { learner = { use = "sft" } } }'), tmp_path / "run", ignore)


@pytest.mark.slow
def test_a_control_that_stops_at_its_cap_is_a_clean_stop_of_the_run(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="servers need the openai extra")
    with answering(lambda *_: (200, {}, b"{}")) as server:
        model = f'{{ use = "openai", url = "{server.url}", model = "m", token_cap = 1 }}'
        with pytest.raises(CapError, match="the arm 'costly' failed"):
            run_whole(recipe(tmp_path, arms=f"{{ costly = {{ model = {model} }} }}"), tmp_path / "run", ignore)
        assert server.drawn() == []
    assert (tmp_path / "run" / "rounds" / "00" / "report.json").exists(), "the main arm is done"


@pytest.mark.parametrize("place", ["solver", "examiner", "validator"])
def test_a_solver_that_scores_is_refused_wherever_it_stands(tmp_path: Path, place: str) -> None:
    part = f'{{ use = "{__name__}:Scorer" }}'
    with pytest.raises(RecipeError, match=f"the {place} .*Scorer' needs a model with score"):
        run_whole(recipe(tmp_path, **{place: part}), tmp_path / "run", ignore)


def test_a_recipe_without_rounds_trains_nothing(tmp_path: Path) -> None:
    run_whole(recipe(tmp_path, learner='{ use = "sft" }', rounds=0, evaluate="every"), tmp_path / "run", ignore)
    assert (tmp_path / "run" / "ledger.sqlite").exists()


def test_a_need_that_is_none_is_the_parts_mistake() -> None:
    with pytest.raises(RecipeError, match="needs 'wings'") as caught:
        require_caps("scripted", Scripted(), {"solver": ("mine", Mistaken())})
    assert caught.value.choices == tuple(WORDS)


def test_a_model_of_your_own_that_declares_nothing_is_believed() -> None:
    require_caps("mine", object(), {"solver": ("scorer", Scorer())})


def test_every_need_names_models_that_have_it() -> None:
    for need in WORDS:
        with pytest.raises(RecipeError) as caught:
            require_caps("scripted", Scripted(), {"solver": ("x", type("Part", (), {"needs": (need,)})())})
        assert "huggingface" in caught.value.choices
        for name in caught.value.choices:
            assert need in config.find("models", name).offers
