"""The page of health cards: everything escaped, nothing from outside, every defect with its evidence."""

import re
from html.parser import HTMLParser
from pathlib import Path

from etude.auditing.card import Card, Finding, Survivor
from etude.auditing.summary import summary
from etude.viewer.cards import CardsPage, render, write_cards

EVIL = '</code><script>alert(1)</script> & \x00 \ud800 "quote"'
CARDS = [
    Card(
        task_id="t/<1>",
        defects=(Finding(name="cheat passes", detail=EVIL), Finding(name="weak tests", detail="2 of 8")),
        remarks=(Finding(name="similar prompt", detail="90% as t/2"),),
        mutants=8,
        killed=2,
        survivors=(Survivor(operator="comparison", line=3, was="if a < b:", now="if a <= b: # <script>"),),
        cheats=30,
        passed_cheats=("always <None>",),
        runs=6,
        passed=6,
        seconds=0.25,
    ),
    Card(task_id="t/2", mutants=2, killed=2, cheats=30, runs=6, passed=6),
]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.balanced = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced = self.balanced and bool(self.open) and self.open.pop() == tag


def page(cards: list[Card] = CARDS) -> str:
    return render(CardsPage(title="Audit of <b>x</b>", summary=summary(cards), cards=cards, settings={"seed": "<7>"}))


def test_everything_is_escaped_and_nothing_is_loaded() -> None:
    tags = Tags()
    tags.feed(page())
    assert tags.balanced
    assert not tags.open
    assert not {"script", "b", "img", "link", "iframe"} & set(tags.seen)
    assert "default-src 'none'" in page()
    assert not re.search(r"https?://|url\(|@import", page())
    assert "\\x00" in page()


def test_a_task_is_shown_with_its_evidence() -> None:
    text = page()
    for words in (
        "t/&lt;1&gt;",
        "cheat passes",
        "2 of 8",
        "90% as t/2",
        "if a &lt; b:",
        "if a &lt;= b: #",
        "comparison",
    ):
        assert words in text, words
    assert "2 of 8 mutants and 29 of 30 cheats were refused" in text
    assert "passed 6 of 6 runs" in text
    assert text.index("t/&lt;1&gt;") < text.index("Tasks without a defect") < text.index("t/2</strong>")


def test_a_page_without_tasks_or_defects_is_whole() -> None:
    assert "None." in page([])
    tags = Tags()
    tags.feed(page(CARDS[1:]))
    assert tags.balanced


def test_the_file_is_plain_ascii(tmp_path: Path) -> None:
    write_cards(tmp_path / "index.html", CardsPage(title="Ä", summary=summary(CARDS), cards=CARDS))
    assert (tmp_path / "index.html").read_bytes().isascii()
