"""The published outcomes of Dr. Boot counted again, and what is said of files that are none."""

import gzip
import json
from pathlib import Path

import pytest

from etude.cli import main
from etude.errors import InputError
from etude.outcomes.drboot import tables
from etude.outcomes.drboot_files import Logged, read_outcomes
from etude.outcomes.drboot_rounds import best_round
from etude.outcomes.tables import Spread, Table, encoded, texts


def samples(right: dict[str, int], n: int = 4, **more: object) -> list[object]:
    return [{"n": n, "task_id_to_total_correct": right, "total_correct": list(right.values()), **more}]


def test_file(first: dict[str, int], after: dict[str, int], **more: object) -> dict[str, object]:
    return {
        "full_feedback_test_greedy_pass@1": [50.0],
        "full_feedback_test_greedy_pass@1_errors_to_count": [{"NameError": 1}],
        "full_feedback_repair_test_greedy_repair@1": [75.0],
        "full_feedback_repair_test_greedy_repair@1_errors_to_count": [{"NameError": 1}],
        "full_feedback_test": samples(first),
        "full_feedback_repair_test": samples(after),
        **more,
    }


test_file.__test__ = False  # type: ignore[attr-defined]  # it is a maker of files
GOOD = test_file({"11": 4, "12": 0}, {"11": 4, "12": 2})


