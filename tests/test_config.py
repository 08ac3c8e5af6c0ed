"""Recipes: what is accepted, and what every mistake is answered with."""

from pathlib import Path

import pytest

from etude import config
from etude.errors import InputError, RecipeError

BODY = """
name = "small"
source = { use = "task_set", tasks = "jsonl:x" }
model = { use = "scripted" }
solver = { use = "sample", samples = 2 }
learner = { use = "keep" }
suite = { use = "passk" }
[[curators]]
use = "passed"
cap = 3
[arms.other]
"solver.samples" = 1
"""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    file = tmp_path / "small.toml"
    file.write_text(BODY)
    return str(file)


def test_dotted_overrides_reach_every_level(recipe: str) -> None:
    loaded = config.load(
        recipe, {"solver.samples": "8", "curators.0.cap": "5", "seed": "7", "suite.tasks_from": "lab[test]"}
    )
    assert loaded.solver.settings == {"samples": 8}
    assert loaded.curators[0].settings == {"cap": 5}
    assert (loaded.seed, loaded.suite.settings["tasks_from"]) == (7, "lab[test]")


def test_an_arm_is_the_recipe_with_its_overrides(recipe: str) -> None:
    loaded = config.load(recipe)
    other = config.arm(loaded, "other")
    assert (loaded.solver.settings["samples"], other.solver.settings["samples"]) == (2, 1)
    assert other.arms == {}


def test_an_arm_may_put_another_curator_in_the_place_of_one(recipe: str) -> None:
    table = config.load(recipe).model_dump(exclude_none=True)
    table["arms"] = {"plain": {"curators.0": {"use": "dedupe", "level": "text"}}}
    other = config.arm(config.validate(table), "plain")
    assert (other.curators[0].use, other.curators[0].settings) == ("dedupe", {"level": "text"})


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"ronds": "3"}, ["unknown key 'ronds'", "rounds"]),
        ({"rounds": "many"}, ["rounds", "integer", "'many'"]),
        ({"rounds": "-1"}, ["rounds", "greater than or equal to 0"]),
        ({"sandbox.workerz": "1"}, ["sandbox.workerz", "workers"]),
        ({"gate": "maybe"}, ["gate", "'always'"]),
        ({"curators.x": "1"}, ["curators.x"]),
    ],
)
def test_a_wrong_key_or_value_names_the_right_ones(recipe: str, overrides: dict[str, str], words: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        config.load(recipe, overrides)
    for word in words:
        assert word in str(caught.value)


def test_an_unknown_recipe_names_the_built_in_ones() -> None:
    with pytest.raises(InputError, match="lab") as caught:
        config.load("lbb")
    assert "no recipe 'lbb'" in str(caught.value)


@pytest.mark.parametrize(("text", "word"), [("name = ", "not TOML"), ("", "field required")])
def test_a_broken_recipe_file_is_explained(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(text)
    with pytest.raises((InputError, RecipeError), match=word):
        config.load(str(file))


def test_unknown_parts_and_settings_name_the_valid_ones() -> None:
    with pytest.raises(RecipeError, match="sample"):
        config.build("solvers", config.Part(use="smaple"))
    with pytest.raises(RecipeError, match="samples"):
        config.build("solvers", config.Part(use="sample", samplse=3))
    with pytest.raises(RecipeError, match="valid integer"):
        config.build("solvers", config.Part(use="sample", samples="three"))
    with pytest.raises(RecipeError, match="cannot load"):
        config.build("solvers", config.Part(use="no_such_module:Thing"))


def test_a_part_of_ones_own_enters_by_import_path() -> None:
    part = config.build("solvers", config.Part(use="etude.solvers.sample:Sample", samples=3))
    assert part.samples == 3


def test_every_built_in_recipe_is_valid_and_its_parts_exist() -> None:
    assert "lab" in config.built_in()
    for name in config.built_in():
        recipe = config.load(name)
        for room, part in (
            ("sources", recipe.source),
            ("models", recipe.model),
            ("solvers", recipe.solver),
            ("judges", recipe.judge),
            ("learners", recipe.learner),
            ("suites", recipe.suite),
        ):
            config.build(room, part)
        config.build_all("curators", recipe.curators)


def test_a_package_path_is_found_where_the_package_is() -> None:
    assert Path(config.located("package:etude.lab/model")).name == "model"
    assert config.located("/some/where") == "/some/where"
    with pytest.raises(InputError, match="no package"):
        config.located("package:no.such/model")
