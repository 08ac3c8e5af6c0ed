"""Data sets of the Hugging Face hub: their Parquet and JSON files are downloaded; no data set script is ever run.

Files already downloaded are used again without a network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from etude.errors import InputError, MissingError
from etude.protocols import State
from etude.sources.files import locate
from etude.sources.naming import known
from etude.sources.own_format import tasks_of
from etude.sources.rows import Row, read_rows
from etude.tasks import Task

SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".json", ".json.gz")
SPLITS = ("train", "validation", "test")


@dataclass
class Hub:
    """Tasks from a data set of the hub, in the format of a task of your own (see `etude.sources.own_format`).

    Args:
        path: The data set, `OWNER/NAME`.
        split: Take the files named after this split; "" takes all files, which must then be of one split.
        config: Take the files of this folder of the data set.
        mapping: Our key -> the data set's key, where they differ: `{prompt = "question"}`.
        revision: A commit, a tag or a branch; "" for the newest.
        skip_invalid: Leave out rows that are no task instead of refusing them all.
    """

    path: str = ""
    split: str = ""
    config: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    revision: str = ""
    skip_invalid: bool = False

    def propose(self, state: State | None, n: int | None = None) -> Iterator[Task]:
        """Yields the tasks of the data set.

        Raises:
            MissingError: The hub cannot be reached, or a library is not installed.
            InputError: There is no such data set or split, or a row is no task.
        """
        if self.path.strip("/").count("/") != 1:
            raise InputError(f"no data set of the hub: {self.path!r}", expected="hub:OWNER/NAME")
        folder = download(self.path.strip("/"), [f"*{suffix}" for suffix in SUFFIXES], self.revision)
        rows = [self._mapped(row) for row in read_rows(self._files(folder))]
        yield from islice(tasks_of(rows, f"hub:{self.path}", self.skip_invalid), n)

    def _files(self, folder: Path) -> list[Path]:
        base = folder / self.config if self.config else folder
        files = _of_one_kind(locate(base, ["**/*"]))
        splits = {file: _split_of(file.relative_to(folder)) for file in files}
        found = sorted({split for split in splits.values() if split})
        if self.split:
            known("split", self.split, found or ["train"])
            return [file for file in files if splits[file] == self.split]
        if len(found) > 1 or not files:
            raise InputError(
                f"hub:{self.path} has {len(found) or 'no'} splits", choices=tuple(found), fix=f"hub:{self.path}[SPLIT]"
            )
        return files

    def _mapped(self, row: Row) -> Row:
        for theirs in self.mapping.values():
            if theirs not in row.values:
                raise InputError(f"{row.where}: the row has no {theirs!r}", choices=tuple(map(str, row.values)))
        taken = set(self.mapping.values())
        values = {name: value for name, value in row.values.items() if name not in taken}
        mapped = {ours: row.values[theirs] for ours, theirs in self.mapping.items()}
        return Row(row.where, row.number, values | mapped)


def _of_one_kind(files: Sequence[Path]) -> list[Path]:
    """The data files, Parquet where there is any; a repository may hold the same rows in two formats."""
    data = [file for file in files if file.name != "dataset_infos.json"]
    groups = ([file for file in data if file.name.endswith(suffix)] for suffix in SUFFIXES)
    return next((group for group in groups if group), [])


def _split_of(file: Path) -> str:
    """The split that a file of the hub belongs to: `data/test-00000-of-00001.parquet`, `test/part.jsonl`."""
    words = [file.name.partition(".")[0].partition("-")[0], *reversed(file.parts[:-1])]
    return next((word for word in words if word in SPLITS), words[0])


def published(path: str, patterns: Sequence[str], repository: str) -> list[Row]:
    """The rows of a benchmark: of the place the user gave, or else of its repository on the hub.

    Args:
        path: A file, a folder, or "" for the hub.
        patterns: Glob patterns of the published files, the best first.
        repository: The benchmark's data set on the hub.
    """
    return read_rows(locate(path or download(repository, patterns), patterns))


def download(repository: str, patterns: Sequence[str], revision: str = "") -> Path:
    """The folder with the files of a hub data set that fit the patterns.

    Raises:
        MissingError: huggingface_hub is not installed, the hub cannot be reached, or access was refused.
        InputError: There is no such data set or revision.
    """
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError:
        raise MissingError(
            f"{repository} is on the Hugging Face hub, and huggingface_hub is not installed",
            fix="pip install huggingface_hub, or give a local path: NAME:PATH",
        ) from None
    try:
        options = {"repo_type": "dataset", "revision": revision or None, "allow_patterns": list(patterns)}
        return Path(snapshot_download(repository, **options))
    except errors.GatedRepoError:
        raise MissingError(f"the data set {repository} asks for an agreement first", fix="hf auth login") from None
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"no data set {repository!r} on the hub: {reason}", expected="hub:OWNER/NAME") from None
    except (OSError, errors.HfHubHTTPError) as error:
        raise MissingError(
            f"the Hugging Face hub cannot be reached ({type(error).__name__}), so {repository} cannot be downloaded",
            fix="give a local file or folder instead, NAME:PATH, such as humaneval:~/data/HumanEval.jsonl.gz",
        ) from None
