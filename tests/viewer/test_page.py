"""The page says what it was given, and nothing it was given can do anything."""

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from etude.errors import StorageError
from etude.suites.estimate import mean_pass
from etude.viewer import page as viewer
from etude.viewer.page import ReportPage, percent, render, write_report

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!-- {{ 7*7 }} {% raw %}"


class Reader(HTMLParser):
    """Reads a page as a browser would: its tags, its attributes, its text; complains of tags left open."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.attributes, self.words = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)


def test_the_page_is_well_formed_and_asks_nobody_for_anything(page):
    text = render(page)
    reader = Reader(text)
    assert reader.open == []
    assert not {"script", "link", "iframe", "img", "object", "base", "form"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name in ("src", "href") or name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_every_number_stands_with_its_interval(page):
    text = Reader(render(page)).text
    for reports in page.arms.values():
        for report in reports:
            assert percent(report.pass_at["1"]) in text
    for comparison in page.comparisons:
        assert percent(comparison.difference, signed=True) in text


def test_what_a_reader_must_know_is_said(page):
    text = Reader(render(page)).text
    assert "15 samples could not be judged" in text
    assert "Isolation: namespaces" in text
    assert "rounds = 4" in text
    assert "'[' was never closed" in text
    assert "return [x + x for x in xs]" in text


def test_there_is_a_curve_with_a_band_for_every_arm(page):
    text = render(page)
    first = text[text.index("<h3>pass@1</h3>") :].split("</figure>")[0]
    assert first.count("<polyline") == 3
    assert first.count('class="band') == 3
    assert first.count("<circle") == 5 + 5 + 2
    assert {"main", "references only", "unverified"} <= set(re.findall(r"</i>([^<]+)</li>", first))


@pytest.mark.parametrize("field", ["title", "recipe", "notes", "machine", "arm", "grade", "status", "case"])
def test_hostile_text_stays_text_wherever_it_stands(page, field):
    report = page.arms["main"][1]
    if field in ("title", "recipe"):
        bad = dataclasses.replace(page, **{field: HOSTILE})
    elif field == "notes":
        bad = dataclasses.replace(page, notes=[HOSTILE])
    elif field == "machine":
        bad = dataclasses.replace(page, machine={HOSTILE: HOSTILE})
    elif field == "arm":
        bad = dataclasses.replace(page, arms={**page.arms, HOSTILE: [dataclasses.replace(report, name=HOSTILE)]})
    elif field == "grade":
        odd = dataclasses.replace(report, by_difficulty={HOSTILE: report.pass_at["1"]})
        bad = dataclasses.replace(page, arms={"main": [odd]})
    elif field == "status":
        bad = dataclasses.replace(page, arms={"main": [dataclasses.replace(report, statuses={HOSTILE: 5})]})
    else:
        names = [item.name for item in dataclasses.fields(viewer.Case) if item.name not in ("repaired_passed",)]
        bad = dataclasses.replace(page, cases=[viewer.Case(**dict.fromkeys(names, HOSTILE))])
    reader = Reader(render(bad))
    assert HOSTILE in reader.text
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert reader.open == []


def test_programs_keep_their_first_blank_line_and_show_what_cannot_be_seen(page):
    program = "\n\n    return '\x00\x1b[31m\ud800' # é 漢"
    text = render(
        dataclasses.replace(page, cases=[viewer.Case(task_id="t", prompt="p", program=program, status="error")])
    )
    assert "<pre>\n\n\n    return &#39;\\x00\\x1b[31m\\xd800&#39; # é 漢</pre>" in text


def test_the_file_is_ascii_and_is_replaced_in_one_step(page, tmp_path):
    path = tmp_path / "deep" / "report.html"
    write_report(path, page)
    assert path.read_bytes().isascii()
    write_report(path, dataclasses.replace(page, title="Später"))
    assert "Später" in Reader(path.read_text()).text
    assert [item.name for item in path.parent.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_a_storage_error(page, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        write_report(tmp_path / "file" / "report.html", page)


def test_a_run_without_any_report_still_has_a_page():
    text = Reader(render(ReportPage(title="New", recipe="", arms={"main": []}))).text
    assert "Nothing has been measured yet." in text


def test_a_run_that_solves_nothing_has_a_page(page):
    counts = dict.fromkeys("abc", (0, 4))
    empty = {"by_difficulty": {}, "statuses": {}, "budget": {}}
    report = dataclasses.replace(page.arms["main"][0], counts=counts, pass_at={"1": mean_pass(counts, 1)}, **empty)
    text = Reader(render(ReportPage(title="New", recipe="", arms={"main": [report]}))).text
    assert "0.0 [0.0, 0.0]" in text


def test_signed_numbers_never_read_minus_zero():
    from etude.records import Estimate

    assert percent(Estimate(value=-0.0, low=-0.0, high=0.0), signed=True) == "+0.0 [+0.0, +0.0]"
    assert percent(None) == "–"


def test_repairs_have_a_chart_and_words_and_an_oracle_is_named(page):
    from etude.records import Point
    from etude.viewer import repairs

    samples = tuple(Point(generations=k, tokens=10.0 * k, value=0.1 * k) for k in (1, 2, 3))
    chains = tuple(Point(generations=2 * k, tokens=18.0 * k, value=0.2 * k) for k in (1,))
    last = dataclasses.replace(page.arms["main"][-1], curves={"samples": samples, "chains": chains}, oracle=True)
    arms = {**page.arms, "main": [*page.arms["main"][:-1], last]}
    text = render(dataclasses.replace(page, arms=arms, notes=repairs.notes(arms)))
    assert "Samples or repairs, main" in text
    assert "2.00 generations a sample" in text
    assert "from 18 tokens per task on" in text
    assert "Oracle: in main" in text
    Reader(text)
    assert repairs.notes(page.arms) == repairs.charts(page.arms) == []
