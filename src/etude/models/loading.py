"""A model folder becomes a network and a tokenizer that can be asked for tokens.

The one place that calls `from_pretrained`. It never reaches the network (hub ids are fetched by `folders`) and never
runs code that comes with a model. It neither trains nor samples.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etude.errors import InputError, MissingError
from etude.models.folders import WORDS, base_of, is_adapter

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A network ready to write.

    Attributes:
        network: The transformers model, in eval mode on `device`.
        tokenizer: Its tokenizer, with a padding token.
        encoder_decoder: True for T5 and its kin: the prompt goes to the encoder.
        start: The decoder's first token (encoder-decoder only; else -1).
        ends: Tokens that end a text.
        context: Positions the network knows, or None where it has no such limit.
        known: How many token ids the network has a row for.
        words: How many of them the tokenizer can decode; the others (padding of the matrix) are never drawn.
        accepts: Names of the network's forward arguments.
    """

    network: Any
    tokenizer: Any
    device: Any
    encoder_decoder: bool
    start: int
    ends: frozenset[int]
    context: int | None
    known: int
    words: int
    accepts: frozenset[str]


def load(folder: Path, device: str = "auto", dtype: str = "auto") -> Loaded:
    """Load network and tokenizer from a checked folder (see `folders.find_folder`).

    An adapter is merged into its base, which costs nothing afterwards; its own tokenizer is taken where it has one.

    Raises:
        InputError: The files do not make a model, or a setting is unknown.
        MissingError: torch or transformers is not installed, or the device is not there.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingError(
            f"{error.name} is not installed", expected="torch and transformers", fix="pip install 'etude[train]'"
        ) from None
    place = _place(torch, device)
    kind = _number_type(torch, dtype, place.type)
    adapter = folder if is_adapter(folder) else None
    folder = base_of(folder) if adapter else folder
    words = adapter if adapter and any(next(adapter.glob(name), None) for name in WORDS) else folder
    with quiet(transformers):
        config = _attempt(folder, "config", lambda: transformers.AutoConfig.from_pretrained(folder, **_LOCAL))
        tokenizer = _attempt(words, "tokenizer", lambda: transformers.AutoTokenizer.from_pretrained(words, **_LOCAL))
        encoder_decoder = bool(getattr(config, "is_encoder_decoder", False))
        family = transformers.AutoModelForSeq2SeqLM if encoder_decoder else transformers.AutoModelForCausalLM
        network, notes = _attempt(
            folder, "weights", lambda: family.from_pretrained(folder, dtype=kind, output_loading_info=True, **_LOCAL)
        )
    _require_weights(folder, notes)
    network = _attempt(adapter, "adapter", lambda: _merged(network, adapter)) if adapter else network
    network.to(place).eval()
    return ready(network, tokenizer)


def _merged(network: Any, adapter: Path) -> Any:
    try:
        import peft
    except ImportError:
        raise MissingError("peft, which reads adapters, is not installed", fix="pip install 'etude[train]'") from None
    return peft.PeftModel.from_pretrained(network, adapter, local_files_only=True).merge_and_unload()


def ready(network: Any, tokenizer: Any) -> Loaded:
    """The facts that decoding needs of a network and its tokenizer, such as one that is just being trained.

    The tokenizer is given a padding token where it has none.

    Raises:
        InputError: An encoder-decoder names no token to start with.
    """
    config = network.config
    known = int(network.get_input_embeddings().weight.shape[0])
    ends = frozenset(end for end in _ends(network, tokenizer) if end < known)
    # transformers gives some families tokens of its own that a small network has no row for.
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id >= known:
        tokenizer.pad_token_id = min(ends) if ends else 0
    text = config.get_text_config(decoder=True)
    return Loaded(
        network=network,
        tokenizer=tokenizer,
        device=network.device,
        encoder_decoder=bool(getattr(config, "is_encoder_decoder", False)),
        start=_start(network, tokenizer),
        ends=ends,
        context=getattr(text, "max_position_embeddings", None),
        known=known,
        words=min(len(tokenizer), known),
        accepts=frozenset(inspect.signature(network.forward).parameters),
    )


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Keep transformers' progress bars and warnings off the screen; its settings are put back afterwards."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


_LOCAL = {"local_files_only": True, "trust_remote_code": False}


def _attempt(folder: Path, what: str, action: Any) -> Any:
    try:
        return action()
    except (MemoryError, MissingError):
        raise
    except Exception as error:  # transformers raises a dozen kinds for a damaged folder
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
        raise InputError(
            f"the {what} in {folder} cannot be read: {type(error).__name__}: {reason[:300]}",
            expected="a folder that transformers can open without a network and without code of its own",
            fix="save model and tokenizer there again with save_pretrained",
        ) from error


def _require_weights(folder: Path, notes: dict[str, Any]) -> None:
    missing = sorted(str(name) for name in (notes.get("missing_keys") or ()))
    wrong = sorted(str(name) for name in (notes.get("mismatched_keys") or ()))
    if missing or wrong:  # transformers would fill them with random numbers
        raise InputError(
            f"the weights in {folder} do not fit its config: {len(missing)} missing, {len(wrong)} of another shape, "
            f"such as {(missing + wrong)[0]}",
            expected="every tensor that config.json asks for",
            fix="save the model again with save_pretrained",
        )


def _place(torch: Any, device: str) -> Any:
    name = device.split(":")[0]
    if name not in DEVICES:
        raise InputError(f"device is {device!r}", expected="a device torch knows here", choices=DEVICES)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if there[kind]))
    if not there[name] or (name == "cuda" and int(device.partition(":")[2] or 0) >= torch.cuda.device_count()):
        raise MissingError(
            f"this machine has no {device} that torch can use",
            choices=tuple(kind for kind in there if there[kind]),
            fix='set device = "auto"',
        )
    return torch.device(device)


def _number_type(torch: Any, dtype: str, place: str) -> Any:
    if dtype not in DTYPES:
        raise InputError(f"dtype is {dtype!r}", expected="a floating type of the weights", choices=DTYPES)
    return getattr(torch, ("bfloat16" if place == "cuda" else "float32") if dtype == "auto" else dtype)


def _ends(network: Any, tokenizer: Any) -> frozenset[int]:
    ends: set[int] = set()
    generation = getattr(network, "generation_config", None)
    for holder in (generation, network.config, tokenizer):
        value = getattr(holder, "eos_token_id", None)
        ends.update(value if isinstance(value, (list, tuple)) else [] if value is None else [value])
    return frozenset(int(end) for end in ends)


def _start(network: Any, tokenizer: Any) -> int:
    if not getattr(network.config, "is_encoder_decoder", False):
        return -1
    for holder in (network.config, getattr(network, "generation_config", None)):
        start = getattr(holder, "decoder_start_token_id", None)
        if start is not None:
            return int(start)
    for value in (tokenizer.bos_token_id, tokenizer.pad_token_id):
        if value is not None:
            return int(value)
    raise InputError(
        "the encoder-decoder model names no decoder_start_token_id",
        expected="decoder_start_token_id in config.json",
        fix="add the id of the padding or start token to config.json",
    )
