"""What rounds of self-made puzzles came to is on the page: each number as its file has it, and nothing that runs."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from etude.arms import reports_of, run_whole
from etude.errors import InputError
from etude.progress import ignore
from etude.puzzles.filters import REASONS
from etude.viewer import figures, puzzles
from etude.viewer.charts import histogram
from etude.viewer.of_run import own_tasks, recipe_of, write_page
from etude.viewer.page import ReportPage, render
from tests.recipes.puzzle_world import GOOD, JUNK, recipe
from tests.viewer.test_page import HOSTILE, Reader

HEADING = "Self-made tasks, round by round"
WARNING = "A rising solve rate on its own puzzles is no sign of progress"
REFUSED = {"parses": 3, "trivial": 12, "held out": 1, "near held out": 2, "held-out behaviour": 4, "slow": 0}
FACTS: dict[str, dict[str, Any]] = {
    "proposals": {
        "round": 0, "proposed": 1300, "accepted": 7, "rejected": REFUSED, "valid": 0.9123, "trivial": 0.0456,
        "novel": 0.5714, "kinds": 6, "cells": 5, "guarded": 280, "refused_as_held_out": 7,
        "to_held_out": {"mean": 0.3141, "close": 0.1429}, "guarded_sets": {"lab[test]": 200, "lab[validation]": 80},
        "hard": {"unsolved": 41, "retried": 42, "solved_later": 43},
        "concepts": {"known": 61, "puzzles": 7, "use_all": 2, "use_some": 3,
                     "asked": {"slicing": 4, "sum": 5}, "used": {"sum": 1}},
        "list": [{"task_id": "own/0/000000", "puzzle": "def sat(x: int):\n    return x % 331 == 7"}],
    },
    "puzzles": {
        "round": 0, "puzzles": 9, "tried": 8, "solved": 5, "kept": 4, "never": 3,
        "solve_rates": [1, 2, 0, 0, 0, 0, 0, 0, 0, 2], "mean_rate": 0.2345, "solutions": 1.6,
        "list": [{"task_id": "own/0/000000", "puzzle": "def sat(x: int):\n    return x % 331 == 7", "solved": 3,
                  "tried": 16, "round": 0}],
    },
    "views": {"round": 0, "programs": 45, "made": {"deduction": 21, "abduction": 22, "induction": 23},
              "left_out": {"abduction: trivial": 24}, "list": []},
    "hindsight": {"round": 0, "changed": 31, "left_out": {"no rule": 32, "does not hold": 33}, "list": []},
}  # fmt: skip


def wrote(folder: Path, facts: Mapping[str, Any], round: int = 0) -> Path:
    """A round's folder with these files."""
    place = folder / "rounds" / f"{round:02d}"
    place.mkdir(parents=True, exist_ok=True)
    for name, content in facts.items():
        (place / f"{name}.json").write_text(json.dumps(content))
    return folder


def page_of(arms: Mapping[str, Path]) -> str:
    """The page of arms of which nothing but these files is known."""
    return render(ReportPage(title="t", recipe="", arms={}, own_tasks=puzzles.read(arms)))


def table_of(text: str) -> dict[str, list[str]]:
    """First cell (its name, not its words) -> the other cells, of every table."""
    found: dict[str, list[str]] = {}
    for line in re.findall(r"<tr><td.*?</tr>", text):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", line)
        found.setdefault(Reader(cells[0].split("<br>")[0]).text, [Reader(cell).text for cell in cells[1:]])
    return found


