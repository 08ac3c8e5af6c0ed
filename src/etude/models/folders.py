"""Where a model's files lie: find the folder, check that it is whole, and hash it.

It reads file names and bytes only and needs no torch, so that a fingerprint (the key of every stored sample) is cheap
to have. A folder may hold a whole model, or a peft adapter alone, whose config names the model that it is put on. It
does not load a model.
"""

import fnmatch
import hashlib
import json
from pathlib import Path

from etude.errors import InputError, MissingError

CONFIG = ("config.json", "generation_config.json")
WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin", "pytorch_model*.bin.index.json")
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "vocab.txt", "merges.txt", "*.model",
             "special_tokens_map.json", "added_tokens.json", "chat_template.jinja")  # fmt: skip
WORDS = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")
"""Any one of these holds a tokenizer's vocabulary."""
ADAPTER_CONFIG, BASE = "adapter_config.json", "base_model_name_or_path"
ADAPTER = ("adapter_model.safetensors", "adapter_model.bin")
KEPT = (*CONFIG, *WEIGHTS, ADAPTER_CONFIG, *ADAPTER, *TOKENIZER)


def find_folder(path: str, revision: str | None = None) -> Path:
    """The folder of a local model, or of a hub model that is fetched (or already kept) by huggingface_hub.

    Args:
        path: A local folder, or a hub id such as `owner/name`.
        revision: Branch, tag or commit of a hub id.

    Raises:
        InputError: The folder lacks its config, weights or tokenizer, or holds an adapter that names no base.
        MissingError: There is no such folder, nor a hub model that can be reached.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        folder = _fetch(path, revision)
    if is_adapter(folder):
        base_of(folder)
        return folder
    _require(folder, CONFIG[:1], "config.json")
    _require(folder, WEIGHTS[::2], "weights (model.safetensors or pytorch_model.bin)")
    _require(folder, WORDS, "tokenizer (tokenizer.json)")
    return folder


def hash_folder(folder: Path) -> str:
    """16 hex digits over the names and bytes of config, weights and tokenizer; other files do not count.

    An adapter's are over itself and its base, wherever that lies.
    """
    total = hashlib.sha256()
    if is_adapter(folder):
        facts = {key: item for key, item in _adapter_facts(folder).items() if key != BASE}
        total.update(f"{hash_folder(base_of(folder))}\n{json.dumps(facts, sort_keys=True)}\n".encode())
    for file in _matching(folder, CONFIG + WEIGHTS + ADAPTER[1:] + TOKENIZER):
        with file.open("rb") as stream:
            total.update(f"{file.name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:16]


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds a peft adapter and no whole model."""
    if not (folder / ADAPTER_CONFIG).is_file():
        return False
    return all(file.name in ADAPTER for file in _matching(folder, WEIGHTS[::2]))


def base_of(folder: Path) -> Path:
    """The folder of the model that an adapter is put on.

    Raises:
        InputError: The adapter has no weights or names no base, or the base is an adapter itself.
        MissingError: The base is not there.
    """
    _require(folder, ADAPTER, "adapter weights (adapter_model.safetensors)")
    named = str(_adapter_facts(folder).get(BASE) or "")
    beside = folder / named
    base = find_folder(str(beside) if named and beside.is_dir() else named) if named else folder
    if is_adapter(base):
        raise InputError(
            f"the adapter in {folder} names no whole model to be put on ({BASE} is {named!r})",
            expected="the folder or hub id of its base model",
            fix=f"write it into {ADAPTER_CONFIG}, or merge the adapter (peft: merge_and_unload)",
        )
    return base


def _adapter_facts(folder: Path) -> dict[str, object]:
    try:
        facts = json.loads((folder / ADAPTER_CONFIG).read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder / ADAPTER_CONFIG} cannot be read: {error}", expected="what peft's save_pretrained writes"
        ) from None
    return facts if isinstance(facts, dict) else {}


def _matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    names = [file for file in folder.iterdir() if any(fnmatch.fnmatch(file.name, pattern) for pattern in patterns)]
    return sorted((file for file in names if file.is_file()), key=lambda file: file.name)


def _require(folder: Path, patterns: tuple[str, ...], what: str) -> None:
    if _matching(folder, patterns):
        return
    present = tuple(sorted(file.name for file in folder.iterdir()))[:12]
    raise InputError(
        f"the model folder {folder} has no {what}"
        + (f"; it holds {', '.join(present)}" if present else ": it is empty"),
        expected="an ordinary Hugging Face folder: config.json, weights and tokenizer files",
        fix="save both model and tokenizer into the folder with save_pretrained",
    )


def _fetch(path: str, revision: str | None) -> Path:
    looks_local = path.startswith((".", "/", "~")) or path.count("/") > 1 or path == ""
    if looks_local or "\\" in path or Path(path).exists():
        raise _absent(path)
    try:
        import huggingface_hub
    except ImportError:
        raise MissingError(
            f"there is no folder {path}, and huggingface_hub, which fetches hub models, is not installed",
            expected="a local model folder, or the library",
            fix="pip install 'etude[train]'",
        ) from None
    try:
        found = huggingface_hub.snapshot_download(path, revision=revision, allow_patterns=list(KEPT), tqdm_class=None)
    except Exception as error:  # every reason of the hub (name, network, rights) means the same to the user
        raise _absent(path, revision, reason=f"{type(error).__name__}: {_first_line(error)}") from None
    return Path(found)


def _absent(path: str, revision: str | None = None, reason: str = "") -> MissingError:
    parent = Path(path).expanduser().parent
    near = sorted(str(folder.parent) for folder in parent.glob("*/config.json"))[:8] if parent.is_dir() else []
    name = f"{path} (revision {revision})" if revision else path
    return MissingError(
        f"there is no model folder {name}" + (f", and the hub did not give it ({reason})" if reason else ""),
        expected="a local folder with config.json, weights and tokenizer, or a hub id such as owner/name and a network",
        choices=tuple(near),
        fix="check the path; without a network, copy the model folder here and give its path",
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")[:200]
