"""`etude audit` writes cards, an index and a page, goes on where it was killed, and says what it found."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from etude.auditing.card import Card
from etude.auditing.index import read
from etude.auditing.summary import summary
from etude.cli import main
from etude.errors import InputError
from etude.records import decode
from tests.auditing.planted import CLEAN, ELSEWHERE, PLANTED, TWIN

BAD = {row["task_id"]: row for _, row in PLANTED}
FEW = ["--runs", "1", "--mutants", "4", "--workers", "1"]


def task_file(place: Path, rows: list[dict[str, Any]], name: str = "tasks.jsonl") -> str:
    place.mkdir(exist_ok=True)
    (place / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"jsonl:{place / name}"


def test_every_flagged_task_is_a_line_and_the_numbers_are_summed_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = task_file(tmp_path, [*CLEAN[:2], BAD["bad/echo"], BAD["bad/wrong value"]])
    assert main(["audit", text, *FEW]) == 0
    said = capsys.readouterr().out
    assert said.startswith("4 tasks, 2 flagged\nmutation score ")
    assert "1 tasks fall to a cheat" in said
    assert re.search(r"task +defects +killed/mutants +cheats passed +runs passed +seconds", said)
    assert re.search(r"bad/wrong value +reference fails +0/0 +0 +0/2 ", said)
    assert main(["audit", text, *FEW, "--strict"]) == 1
    assert main(["audit", f"{text}[0:2]", *FEW, "--strict"]) == 0


def test_json_holds_cards_and_sums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = task_file(tmp_path, [CLEAN[1], BAD["bad/echo"]])
    assert main(["audit", text, *FEW, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    cards = [decode(Card, item) for item in found["cards"]]
    told = summary(cards)
    assert (found["tasks"], found["defects"]) == (2, {"cheat passes": 1})
    assert [item["task_id"] for item in found["flagged"]] == ["bad/echo"]
    assert found["mutation"] == {"mutants": told.mutants, "killed": told.killed, "score": told.score}
    assert found["mutation"]["mutants"] >= 4
    assert found["cheats"] == {"tried": told.cheats, "tasks": 1}


def test_a_folder_gets_cards_an_index_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, out = task_file(tmp_path, [CLEAN[0], BAD["bad/echo"]]), tmp_path / "out"
    assert main(["audit", text, *FEW, "--out", str(out)]) == 0
    assert f"cards, index and page: {out}" in capsys.readouterr().out
    assert [json.loads(line)["task_id"] for line in (out / "cards.jsonl").open()] == ["clean/clip", "bad/echo"]
    assert dict(read(out / "index.json").reasons) == {"bad/echo": ("cheat passes",)}
    page = (out / "index.html").read_text()
    assert "bad/echo" in page
    assert "cheat passes" in page


def test_a_folder_of_another_audit_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, out = task_file(tmp_path, [CLEAN[0]]), str(tmp_path / "out")
    assert main(["audit", text, *FEW, "--out", out]) == 0
    assert main(["audit", text, *FEW, "--seed", "3", "--out", out]) == 2
    assert "holds another audit: seed differ" in capsys.readouterr().err
    changed = task_file(tmp_path, [{**CLEAN[0], "prompt": "Another prompt for clip(x, low, high)."}])
    assert main(["audit", changed, *FEW, "--out", out]) == 2


def test_an_audit_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    text, out = task_file(tmp_path, CLEAN), tmp_path / "out"
    command = [sys.executable, "-m", "etude", "audit", text, *FEW, "--out", str(out)]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (out / "cards.jsonl").exists() or not (out / "cards.jsonl").read_bytes().count(b"\n"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = (out / "cards.jsonl").read_bytes()
    with (out / "cards.jsonl").open("ab") as file:
        file.write(b'{"task_id": "clean/')  # what a kill in the middle of a line leaves
    assert subprocess.run(command, capture_output=True).returncode == 0
    after = (out / "cards.jsonl").read_bytes()
    whole = before[: before.rfind(b"\n") + 1]
    assert after.startswith(whole), "cards that were there are not made again"
    names = [json.loads(line)["task_id"] for line in after.splitlines()]
    assert sorted(names) == sorted(row["task_id"] for row in CLEAN)


def test_twins_are_looked_for_in_other_task_sets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, other = task_file(tmp_path, [TWIN]), task_file(tmp_path, [ELSEWHERE], "other.jsonl")
    assert main(["audit", text, *FEW, "--json", "--against", other]) == 0
    [flagged] = json.loads(capsys.readouterr().out)["flagged"]
    assert flagged["defects"] == ["same behaviour"]
    assert f"other/tidy of {other}" in flagged["details"][0]


def test_a_quick_audit_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = task_file(tmp_path, [BAD["bad/echo"], BAD["bad/malformed"]])
    assert main(["audit", text, "--quick", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["defects"] == {"malformed assertion": 1}
    assert "cards" not in found


def test_a_broken_line_of_cards_is_named(tmp_path: Path) -> None:
    from etude.auditing.keeping import begun

    begun(tmp_path / "a", {"seed": 1})
    (tmp_path / "a" / "cards.jsonl").write_text('{"task_id": 7}\n')
    with pytest.raises(InputError, match="a line that is no card"):
        begun(tmp_path / "a", {"seed": 1})
