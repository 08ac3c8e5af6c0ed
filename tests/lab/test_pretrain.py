"""The model: made from nothing in one command, the same bytes each time, an ordinary folder."""

import hashlib
import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from etude.lab import corpus, pretrain
from etude.records import Outcome, TestResult
from etude.sources.lab import Lab
from tests.conftest import require

require("transformers", reason="needs etude[train]")


@pytest.fixture(scope="module")
def tokenizer():
    import transformers

    return transformers.AutoTokenizer.from_pretrained(pretrain.HOME)


@pytest.fixture(scope="module")
def documents():
    return list(itertools.islice(corpus.lab_documents(0), 2000))


def fingerprint(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def train_in_a_process(folder, hash_seed):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "etude.lab.pretrain", "--out", str(folder), "--steps", "3"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "step 3/3" in done.stdout
    return fingerprint(folder)


@pytest.mark.whole
def test_two_trainings_give_the_same_bytes(tmp_path):
    first, second = train_in_a_process(tmp_path / "a", "1"), train_in_a_process(tmp_path / "b", "2")
    assert first == second
    assert {"model.safetensors", "tokenizer.json", "config.json", "README.md"} <= set(first)
    assert first["tokenizer.json"] == fingerprint(pretrain.HOME)["tokenizer.json"]
    assert first["model.safetensors"] != fingerprint(pretrain.HOME)["model.safetensors"]


def test_the_shipped_folder_is_an_ordinary_small_model(tokenizer):
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(pretrain.HOME)
    assert 500_000 <= sum(weights.numel() for weights in model.parameters()) <= 1_000_000
    assert sum(file.stat().st_size for file in pretrain.HOME.iterdir()) <= 5_000_000
    assert not [file for file in pretrain.HOME.iterdir() if file.suffix == ".py"]
    assert "auto_map" not in json.loads((pretrain.HOME / "config.json").read_text())
    assert model.config.max_position_embeddings == 512
    assert tokenizer.eos_token_id == model.config.eos_token_id is not None
    assert tokenizer.pad_token_id not in (None, tokenizer.eos_token_id)
    card = (pretrain.HOME / "README.md").read_text()
    assert "wrong on purpose" in card
    assert "apache-2.0" in card


def test_the_tokenizer_gives_back_every_document(tokenizer, documents):
    for item in documents:
        text = item.prompt + item.completion
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.parametrize("text", ["def g(n):\n\treturn {'ä': n}", "日本 \u200b\r\n  x  ==  1", "f(  )", "a , b .\n"])
def test_the_tokenizer_gives_back_any_text_without_tidying_or_adding_tokens(tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert not {tokenizer.eos_token_id, tokenizer.pad_token_id} & set(ids)


def test_every_digit_is_a_token_of_its_own(tokenizer):
    pieces = [tokenizer.decode([piece]) for piece in tokenizer("    # f([10, -27]) == 305")["input_ids"]]
    assert [piece for piece in pieces if any(mark.isdigit() for mark in piece)] == list("1027305")


def test_prompt_and_completion_meet_at_a_token_boundary(tokenizer, documents):
    for item in documents:
        apart = [*tokenizer(item.prompt)["input_ids"], *tokenizer(item.completion)["input_ids"]]
        assert apart == tokenizer(item.prompt + item.completion)["input_ids"]


def test_tasks_of_the_source_tokenise_as_the_documents_of_the_corpus_do(tokenizer, documents):
    """The first and last tokens of prompts and answers are those the model was trained on, in all kinds."""
    for kind, plain in (("functions", True), ("puzzles", False)):
        rows = [item for item in documents if bool(item.asked) is plain and "# fixed" not in item.prompt]
        tasks = list(Lab(kinds=(kind,), given=100, size=300).propose(None))
        known = {tuple(tokenizer(item.prompt)["input_ids"][:3]) for item in rows}
        starts = {tuple(tokenizer(item.completion)["input_ids"][:1]) for item in rows}
        for task in tasks:
            assert tuple(tokenizer(task.facts.prompt)["input_ids"][:3]) in known
            if task.reference:
                answer = task.reference.removeprefix(task.facts.prompt).rstrip("\n")
                assert tuple(tokenizer(answer)["input_ids"][:1]) in starts


def test_repairs_in_the_corpus_have_the_form_of_the_repair_prompt(documents):
    from etude.models.prompts import render
    from etude.solvers.feedback import feedback

    repairs = [item for item in documents if "\n# fixed\n" in item.prompt]
    assert len(repairs) > 50
    view = next(iter(Lab().propose(None))).view()
    for item in repairs:
        first, _, prompt = item.prompt.partition("\n# fixed\n")
        program, _, said = first.rpartition("\n# ")
        call, _, values = said.partition(" returned ")
        actual, _, expected = values.partition(", expected ")
        outcome = Outcome(
            status="failed", results=(TestResult(test=call, passed=False, actual=actual, expected=expected),)
        )
        mine = replace(view, prompt=prompt)
        words = feedback(outcome, "short")
        assert render("repair-complete.v1", mine, program=program, feedback=words) == item.prompt


@pytest.mark.whole
def test_check_accepts_the_shipped_folder_and_refuses_another_world(capsys):
    assert pretrain.main(["--check"]) == 0
    assert "without a held-out behaviour" in capsys.readouterr().out
    assert pretrain.main(["--check", "--seed", "5"]) == 2
    assert "not that of world 5" in capsys.readouterr().err