def written(folder: Path, value: object, name: str = "test_full_bootstrap_mbpp_1.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def named(found: list[Table], title: str) -> dict[tuple[object, ...], dict[str, object]]:
    """The rows of the one table with this title: (name, prompt or the like) -> column -> cell."""
    [table] = [table for table in found if table.title.startswith(title)]
    return {row[:2]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_counts_become_pass_at_k_and_repairs_a_share_of_what_was_wrong(tmp_path: Path) -> None:
    row = named(tables(written(tmp_path, GOOD)), "MBPP test, samples")["full-feedback bootstrap", "full"]
    assert (row["p@1"], row["p@2"]) == (Spread((50.0,)), Spread((50.0,)))
    assert row["r@1"] == Spread((75.0,))
    assert row["r@2"].mean == pytest.approx(100 * (1 + 5 / 6) / 2)
    assert row["p@5"] is None  # four samples say nothing of five
    assert row["mended"] == 50.0


def test_runs_of_one_setting_are_a_mean_with_the_deviation_of_a_population(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    other = {**GOOD, "full_feedback_test_greedy_pass@1": [40.0]}
    written(tmp_path, other, "test_full_bootstrap_mbpp_2.json")
    row = named(tables(tmp_path), "MBPP test, greedy")["full-feedback bootstrap", "full"]
    assert row["greedy@1"] == Spread((50.0, 40.0))
    assert (row["greedy@1"].mean, row["greedy@1"].deviation, row["runs"]) == (45.0, 5.0, 2)


def test_what_a_file_states_against_its_own_counts_is_told(tmp_path: Path) -> None:
    stated = test_file({"11": 4, "12": 0}, {"11": 4, "12": 2})
    stated["full_feedback_test"] = samples({"11": 4, "12": 0}, estimated={"1": 51.0, "2": 50.0})
    [table] = [item for item in tables(written(tmp_path, stated)) if item.title.startswith("MBPP test, samples")]
    assert "states 51.0000 for p@1, its counts give 50.0000" in table.notes[-1]
    assert not any("p@2," in note for note in table.notes)


def test_two_models_that_cannot_be_told_apart_are_named(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "test_regular_apps_1.json")
    written(tmp_path, GOOD, "test_plain_bootstrapping_apps_1.json")
    [table] = [item for item in tables(tmp_path) if item.title.startswith("APPS test, greedy")]
    assert "look like one model" in table.notes[-1]


def test_a_key_that_is_not_read_is_told(tmp_path: Path) -> None:
    found = tables(written(tmp_path, {**GOOD, "new_measure": [1.0]}))
    assert any("not read: new_measure" in note for table in found for note in table.notes)


@pytest.mark.parametrize(
    ("scores", "repaired", "picked"),
    [
        ([90.0, 10.0, 20.0], [], 2),  # the untrained model is never picked
        ([0.0, 20.0, 20.0, 10.0], [0.0, 30.0, 40.0, 90.0], 2),
        ([0.0, 20.0, 20.0], [0.0, 30.0, 30.0], 1),
        ([0.0], [], None),
    ],
)
def test_validation_picks_the_round(scores: list[float], repaired: list[float], picked: int | None) -> None:
    rounds = {"full_feedback_valid": tuple(scores)} | (
        {"full_feedback_repair_valid": tuple(repaired)} if repaired else {}
    )
    assert best_round(Logged(where="", arm="full", tasks="mbpp", run=1, rounds=rounds)) == picked


FAULTS = [
    ([], "an empty list where an object"),
    ({"a": [1]}, "none of the measurements"),
    ({**GOOD, "full_feedback_test_greedy_pass@1": 50.0}, "a number where a list of 1"),
    ({**GOOD, "full_feedback_test_greedy_pass@1": [500.0]}, "500.0 is no percentage"),
    ({**GOOD, "full_feedback_test_greedy_pass@1": [True]}, "True is no percentage"),
    ({**GOOD, "full_feedback_repair_test_greedy_repair@1": [20.0]}, "20.0 percent after repair, 50.0 before"),
    ({**GOOD, "full_feedback_test": samples({"11": 5})}, "task 11 has 5 right samples of 4"),
    ({**GOOD, "full_feedback_test": samples({"11": -1})}, "11 has the count -1"),
    ({**GOOD, "full_feedback_test": samples({})}, "no task_id_to_total_correct"),
    ({**GOOD, "full_feedback_test": samples({"11": 1}, n=0)}, "samples per task is 0"),
    ({**GOOD, "full_feedback_test": samples({"11": 1}, total_correct=[2])}, "differ"),
    ({**GOOD, "full_feedback_test": samples({"11": 1}, estimated=[1])}, "expected k -> percentage"),
    ({**GOOD, "full_feedback_test": [*samples({"11": 1}), 3]}, "a list where a list of one measurement"),
    ({**GOOD, "full_feedback_test": samples({"11": 1})}, "not of the same tasks"),
    ({**GOOD, "full_feedback_test": samples({"11": 4, "12": 3})}, "task 12 has 2 right after repair, 3 before"),
]


@pytest.mark.parametrize(("value", "said"), FAULTS)
def test_a_number_that_cannot_be_true_is_refused_with_its_place(tmp_path: Path, value: object, said: str) -> None:
    path = written(tmp_path, value)
    with pytest.raises(InputError, match=said) as caught:
        tables(path)
    assert str(path) in caught.value.found
    assert caught.value.expected
    assert caught.value.fix


def test_every_damaged_file_is_named_at_once_and_the_good_ones_stay_as_they_are(tmp_path: Path) -> None:
    good = written(tmp_path, GOOD)
    before = good.read_bytes()
    (tmp_path / "test_full_bootstrap_mbpp_2.json").write_text("")
    (tmp_path / "test_full_bootstrap_mbpp_3.json").write_text('{"a": [1,\n ]}')
    cut = gzip.compress(json.dumps(GOOD).encode())
    (tmp_path / "plain_bootstrap_mbpp_1.json.gz").write_bytes(cut[: len(cut) // 2])
    with pytest.raises(InputError, match="3 files are no outcomes") as caught:
        tables(tmp_path)
    said = str(caught.value)
    assert "test_full_bootstrap_mbpp_2.json, line 1, column 1: not JSON" in said
    assert "test_full_bootstrap_mbpp_3.json, line 2" in said
    assert "plain_bootstrap_mbpp_1.json.gz is damaged gzip data" in said
    assert good.read_bytes() == before


def test_a_place_without_outcomes_says_what_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="none of its 1 files has such a name") as caught:
        tables(tmp_path)
    assert "test_full_bootstrap_mbpp_1.json" in caught.value.expected
    assert caught.value.choices == ("other.json",)
    with pytest.raises(InputError, match="there is no"):
        tables(tmp_path / "absent")


def test_the_command_prints_tables_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, GOOD)
    assert main(["import", "drboot-outcomes", str(tmp_path)]) == 0
    assert "full-feedback bootstrap  full    1     50.00" in capsys.readouterr().out
    assert main(["import", "drboot-outcomes", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    [table] = [item for item in document["tables"] if item["title"].startswith("MBPP test, samples")]
    assert table["rows"][0]["r@1"] == {"mean": 75.0, "deviation": 0.0, "values": [75.0]}
    assert table["rows"][0]["p@5"] is None


def test_the_command_names_what_can_be_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "drboot", str(tmp_path)]) == 2
    assert "choices:  drboot-outcomes" in capsys.readouterr().err
    assert main(["import", "drboot-outcomes", str(tmp_path), "--json"]) == 2
    assert "holds no outcomes of Dr. Boot" in json.loads(capsys.readouterr().out)["error"]


def test_a_cell_is_text_for_people_and_a_number_for_machines() -> None:
    table = Table(
        "t", ("a", "b", "c", "d", "e"), (("x", 1234, 0.126, Spread((1.0, 2.0)), None), ("8,876", "", "1-2", "-3.5", 0))
    )
    assert texts(table)[1:] == [["x", "1,234", "0.13", "1.50±0.50", ""], ["8,876", "", "1-2", "-3.5", "0"]]
    first, second = encoded(table)["rows"]
    assert (first["b"], first["c"], first["d"]["mean"], first["e"]) == (1234, 0.126, 1.5, None)
    assert list(second.values()) == [8876, None, "1-2", -3.5, 0]


PUBLISHED = {
    # model, prompt: greedy@1, sd, greedy+repair, sd, p@1, p@2, p@5, p@10, r@1, r@2, r@5, r@10
    "mbpp": {
        ("regular fine-tune", "plain"): (15.07, 0.96, None, None, 10.67, 16.77, 26.28, 33.53),
        ("regular fine-tune", "full"): (
            14.80, 0.57, 14.87, 0.62, 10.05, 15.73, 24.92, 32.13, 11.07, 17.12, 26.81, 34.40,
        ),
        ("plain bootstrap", "plain"): (15.93, 0.62, None, None, 11.44, 17.25, 26.24, 33.27),
        ("plain bootstrap", "full"): (14.67, 1.33, 15.00, 1.18, 10.82, 16.63, 25.50, 32.27, 11.85, 18.02, 27.29, 34.33),
        ("simple-feedback bootstrap", "simple"): (
            17.47, 1.84, 20.33, 2.39, 13.50, 19.90, 28.82, 35.07, 18.80, 25.99, 35.34, 41.73,
        ),
        ("full-feedback bootstrap", "full"): (
            18.40, 0.28, 19.93, 0.09, 13.26, 19.74, 28.97, 35.67, 18.05, 25.30, 34.80, 41.60,
        ),
    },
    "apps": {
        ("regular fine-tune", "full"): (0.63, 0.08, 0.66, 0.09, 0.22, 0.41, 0.83, 1.32, 0.31, 0.55, 1.09, 1.68),
        ("plain bootstrap", "full"): (0.74, 0.03, 0.79, 0.04, 0.28, 0.51, 1.01, 1.57, 0.39, 0.70, 1.36, 2.10),
        ("full-feedback bootstrap", "full"): (0.41, 0.06, 0.67, 0.12, 0.19, 0.35, 0.71, 1.13, 0.34, 0.59, 1.14, 1.76),
    },
}  # fmt: skip
SAMPLED = ("p@1", "p@2", "p@5", "p@10", "r@1", "r@2", "r@5", "r@10")


@pytest.fixture(scope="module")
def found(data) -> list[Table]:  # type: ignore[no-untyped-def]
    return tables(data("drboot_outcomes"))


@pytest.mark.data
@pytest.mark.parametrize("tasks", ["mbpp", "apps"])
def test_the_published_tables_come_out_to_a_hundredth(found: list[Table], tasks: str) -> None:
    greedy = named(found, f"{tasks.upper()} test, greedy")
    sampled = named(found, f"{tasks.upper()} test, samples")
    assert set(sampled) == set(PUBLISHED[tasks])
    for key, (first, first_sd, after, after_sd, *numbers) in PUBLISHED[tasks].items():
        for column, mean, deviation in (("greedy@1", first, first_sd), ("greedy+repair", after, after_sd)):
            cell = greedy[key][column]
            assert (cell and round(cell.mean, 2), cell and round(cell.deviation, 2)) == (mean, deviation)
        cells = [sampled[key][column] for column in SAMPLED]
        assert [round(cell.mean, 2) for cell in cells if cell] == numbers


@pytest.mark.data
def test_the_untrained_model_and_the_beams_are_in_the_run_logs(found: list[Table]) -> None:
    rows = named(found, "MBPP test, greedy")
    plain = rows["untrained", "plain"]
    assert (plain["greedy@1"].mean, plain["beam-2"].mean) == pytest.approx((15.8, 17.2))
    assert (min(plain["2 samples"].values), max(plain["2 samples"].values)) == pytest.approx((11.8, 13.4))
    for prompt, alone, repaired in (("simple", 12.4, 13.0), ("full", 13.2, 14.2)):
        row = rows["untrained", prompt]
        assert (row["greedy@1"].mean, row["greedy+repair"].mean) == pytest.approx((alone, repaired))
    assert round(rows["plain bootstrap", "plain"]["beam-2"].mean, 2) == 19.73


@pytest.mark.data
def test_the_golden_vectors_of_single_runs_come_out_to_four_digits(found: list[Table]) -> None:
    golden = {
        ("MBPP", "full-feedback bootstrap 1"): (13.86, 20.5378, 29.3270, 35.6, 18.86, 26.28, 35.3476, 41.2),
        ("MBPP", "simple-feedback bootstrap 2"): (12.08, 18.48, 27.9619, 35.0, 17.72, 25.2356, 35.5040, 43.0),
        ("APPS", "plain bootstrap 2"): (0.3180, 0.5730, 1.1107, 1.6407, 0.4254, 0.7503, 1.4222, 2.1065),
    }
    for (name, run), numbers in golden.items():
        [row] = [row for key, row in named(found, f"{name} test, run by run").items() if key[0] == run]
        assert [round(row[column], 4) for column in SAMPLED] == pytest.approx(numbers, abs=1e-9)
        assert row["tasks"] == {"MBPP": 500, "APPS": 4937}[name]


@pytest.mark.data
def test_the_share_of_samples_that_a_repair_mends_comes_out(found: list[Table]) -> None:
    rows = named(found, "MBPP test, samples")
    shares = {
        key[0].split("-")[0].split(" ")[0]: row["mended"] for key, row in rows.items() if row["mended"] is not None
    }
    assert {name: round(share, 1) for name, share in shares.items()} == {
        "full": 5.5,
        "simple": 6.1,
        "plain": 1.2,
        "regular": 1.1,
    }


@pytest.mark.data
def test_apps_by_difficulty_comes_out(found: list[Table]) -> None:
    rows = named(found, "APPS test by difficulty")
    published = {
        ("plain bootstrap 2", "introductory"): (0.98, 4.70),
        ("plain bootstrap 2", "interview"): (0.18, 1.05),
        ("plain bootstrap 2", "competition"): (0.07, 0.40),
        ("full-feedback bootstrap 1", "introductory"): (0.52, 3.37),
        ("full-feedback bootstrap 1", "interview"): (0.18, 0.91),
        ("full-feedback bootstrap 1", "competition"): (0.03, 0.30),
    }
    assert {key: (round(rows[key]["p@1"], 2), round(rows[key]["p@10"], 2)) for key in published} == published
    sizes = {key[1]: row["tasks"] for key, row in rows.items()}
    assert sum(sizes.values()) == 4937


@pytest.mark.data
def test_scores_by_round_and_their_means_come_out(found: list[Table]) -> None:
    rows = named(found, "MBPP, greedy, percent of tasks by round")
    one = rows["full-feedback bootstrap 1", "test"]
    assert [round(one[str(at)], 1) for at in range(10)] == [13.2, 15.8, 19.2, 18.4, 16.2, 18.6, 20.4, 18.8, 20.4, 19.6]
    means: dict[str, list[float]] = {}
    for (run, measure), row in rows.items():
        if measure == "test":
            means.setdefault(run[:-2], []).append(row["mean 1-"].mean)
    assert {run: round(sum(values) / 3, 2) for run, values in means.items()} == {
        "plain bootstrap": 14.61,
        "simple-feedback bootstrap": 18.55,
        "full-feedback bootstrap": 18.20,
    }
    best = named(found, "APPS, greedy, percent of tasks by round")
    picked = [round(row[str(row["picked"])], 1) for key, row in best.items() if key[1] == "validation"]
    assert picked == [5.7, 5.9, 6.0, 5.9]
    assert round(max(best["full-feedback bootstrap 1", "validation, repaired"][str(at)] for at in range(10)), 1) == 6.5


@pytest.mark.data
def test_the_round_that_validation_picks_is_the_one_that_was_tested(data) -> None:  # type: ignore[no-untyped-def]
    tested, logged = read_outcomes(data("drboot_outcomes"))
    series = {"plain": "baseline_1_test", "simple": "simple_feedback_test", "full": "full_feedback_test"}
    pairs = 0
    for log in logged:
        for item in tested:
            if (item.arm, item.tasks, item.run) == (log.arm, "mbpp", log.run) and log.tasks == "mbpp":
                assert item.prompts[item.arm].greedy == log.rounds[series[log.arm]][best_round(log)]
                pairs += 1
    assert pairs == 9


@pytest.mark.data
def test_failures_divide_as_published(found: list[Table]) -> None:
    apps, mbpp = named(found, "APPS test, failures"), named(found, "MBPP test, failures")
    syntax = [row["syntax"] for row in apps.values()]
    wrong = [row["wrong value"] for row in apps.values()]
    values = [row["ValueError, EOFError"] for row in apps.values()]
    assert [round(edge) for edge in (min(syntax), max(syntax), min(wrong), max(wrong))] == [39, 60, 16, 39]
    assert [round(edge) for edge in (min(values), max(values))] == [10, 40]
    told = [row for row in mbpp.values() if row["wrong value"] is not None]
    assert [round(edge(row["wrong value"] for row in told)) for edge in (min, max)] == [61, 77]
    assert [round(edge(row["TypeError"] for row in told)) for edge in (min, max)] == [9, 12]
    assert len(mbpp) - len(told) == 3  # simple feedback names no error


@pytest.mark.data
def test_the_plain_bootstrap_of_seed_42_on_apps_is_the_regular_fine_tune(found: list[Table]) -> None:
    [table] = [item for item in found if item.title.startswith("APPS test, greedy")]
    [note] = [note for note in table.notes if "look like one model" in note]
    assert "plain bootstrap 1 and regular fine-tune 1" in note
    assert "all 13 error classes" in note


@pytest.mark.data
def test_the_published_files_state_what_their_counts_give(found: list[Table]) -> None:
    assert not [note for table in found for note in table.notes if "states" in note or "not read" in note]
