"""The world: right references, tests that tell, held-out behaviours that stay held out."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from etude.lab import corpus, world
from etude.lab.operations import CHANGES, FINALS, Step, by_name
from etude.lab.world import PROBES
from etude.records import identify
from etude.sources.lab import SPLITS, Lab


def tasks(split, **settings):
    return list(Lab(split=split, **settings).propose(None))


def run_trusted(program, name):
    """Our own generated code, not a model's: it may run here."""
    space = {}
    exec(program, space)
    return space[name]


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_world_does_not_depend_on_the_hash_seed(hash_seed):
    code = (
        "from etude.sources.lab import Lab; from etude.records import identify;"
        "print(identify([t for s in ('train','validation','test')"
        " for t in Lab(split=s, kinds=('functions','puzzles')).propose(None)]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True
    )
    ours = [task for split in SPLITS for task in tasks(split, kinds=("functions", "puzzles"))]
    assert told.stdout.strip() == identify(ours), told.stderr


@pytest.mark.parametrize("split", SPLITS)
def test_every_reference_passes_all_tests_of_its_task(split):
    checked = 0
    for task in tasks(split, given=10_000):
        function = run_trusted(task.reference, "f")
        for call in (*task.facts.shown.calls, *task.hidden.calls):
            assert repr(function(list(call.args[0]))) == repr(call.expected), task.reference
            checked += 1
    assert checked == 8 * sum(world.SIZES[split])


@pytest.mark.parametrize("split", SPLITS)
def test_hidden_arguments_differ_from_shown_ones(split):
    for task in tasks(split):
        shown = [call.args for call in task.facts.shown.calls]
        hidden = [call.args for call in task.hidden.calls]
        assert len(shown) == len(hidden) == 4
        assert all(args not in shown for args in hidden)


def test_the_prompt_shows_one_call_and_ends_before_the_newline():
    for task in tasks("train", size=50):
        first = task.facts.shown.calls[0]
        assert task.facts.prompt.endswith(f"# f({first.args[0]}) == {first.expected}")
        assert all(str(call.args[0]) not in task.facts.prompt for call in task.hidden.calls)


def test_no_constant_program_passes_a_task():
    for task in itertools.chain(tasks("train"), tasks("test")):
        outputs = [repr(call.expected) for call in (*task.facts.shown.calls, *task.hidden.calls)]
        assert len(set(outputs)) >= 3


def test_leaving_out_any_operation_fails_a_task():
    for function in world.functions(0, "train")[::5]:
        if function.grade == 1:
            continue
        calls = world.calls(function, 0)
        for place in range(function.grade):
            without = function.steps[:place] + function.steps[place + 1 :]
            assert any(repr(world.apply(without, list(args))) != repr(out) for args, out in calls)


def test_the_idioms_of_an_operation_mean_the_same():
    for operation in CHANGES + FINALS:
        for parameter in operation.parameters or (0,):
            step = Step(operation, parameter)
            for idiom in range(len(operation.code)):
                function = run_trusted(f"def f(xs):\n    return {step.expression(idiom)}", "f")
                for probe in PROBES:
                    assert repr(function(list(probe))) == repr(step.apply(list(probe)))


def test_operations_leave_their_argument_alone():
    for operation in CHANGES + FINALS:
        values = list(PROBES[1])
        Step(operation, 2).apply(values)
        assert values == list(PROBES[1]), operation.name


def test_wordings_are_unambiguous_and_rivals_are_of_the_same_kind():
    said = [wording for operation in CHANGES + FINALS for wording in operation.wordings]
    assert len(set(said)) == len(said)
    for operation in CHANGES + FINALS:
        rival = by_name()[operation.mistaken_for]
        assert rival.kind == operation.kind
        assert rival is not operation
        assert ("{k}" in rival.code[0]) <= ("{k}" in operation.code[0])


def test_test_and_validation_behaviours_occur_once_and_not_in_training():
    seen = {split: [world.behaviour(item.steps) for item in world.functions(0, split)] for split in SPLITS}
    assert len(set(seen["test"])) == len(seen["test"])
    assert not set(seen["test"]) & set(seen["validation"])
    assert not set(seen["train"]) & (set(seen["test"]) | set(seen["validation"]))


def test_grades_have_the_promised_sizes():
    for split in SPLITS:
        grades = [task.facts.difficulty for task in tasks(split)]
        assert tuple(grades.count(str(grade)) for grade in world.GRADES) == world.SIZES[split]


def test_given_solutions_are_as_many_as_asked_and_mostly_easy():
    chosen = [task for task in tasks("train", given=80) if task.reference]
    grades = [task.facts.difficulty for task in chosen]
    assert 76 <= len(chosen) <= 84
    assert grades.count("1") > grades.count("2") > grades.count("3") > grades.count("4")
    assert not [task for task in tasks("train", given=0) if task.reference]


def test_another_world_has_other_tasks_and_says_so_in_the_ids():
    here, there = tasks("test", size=20), tasks("test", size=20, seed=1)
    assert not {task.task_id for task in here} & {task.task_id for task in there}
    assert [task.facts.prompt for task in here] != [task.facts.prompt for task in there]


def bodies_with_held_out_behaviour(documents, banned):
    """Every function in a document's text, as it stands there, run on the probes."""
    found = 0
    for document in documents:
        text = document.prompt + document.completion
        for piece in [part for part in ("\n" + text).split("\ndef f(") if part]:
            function = run_trusted("def f(" + piece, "f")
            found += tuple(repr(function(list(probe))) for probe in PROBES) in banned
    return found


def function_documents(banned, count):
    stream = (item for item in corpus.documents(0, banned, frozenset()) if item.asked)
    return list(itertools.islice(stream, count))


def test_no_code_in_the_base_corpus_has_a_held_out_behaviour_right_or_wrong():
    banned = world.held_out(0)
    documents = [item for item in itertools.islice(corpus.lab_documents(0), 6000) if item.asked]
    assert sum("# fixed" in item.prompt for item in documents) > 100
    assert bodies_with_held_out_behaviour(documents, banned) == 0
    assert not [item for item in documents if world.behaviour(item.asked) in banned]


def test_the_same_check_finds_leaks_where_the_ban_is_off():
    documents = function_documents(frozenset(), 6000)
    assert bodies_with_held_out_behaviour(documents, world.held_out(0)) > 100


def test_wrong_code_alone_is_enough_to_refuse_a_document():
    banned = world.held_out(0)
    held = next(item for item in world.functions(0, "test") if item.grade == 2)
    harmless = next(iter(function_documents(banned, 1)))
    assert not corpus.shows(harmless, banned)
    assert corpus.shows(replace(harmless, written=(held.steps, *harmless.written)), banned)
