"""The last part of every report, of real runs with a scripted model whose rounds are known beforehand."""

import json
from pathlib import Path

import pytest

from etude.arms import run_whole
from etude.cli import main
from etude.comparing import Sides, compare_folders
from etude.config import load
from etude.progress import ignore
from etude.viewer.of_run import gains_of, write_page
from tests.chance_world import write_rounds


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rounds")


@pytest.fixture(scope="module")
def run(world: Path) -> Path:
    run_whole(load(str(write_rounds(world))), world / "run", ignore)
    return world / "run"


@pytest.fixture(scope="module")
def sides(run: Path) -> Sides:
    return compare_folders([run])


@pytest.mark.parametrize(
    ("round", "call"), [(1, "within noise"), (2, "a gain")], ids=["as good as the base", "better than the base"]
)
def test_a_flat_round_is_noise_and_a_better_one_is_a_gain(sides: Sides, round: int, call: str) -> None:
    [line] = [line for line in sides.lines if line.other == f"main, round {round}"]
    assert line.call == call
    assert {item.budget for item in line.gains[0].budgets} >= {"samples", "tokens"}
    assert line.gains[0].budgets[0].difference is not None
    assert line.gains[0].budgets[0].difference.value != 0, "other samples were drawn"


def test_a_collapse_made_on_purpose_is_flagged_and_nothing_else_is(sides: Sides) -> None:
    [line] = [line for line in sides.lines if line.other == "main, round 3"]
    collapse = line.gains[0].collapse
    assert collapse is not None
    assert collapse.collapsing
    assert collapse.at_one.value > 0 > collapse.at_k.value
    flagged = [flag for flag in sides.flags if "diversity is collapsing" in flag]
    assert len(flagged) == 1
    assert "main, round 3" in flagged[0]


def test_the_tracks_are_curves_over_budget(sides: Sides) -> None:
    assert [track.name for track in sides.tracks] == ["base", "main, round 1", "main, round 2", "main, round 3"]
    for track in sides.tracks:
        assert [spot.k for spot in track.spots] == list(range(1, 9))
        tokens = [spot.tokens for spot in track.spots]
        assert tokens == sorted(tokens)
        assert sum(track.rates.values()) == 40
    assert sides.tracks[3].rates["sometimes"] == 0, "the collapsed one is always or never right"


def test_the_report_ends_with_it_as_text_and_as_a_page(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run)]) == 0
    said = capsys.readouterr().out
    for words in ("a gain", "within noise", "diversity is collapsing", "solve-rate map", "same seconds", "protocol "):
        assert words in said, words
    page = (run / "report.html").read_text()
    last = page[page.index("Is it a gain?") :]
    for words in (
        "within noise",
        "a gain",
        "diversity is collapsing",
        "Solved over tokens per task",
        "sometimes &gt; always",
    ):
        assert words in last, words
    assert "<h2" not in last.partition("</h2>")[2], "it is the last part"
    assert page.count("Raw replies") == 1
    assert "return x +" in page[page.index("Raw replies") :]


def test_the_seconds_of_an_examination_are_on_record_where_all_was_drawn_in_one_go(run: Path, world: Path) -> None:
    reports = [json.loads(file.read_text()) for file in sorted(run.glob("rounds/*/report.json"))]
    assert all(0 < report["budget"]["test_seconds"] < 600 for report in reports)
    again = load(str(world / "rounds.toml"), {"rounds": "1", "learner": '{use = "keep"}'})
    run_whole(again, world / "kept", ignore)
    [kept] = [json.loads(file.read_text()) for file in (world / "kept").glob("rounds/*/report.json")]
    assert "test_seconds" not in kept["budget"], "an agent that is its base draws nothing new"


def test_several_seeds_are_spread_in_the_report_of_the_first(
    run: Path, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = world / "seed-1"
    run_whole(load(str(world / "rounds.toml"), {"seed": "1", "rounds": "3"}), other, ignore)
    assert main(["report", str(run), str(other)]) == 0
    assert "main, round 2 (2 seeds)" in capsys.readouterr().out
    assert "95 % over seeds" in (run / "report.html").read_text()


def test_an_unfinished_run_has_a_report_that_says_so(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = world / "begun"
    run_whole(load(str(world / "rounds.toml"), {"rounds": "0"}), folder, ignore)
    assert gains_of(folder) is None
    assert "There is nothing to compare yet" in write_page(folder).read_text()
    assert main(["report", str(folder)]) == 0
    assert "nothing to compare yet" in capsys.readouterr().out
