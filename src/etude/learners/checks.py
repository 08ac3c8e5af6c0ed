"""What a learner refuses before it begins: settings out of range, libraries that are not installed."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from etude.errors import MissingError, RecipeError


def require_range(settings: Any, rules: Mapping[str, bool]) -> None:
    """Refuses settings that are out of range, by name.

    Args:
        rules: Setting -> whether it is as it should be.

    Raises:
        RecipeError: One is not.
    """
    for name, right in rules.items():
        if not right:
            raise RecipeError(
                f"{type(settings).__name__.lower()}.{name} is {getattr(settings, name)}",
                expected="a share from 0 to 1" if name == "warmup" else "a positive number, or 0 where that means off",
            )


def require_libraries(*more: str, extra: str = "train") -> None:
    """Refuses to train where torch, transformers, accelerate or one of `more` is not installed.

    Args:
        extra: The extra of this package that brings them.

    Raises:
        MissingError: One is not.
    """
    needed = ("torch", "transformers", "accelerate", *more)
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(
            f"{' and '.join(missing)} not installed", expected=", ".join(needed), fix=f"pip install 'etude[{extra}]'"
        )
