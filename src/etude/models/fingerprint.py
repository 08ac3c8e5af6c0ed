"""The name of a model folder's content: equal weights, config and tokenizer, equal fingerprint, wherever it lies.

The one entry for rooms other than `models`; which files count is said in `etude.models.folders`.
"""

from pathlib import Path

from etude.models.folders import hash_folder


def fingerprint_folder(path: str | Path) -> str:
    """The fingerprint of a model folder: 16 hex digits over names and bytes of config, weights and tokenizer files.

    It equals `HuggingFace(path).fingerprint`. A README or Étude's own note on the training does not change it.

    Raises:
        OSError: A file cannot be read.
    """
    return hash_folder(Path(path))
