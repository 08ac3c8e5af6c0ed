"""Rows to tokens: what sampling sees, what is learned, what is cut, and in which order."""

import dataclasses

import pytest

from etude.errors import InputError
from etude.learners.tokens import IGNORED, Row, collator, encode, order
from etude.models.tokens import prompt_tokens


@pytest.fixture(scope="module")
def tokenizer(llama):
    import transformers

    return transformers.AutoTokenizer.from_pretrained(llama)


def encoded(examples, tokenizer, room=64, **more):
    return encode(examples, tokenizer, **{"end": 2, "room": room, "encoder_decoder": False, **more})


def test_a_row_is_the_prompt_as_sampled_then_the_target_then_the_end(tokenizer, make_example):
    row = encoded([make_example("def f(xs):", "\n    return xs")], tokenizer).rows[0]
    assert row.prompt == prompt_tokens(tokenizer, "def f(xs):")
    assert row.prompt[0] == 1
    assert row.target[-1] == 2
    assert tokenizer.decode(row.target[:-1]) == "\n    return xs"


def test_prompt_and_target_are_never_merged_over_the_border(tokenizer, make_example):
    joint = tokenizer("sorted")["input_ids"]
    row = encoded([make_example("sor", "ted")], tokenizer).rows[0]
    assert row.prompt + row.target[:-1] != joint
    assert row.prompt == tokenizer("sor")["input_ids"]


def test_a_long_prompt_loses_its_beginning_but_neither_start_token_nor_target(tokenizer, make_example):
    long = make_example("one two three " * 20 + "def f(xs):", "\n    return xs")
    whole, short = encoded([long], tokenizer, room=999), encoded([long], tokenizer, room=30)
    row = short.rows[0]
    assert short.cut == 1
    assert len(row.prompt) + len(row.target) == 30
    assert row.target == whole.rows[0].target
    assert row.prompt[0] == 1
    assert row.prompt[1:] == whole.rows[0].prompt[-len(row.prompt) + 1 :]


def test_a_target_that_does_not_fit_is_dropped_and_counted(tokenizer, make_example):
    result = encoded([make_example("a", "sort the list " * 30), make_example("a", "one")], tokenizer, room=20)
    assert (len(result.rows), result.dropped) == (1, 1)


def test_encoder_and_decoder_each_have_the_room(tokenizer, make_example):
    long = make_example("one two three " * 20, "sort the list " * 2)
    row = encoded([long], tokenizer, room=20, encoder_decoder=True).rows[0]
    assert len(row.prompt) == 20
    assert len(row.target) <= 20


def test_equal_weights_change_nothing_and_unequal_ones_keep_a_mean_of_one(tokenizer, make_example):
    twos = encoded([make_example("a", "one", weight=2.0), make_example("b", "two", weight=2.0)], tokenizer)
    assert {row.weight for row in twos.rows} == {1.0}
    mixed = encoded([make_example("a", "one", weight=1.0), make_example("b", "two three", weight=3.0)], tokenizer).rows
    tokens = sum(len(row.target) for row in mixed)
    assert sum(len(row.target) * row.weight for row in mixed) == pytest.approx(tokens)
    assert mixed[1].weight == pytest.approx(3 * mixed[0].weight)


def test_a_row_of_weight_zero_teaches_nothing(tokenizer, make_example):
    result = encoded([make_example("a", "one", weight=0.0), make_example("b", "two")], tokenizer)
    assert (len(result.rows), result.silent) == (1, 1)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_weight_is_refused(tokenizer, make_example, weight):
    with pytest.raises(InputError, match="weight"):
        encoded([make_example("a", "one", weight=weight)], tokenizer)


def test_a_preference_pair_is_refused_with_the_kinds_that_can_be_learned(tokenizer, make_example):
    with pytest.raises(InputError, match="sft, demo, text"):
        encoded([dataclasses.replace(make_example("a", "one"), kind="pair")], tokenizer)


def test_labels_stand_for_the_last_columns_and_hold_targets_only():
    rows = [Row([1, 5, 6], [7, 2], 1.0), Row([1, 8], [9, 9, 9, 2], 1.0)]
    batch = collator(0, encoder_decoder=False)(rows)
    assert batch["input_ids"].tolist() == [[1, 5, 6, 7, 2, 0], [1, 8, 9, 9, 9, 2]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1, 0], [1] * 6]
    no = IGNORED
    assert batch["labels"].tolist() == [[no, no, 7, 2, no], [no, 9, 9, 9, 2]]


def test_every_epoch_trains_on_every_row_once_grouped_or_not():
    lengths = [7, 3, 9, 1, 5, 5, 2]
    for grouped in (False, True):
        placed = order(lengths, batch=2, accumulation=1, total=21, seed=3, grouped=grouped)
        assert sorted(placed) == sorted(list(range(7)) * 3)


def test_the_order_is_the_seeds():
    one, same, other = (
        order(range(40), batch=4, accumulation=2, total=80, seed=seed, grouped=True) for seed in (1, 1, 2)
    )
    assert one == same != other


def test_grouped_batches_hold_rows_of_similar_length_in_random_order():
    lengths = [index % 50 for index in range(400)]

    def spread(placed):
        parts = [[lengths[index] for index in placed[at : at + 8]] for at in range(0, len(placed), 8)]
        return sum(max(part) - min(part) for part in parts) / len(parts), [min(part) for part in parts]

    loose, _ = spread(order(lengths, batch=8, accumulation=1, total=400, seed=0, grouped=False))
    tight, firsts = spread(order(lengths, batch=8, accumulation=1, total=400, seed=0, grouped=True))
    assert tight < loose / 3
    assert firsts[:8] != sorted(firsts[:8])
