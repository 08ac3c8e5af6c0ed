"""What a model can do besides writing, and what a part of a recipe cannot do without.

A model declares its `caps`; a solver, learner or suite names those that it wants in `needs`, such as
`needs = ("train",)`. A recipe whose model lacks one is refused before anything is drawn. It tries nothing out: a server
may still refuse at first use what the protocol has a place for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etude.errors import RecipeError
from etude.offered import offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What a model can do besides writing.

    Attributes:
        logprobs: Its completions carry the log-probabilities of their tokens.
        score: It gives the log-probabilities of a text that it is shown.
        train: It has weights here, which learners can train and which it takes up again from another folder.
        chat: It is asked in turns of a conversation, not given a text to continue.
    """

    logprobs: bool = False
    score: bool = False
    train: bool = False
    chat: bool = False


WORDS = {
    "logprobs": "the log-probabilities of what it writes",
    "score": "the log-probabilities of a text that it is shown",
    "train": "weights that can be trained here",
    "chat": "a chat template, or a server's endpoint for chats",
}
FIXES = {
    "logprobs": "set model.logprobs = true where the model has that setting",
    "score": 'set model = { use = "huggingface", path = "FOLDER" }',
    "train": 'set learner.use = "keep" (nothing is trained), or model = { use = "huggingface", path = "FOLDER" }',
    "chat": 'set model.endpoint = "chat" for a server, model.style = "chat" for a model folder with a chat template',
}


def require_caps(name: str, model: Any, parts: Mapping[str, tuple[str, Any]]) -> None:
    """Refuses parts that want of the model what it has not.

    Args:
        name: The model's part, such as `openai`.
        model: The model; one that declares no caps is believed to have them all.
        parts: Where a part stands in the recipe, such as `learner` -> its name and the part.

    Raises:
        RecipeError: What is missing, for which part, which models may have it, what to set.
    """
    caps = getattr(model, "caps", None)
    if caps is None:
        return
    for place, (use, part) in parts.items():
        for need in getattr(part, "needs", ()):
            if need not in WORDS:
                raise RecipeError(
                    f"the {place} {use!r} needs {need!r}", choices=tuple(WORDS), fix=f"change {use}.needs"
                )
            if not getattr(caps, need):
                raise RecipeError(
                    f"the {place} {use!r} needs a model with {need} ({WORDS[need]}), and {name!r} has none",
                    expected=f"a model whose caps say {need}",
                    choices=_models_with(need),
                    fix=FIXES[need],
                )


def _models_with(need: str) -> tuple[str, ...]:
    """Names of the models that have a cap, with the right settings at least."""
    names = sorted(offered("models"))
    return tuple(name for name in names if need in _offers(name))


def _offers(name: str) -> tuple[str, ...]:
    from etude.config import find

    try:
        return tuple(getattr(find("models", name), "offers", ()))
    except RecipeError:  # somebody's part that cannot be loaded has nothing to offer
        return ()
