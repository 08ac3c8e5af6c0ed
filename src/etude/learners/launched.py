r"""Fine-tuning in several processes: `accelerate launch -m etude.learners.launched ROWS.parquet --model M --out DIR`.

It trains on the rows of a round (or on any Parquet file with `prompt` and `target`) as `sft` does within a run, and
leaves the same folder, `DIR/model`. Each process that the launcher starts runs this whole file; the first one writes.

    torchrun --nproc_per_node 2 -m etude.learners.launched runs/a/rounds/00/rows.parquet \
        --model runs/base --out runs/wide --set batch_size=8 --set lora=16
    accelerate launch --config_file "$(python -m etude.learners.launched --config)" -m etude.learners.launched \
        rows.parquet --model Qwen/Qwen2.5-Coder-0.5B --out runs/wide --set epochs=2
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from etude.config import Part, build, value
from etude.errors import EtudeError, InputError, MissingError
from etude.learners.processes import is_main
from etude.models.folders import find_folder, hash_folder
from etude.protocols import State
from etude.records import Agent, Example


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 where the user must mend something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=Path, help="a Parquet file of training rows")
    parser.add_argument("--model", help="the folder or hub id to train from")
    parser.add_argument("--out", type=Path, help="where `model` is written")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of sft")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", action="store_true", help="print the path of the FSDP config that ships with this")
    options = parser.parse_args(arguments)
    if options.config:
        print(resources.files("etude.learners") / "fsdp.yaml")
        return 0
    if not (options.rows and options.model and options.out):
        parser.error("ROWS, --model and --out are wanted")
    try:
        learned = learn(options.rows, options.model, options.out, settings(options.set), options.seed)
    except EtudeError as error:
        print(error, file=sys.stderr)
        return 2
    if is_main():
        print(f"{learned.model} {learned.fingerprint}")
    return 0


def learn(rows: Path, model: str, out: Path, chosen: dict[str, object], seed: int) -> Agent:
    """The agent that has learned from a file of rows.

    Raises:
        InputError: The file cannot be read as rows.
        RecipeError: A setting is unknown or out of range.
    """
    learner = build("learners", Part.model_validate({"use": "sft", **chosen}))
    base = Agent(model=model, fingerprint=hash_folder(find_folder(model)))
    state = State(round=0, seed=seed, folder=out, base=base, agent=base)
    agent: Agent = learner.learn(base, read_rows(rows), state)
    return agent


def settings(texts: Sequence[str]) -> dict[str, object]:
    """`NAME=VALUE` texts as settings, each value as TOML reads it.

    Raises:
        InputError: A text has no `=`.
    """
    for text in texts:
        if "=" not in text:
            raise InputError(f"--set {text} names no value", expected="NAME=VALUE, such as --set lora=16")
    return {name: value(text) for name, _, text in (item.partition("=") for item in texts)}


def read_rows(path: Path) -> list[Example]:
    """The rows of a Parquet file; columns that a row does not know are left out.

    Raises:
        InputError: There is no such file, or it lacks `prompt` or `target`.
        MissingError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingError("pyarrow is not installed", fix="pip install 'etude[train]'") from None
    try:
        table = pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}", expected="a round's rows.parquet") from None
    known, wanted = Example.__dataclass_fields__, {"prompt", "target"}
    if table and not wanted <= set(table[0]):
        raise InputError(f"{path} has the columns {', '.join(table[0])}", expected="`prompt` and `target` among them")
    plain = {"program": "", "task_id": ""}
    return [Example(**{**plain, **{name: row[name] for name in row if name in known}}) for row in table]


if __name__ == "__main__":
    sys.exit(main())