def counted(text: str, heading: str) -> list[tuple[str, list[str]]]:
    """The lines of the table under a heading, in their order."""
    return list(table_of(text.split(f"<h3>{heading}</h3>")[1].split("</table>")[0]).items())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real rounds of the recipe with a scripted model: three good puzzles and one of each kind of junk."""
    folder = tmp_path_factory.mktemp("world")
    run_whole(recipe(folder, [*GOOD, *JUNK.values()], rounds=2), folder / "run", ignore)
    return folder / "run"


def test_the_page_of_a_real_run_says_what_its_files_say(run: Path) -> None:
    text = write_page(run).read_text()
    rows = table_of(text.split(HEADING)[1])
    rounds = [
        {name: json.loads((run / f"rounds/{number:02d}/{name}.json").read_text()) for name in ("proposals", "puzzles")}
        for number in (0, 1)
    ]
    assert rows["proposed"] == [str(len(GOOD) + len(JUNK))] * 2
    assert rows["accepted"] == [str(len(GOOD)), "0"], "in the second round everything is said again"
    assert rows["valid"] == [f"{100 * item['proposals']['valid']:.1f} %" for item in rounds]
    assert rows["novel"] == ["100.0 %", "–"]
    assert rows["guarded puzzles"] == ["1", "1"]
    assert rows["refused for a guarded puzzle"] == ["3", "3"]
    assert rows["solved / tried"][0] == f"{rounds[0]['puzzles']['solved']} / {rounds[0]['puzzles']['tried']}" == "3 / 3"
    assert rows["solutions"][0] == f"{rounds[0]['puzzles']['solutions']:.2f}"
    refused = counted(text, "Why proposals were refused")
    assert refused[0] == ("repeated", ["1", "4"]), "the most frequent reason stands first"
    both = [item["proposals"]["rejected"] for item in rounds]
    assert dict(refused) == {reason: [str(one[reason]) for one in both] for reason in JUNK}
    assert "held.jsonl (1)" in Reader(text).text
    assert GOOD[0].splitlines()[-1].strip() in Reader(text).text.split(HEADING)[1].split("What to know")[0]
    assert WARNING in Reader(text).text


def test_the_table_for_the_terminal_has_a_line_per_round_and_numbers_only(run: Path) -> None:
    found = puzzles.summary(own_tasks(run, recipe_of(run)))
    assert [row[0] for row in found] == ["puzzles of", "main, round 1", "main, round 2"]
    line = dict(zip(found[0], found[1], strict=True))
    assert list(line) == ["puzzles of", *puzzles.SUMMARY.values()]
    assert (line["proposed"], line["accepted"], line["solved / tried"]) == (str(len(GOOD) + len(JUNK)), "3", "3 / 3")
    assert dict(zip(found[0], found[2], strict=True))["novel"] == "-"
    assert all(cell.isascii() for row in found for cell in row)


def test_every_figure_of_every_file_is_shown_with_a_sentence(tmp_path: Path) -> None:
    text = page_of({"main": wrote(tmp_path, FACTS)})
    rows = table_of(text)
    wanted = {
        "proposed": "1\N{THIN SPACE}300", "accepted": "7", "valid": "91.2 %", "trivial": "4.6 %", "novel": "57.1 %",
        "kinds": "6", "descriptors": "5", "like a held-out puzzle": "0.31", "close to a held-out puzzle": "14.3 %",
        "guarded puzzles": "280", "refused for a guarded puzzle": "7", "… held out": "1", "… near held out": "2",
        "… held-out behaviour": "4", "solved / tried": "5 / 8", "mean solve rate": "23.4 %", "solutions": "1.60",
        "kept": "4", "hard pool": "41", "tried again": "42", "solved later": "43", "known concepts": "61",
        "use all concepts": "2 / 7", "use some concept": "3 / 7", "programs viewed": "45", "deductions": "21",
        "abductions": "22", "inductions": "23", "hindsight puzzles": "31",
    }  # fmt: skip
    assert {item.name for item in figures.FIGURES} == set(wanted)
    assert {name: rows[name] for name in wanted} == {name: [cell] for name, cell in wanted.items()}
    for item in figures.FIGURES:
        assert item.words.endswith(".")
        assert item.words in Reader(text).text


def test_reasons_stand_in_the_order_of_their_counts_over_all_rounds(tmp_path: Path) -> None:
    wrote(tmp_path, FACTS)
    wrote(tmp_path, {"proposals": {"rejected": {"held out": 30, "parses": 1}}}, 1)
    text = page_of({"main": tmp_path})
    assert counted(text, "Why proposals were refused") == [
        ("held out", ["1", "30"]),
        ("trivial", ["12", "0"]),
        ("held-out behaviour", ["4", "0"]),
        ("parses", ["3", "1"]),
        ("near held out", ["2", "0"]),
    ]
    assert counted(text, "Why wrong answers gave no hindsight puzzle") == [
        ("does not hold", ["33", "–"]),
        ("no rule", ["32", "–"]),
    ]
    assert counted(text, "Why views were left out") == [("abduction: trivial", ["24", "–"])]
    assert counted(text, "Concepts asked for") == [("sum", ["5", "–"]), ("slicing", ["4", "–"])]
    assert set(figures.MEANING) == set(REASONS), "every reason of a reject is explained"


def test_the_solve_rates_are_drawn_and_said(tmp_path: Path) -> None:
    text = page_of({"main": wrote(tmp_path, FACTS)})
    drawing = text[text.index("<h3>round 1</h3>") :].split("</figure>")[0]
    said = re.search(r'aria-label="([^"]*)"', drawing)
    assert said
    assert said[1].startswith("round 1; never: 3, 0 to 10 %: 1, 10 to 20 %: 2, 20 to 30 %: 0")
    assert said[1].endswith("90 to 100 %: 2")
    heights = [float(value) for value in re.findall(r'<rect[^>]* height="([\d.]+)"', drawing)]
    assert len(heights) == 11
    assert heights[0] == max(heights), "the puzzles that nobody solved are the most"
    assert heights[1] == pytest.approx(heights[0] / 3, abs=0.1)
    assert heights[2] == heights[10] == pytest.approx(2 * heights[0] / 3, abs=0.1)
    assert heights[3:10] == [0.0] * 7


def test_charts_of_an_arm_have_one_scale_and_a_rare_puzzle_is_still_seen(tmp_path: Path) -> None:
    many = {"puzzles": {**FACTS["puzzles"], "never": 3000}}
    wrote(tmp_path, FACTS)
    text = page_of({"main": wrote(tmp_path, many, 1)})
    first, second = (text[text.index(f"<h3>round {number}</h3>") :].split("</figure>")[0] for number in (1, 2))
    small, large = (float(re.findall(r'<rect[^>]* height="([\d.]+)"', part)[0]) for part in (first, second))
    assert small == 1.0
    assert large > 100


def test_a_histogram_of_nothing_is_drawn() -> None:
    drawing = histogram([0] * 10, ("never", 0), 0, "<round>")
    assert "&lt;round&gt;; never: 0" in drawing
    assert 'height="0.0"' in drawing
    Reader(drawing)


def test_a_run_without_such_files_has_no_such_section(tmp_path: Path) -> None:
    (tmp_path / "rounds" / "00").mkdir(parents=True)
    idle = {"puzzles": {**FACTS["puzzles"], "puzzles": 0, "tried": 0}}
    text = page_of({"main": tmp_path, "human": wrote(tmp_path / "human", idle), "new": tmp_path / "not there"})
    assert HEADING not in text
    assert puzzles.summary(puzzles.read({"main": tmp_path})) == []


def test_each_arm_has_a_block_and_given_puzzles_are_called_given(tmp_path: Path) -> None:
    wrote(tmp_path / "main", FACTS)
    wrote(tmp_path / "human_own", {"puzzles": FACTS["puzzles"]})
    text = page_of({name: tmp_path / name for name in ("main", "human_own")})
    own, given = text.split(HEADING)[1].split("<details")[1:3]
    assert "<strong>main</strong>" in own
    assert "<strong>human_own</strong>" in given
    assert "were given to it" in given
    assert "were given to it" not in own
    assert "proposed" not in table_of(given)


OLD: list[dict[str, Any]] = [
    {"proposals": {"round": 0, "proposed": 5, "accepted": 2, "list": []}},
    {"proposals": {"proposed": 5, "rejected": REFUSED, "to_held_out": None, "novel": None}},
    {"proposals": {}},
    {"proposals": {"rejected": 7, "to_held_out": [], "list": 3, "guarded_sets": "x", "hard": None, "valid": "half"}},
    {"puzzles": {"puzzles": 3}},
    {"puzzles": {"puzzles": 3, "solve_rates": ["a"], "list": [None, {"puzzle": 4}, {"puzzle": "p", "tried": "x"}]}},
    {"puzzles": {"puzzles": 3, "solve_rates": [], "never": None}},
    {"views": {"made": 3}},
    {"hindsight": {"left_out": None}},
]


@pytest.mark.parametrize("facts", OLD)
def test_rounds_that_lack_keys_have_a_page(facts: dict[str, Any], tmp_path: Path) -> None:
    wrote(tmp_path, FACTS)
    reader = Reader(page_of({"main": wrote(tmp_path, facts, 1)}))
    assert reader.open == []
    alone = Reader(page_of({"main": wrote(tmp_path / "alone", facts)}))
    assert HEADING in alone.text
    assert puzzles.summary(puzzles.read({"main": tmp_path / "alone"}))[1][0] == "main, round 1"


def test_nothing_in_a_file_steers_the_terminal(tmp_path: Path) -> None:
    found = puzzles.summary(puzzles.read({"main": wrote(tmp_path, {"proposals": {"proposed": "5\x1b[31m"}})}))
    assert "'5\\x1b[31m'" in found[1]
    assert "\x1b" not in "".join(found[1])


def test_what_older_rounds_refused_for_a_guarded_puzzle_is_added_up(tmp_path: Path) -> None:
    text = page_of({"main": wrote(tmp_path, OLD[1])})
    assert table_of(text)["refused for a guarded puzzle"] == ["7"]
    assert "refused for a guarded puzzle" not in table_of(page_of({"main": wrote(tmp_path, OLD[0])}))


def hostile(place: str) -> dict[str, Any]:
    """The facts of a round with a hostile text in one place."""
    facts = json.loads(json.dumps(FACTS))
    counts = {HOSTILE: 1}
    if place in ("reason", "guarded_sets"):
        facts["proposals"]["rejected" if place == "reason" else place] = counts
    elif place == "concept":
        facts["proposals"]["concepts"]["asked"] = counts
    elif place in ("views", "hindsight"):
        facts[place]["left_out"] = counts
    elif place == "number":
        facts["proposals"]["proposed"] = HOSTILE
    else:
        facts[place]["list"] = [{**facts[place]["list"][0], "puzzle": f"def sat(x: int):\n    return '{HOSTILE}'"}]
        if place == "proposals":
            del facts["puzzles"]
    return facts  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "place", ["reason", "guarded_sets", "concept", "views", "hindsight", "number", "puzzles", "proposals"]
)
def test_hostile_text_of_a_round_stays_text(place: str, tmp_path: Path) -> None:
    reader = Reader(page_of({"main": wrote(tmp_path, hostile(place))}))
    assert HOSTILE in reader.text
    assert not {"script", "img"} & set(reader.tags)
    assert reader.open == []


def test_the_name_of_an_arm_stays_text_as_well(tmp_path: Path) -> None:
    reader = Reader(page_of({HOSTILE: wrote(tmp_path, FACTS)}))
    assert HOSTILE in reader.text
    assert "script" not in reader.tags


def test_easy_hard_and_unsolved_puzzles_are_shown_and_not_all(tmp_path: Path) -> None:
    rows = [{"puzzle": f"puzzle {number} .", "solved": number, "tried": 9} for number in (0, 0, 0, 1, 2, 3, 5, 8, 9)]
    facts = {"puzzles": {**FACTS["puzzles"], "list": rows}}
    shown = puzzles.blocks(puzzles.read({"main": wrote(tmp_path, facts)}))[0].shown
    assert [item.fate.split()[1] for item in shown] == ["9", "8", "2", "1", "0", "0"]
    assert shown[0].puzzle == "puzzle 9 ."


def test_a_file_that_is_no_json_is_named_and_nothing_is_made_up(tmp_path: Path) -> None:
    wrote(tmp_path, FACTS)
    file = tmp_path / "rounds" / "00" / "proposals.json"
    for content in ('{"proposed": 5', "[1, 2]", "\udcff"):
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
        with pytest.raises(InputError, match=r"proposals\.json"):
            puzzles.read({"main": tmp_path})


def test_the_page_of_a_real_run_still_asks_nobody_for_anything(run: Path) -> None:
    reader = Reader(write_page(run).read_text())
    assert reader.open == []
    assert not {"script", "link", "iframe", "img", "object"} & set(reader.tags)
    assert reports_of(run, recipe_of(run))["main"]
