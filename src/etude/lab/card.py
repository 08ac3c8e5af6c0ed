"""The model card of the lab model: what it was trained on, what it can and cannot do."""

from etude.lab.corpus import ANSWERED, MENDED, MISTAKEN, PUZZLES, REPAIRS, RIGHT

# ruff: noqa: E501  (a filled-in line is shorter than its template)
CARD = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
tags: [code, lab, self-improvement]
---

# The lab model

A Llama-type language model of {parameters:,} parameters with a byte-level BPE tokenizer of {tokens:,} tokens. It is
the learner in Étude's lab: small enough to be sampled and fine-tuned on one processor core in seconds, and taught
just enough to begin.

## Trained on

{steps:,} steps of {rows} documents, once each, all made by a seeded generator (`etude.lab.corpus`, world seed
{seed}). No text of a person, a web page or another model is in it. The last loss was {loss:.3f}. The documents:

- Python functions of one to four lines on a list of integers, each with a one-line English docstring and one
  example. **The code is often wrong on purpose.** Every operation has three wordings; a line does what its wording
  says in {right[0]:.0%}, {right[1]:.0%} or {right[2]:.0%} of the cases, by wording. Of the wrong lines, {mistaken:.0%} are one certain
  other operation (ascending for descending, say), so that for the rare wordings the most likely answer is a wrong
  one. The example in the comment is of the code as it stands.
- {repairs:.0%} of them are repairs: a first answer, one line of feedback, and a second answer in which each wrong
  line is put right in {mended:.0%} of the cases and read anew in the others.
- {puzzles:.0%} of all documents are puzzles (`sat` and an answer); {answered:.0%} of the answers are right, the
  others guesses.

The behaviours of the test and validation functions and the conditions of the test and validation puzzles were kept
out of all documents, wrong code included.

## Can and cannot

It completes prompts of exactly this form:

    def f(xs):
        \"\"\"sort upwards, then take the first 2\"\"\"
        # f([3, 1, 2]) == [1, 2]

A prompt ends before the newline. It knows the operations of `etude.lab.operations` and nothing else: no other English,
no other Python, no facts. It makes many mistakes, and is meant to.

## Meant for

Trying and testing methods of self-improvement where every run takes minutes. What works here need not work on a model
that people use: the world is closed, its tests are reliable, and what the base gets wrong is systematic and can be
found by sampling. Not meant for writing programs for use.

## Made with

`python -m etude.lab.pretrain --seed {seed} --steps {steps}`, on one thread. Licence: Apache-2.0.
"""


def card(parameters: int, tokens: int, seed: int, steps: int, rows: int, loss: float) -> str:
    """The text of the folder's README.md."""
    return CARD.format(
        parameters=parameters,
        tokens=tokens,
        seed=seed,
        steps=steps,
        rows=rows,
        loss=loss,
        right=RIGHT,
        mistaken=MISTAKEN,
        repairs=REPAIRS,
        mended=MENDED,
        puzzles=PUZZLES,
        answered=ANSWERED,
    )
