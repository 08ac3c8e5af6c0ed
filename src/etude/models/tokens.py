"""Text to token ids, in the one way that sampling, scoring and training must share.

A completion is generated after exactly the prompt's tokens. So prompt and completion are encoded apart, nothing is
added at the end of a causal prompt, and a merge never crosses the border. (For an encoder the end token is right.)
"""

import json
from pathlib import Path
from typing import Any, Literal

from etude.errors import InputError

Style = Literal["auto", "chat", "completion"]
"""How a model is asked: in a turn of a chat, with a text to continue, or `auto`: in a chat where it has a template."""


def prompt_tokens(tokenizer: Any, prompt: str, *, encoder_decoder: bool = False, style: Style = "auto") -> list[int]:
    """Token ids of a prompt, with the special tokens that the tokenizer puts in front.

    In a chat the prompt is the user's one turn, in the tokenizer's own template, and the assistant's turn is opened.
    Sampling, scoring and training all ask for ids here, so that a row is trained as it was met.

    A causal prompt gets no end token even where the tokenizer would add one. An empty prompt becomes the tokenizer's
    start (or end) token, since a network must be given something.

    Raises:
        InputError: A chat is wanted, and the tokenizer has no template or one that cannot take a single turn.
    """
    if chats(tokenizer, style):
        text = _turn(tokenizer, prompt)  # the template holds the special tokens
        return [int(token) for token in tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]]
    ids = [int(token) for token in tokenizer(prompt, verbose=False)["input_ids"]]
    if not encoder_decoder:
        plain = tokenizer(prompt, add_special_tokens=False, verbose=False)["input_ids"]
        special = {tokenizer.eos_token_id, tokenizer.sep_token_id} - {None}
        while ids and ids[-1] in special and len(ids) > len(plain):
            ids.pop()
    if ids:
        return ids
    return [next(int(end) for end in (tokenizer.bos_token_id, tokenizer.eos_token_id, 0) if end is not None)]


def chats(tokenizer: Any, style: Style) -> bool:
    """Whether prompts become turns of a chat.

    Raises:
        InputError: They shall, and the tokenizer has no template.
    """
    has = bool(getattr(tokenizer, "chat_template", None))
    if style == "chat" and not has:
        raise InputError(
            "the tokenizer has no chat template",
            expected="chat_template.jinja, or chat_template in tokenizer_config.json",
            fix='set model.style = "completion", or save the template into the model folder',
        )
    return has and style != "completion"


def has_template(folder: Path) -> bool:
    """Whether a folder's tokenizer has a chat template, by its files alone."""
    if (folder / "chat_template.jinja").is_file():
        return True
    try:
        return bool(json.loads((folder / "tokenizer_config.json").read_text()).get("chat_template"))
    except (OSError, ValueError, AttributeError):
        return False


def _turn(tokenizer: Any, prompt: str) -> str:
    """The prompt as a user's turn, the assistant's turn opened after it."""
    try:
        return str(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
            )
        )
    except Exception as error:  # jinja's errors, and what templates raise by themselves
        raise InputError(
            f"the tokenizer's chat template refuses one turn of a user: {type(error).__name__}: {str(error)[:200]}",
            expected="a template for a conversation of one turn",
            fix='set model.style = "completion"',
        ) from None


def target_tokens(tokenizer: Any, target: str) -> list[int]:
    """Token ids of a completion, without any special token.

    A tokenizer that marks the start of a text with a space (SentencePiece) would put one in front of the completion
    too; there the text is encoded behind a sentinel line, and the sentinel's tokens are taken off.
    """
    plain = [int(token) for token in tokenizer(target, add_special_tokens=False, verbose=False)["input_ids"]]
    if not target or not _marks_start(tokenizer):
        return plain
    sentinel = [int(token) for token in tokenizer("\n", add_special_tokens=False, verbose=False)["input_ids"]]
    whole = [int(token) for token in tokenizer("\n" + target, add_special_tokens=False, verbose=False)["input_ids"]]
    return whole[len(sentinel) :] if sentinel and whole[: len(sentinel)] == sentinel else plain


def _marks_start(tokenizer: Any) -> bool:
    """Whether the tokenizer's first token differs from the same text's token further on."""
    first = tokenizer("a", add_special_tokens=False, verbose=False)["input_ids"]
    later = tokenizer("\na", add_special_tokens=False, verbose=False)["input_ids"]
    return bool(first) and first[-1] != later[-1]


def fit(ids: list[int], context: int | None, max_tokens: int, *, bos: int | None = None) -> tuple[list[int], int]:
    """Fit a prompt and its completion into `context` positions.

    A completion is left at least half of the context where it asks for that much. A prompt that is too long loses its
    beginning (a start token stays), never its end: that is where the question is.

    Returns:
        The prompt's ids, and how many tokens may follow them.
    """
    if context is None or len(ids) + max_tokens <= context:
        return ids, max_tokens
    room = max(context - min(max_tokens, max(1, context // 2)), 1)
    if len(ids) > room:
        keep = [bos] if bos is not None and ids[0] == bos and room > 1 else []
        ids = keep + ids[len(ids) - room + len(keep) :]
    return ids, max(0, min(max_tokens, context - len(ids)))
