"""What a trainer hands over as a completion: text, or the messages of a chat. The words of the model, nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from etude.errors import InputError

Completion = str | Sequence[Mapping[str, Any]]
"""A text, or chat messages such as `[{"role": "assistant", "content": "…"}]`."""


def words_of(completion: Completion) -> str:
    """The text of a completion; of chat messages, what the assistant said last.

    Content in parts, as multimodal chats have it, is joined from its parts of type `text`.

    Raises:
        InputError: It is neither text nor messages.
    """
    if isinstance(completion, str):
        return completion
    given = list(completion) if isinstance(completion, Sequence) else [None]
    messages = [item for item in given if isinstance(item, Mapping)]
    if len(messages) != len(given):
        raise InputError(
            f"a completion is {type(completion).__name__}",
            expected='text, or chat messages: [{"role": "assistant", "content": "…"}]',
        )
    said = [item.get("content") for item in messages if item.get("role", "assistant") == "assistant"]
    return _joined(said[-1]) if said else ""


def _joined(content: Any) -> str:
    if content is None:  # a message that only calls a tool
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence) and all(isinstance(part, Mapping) for part in content):
        return "".join(str(part.get("text", "")) for part in content if part.get("type", "text") == "text")
    raise InputError(f"the content of a message is {type(content).__name__}", expected="text, or a list of parts")
