"""What verbs share of the command line: dotted overrides, lists of numbers, and how a result is printed."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from etude.errors import EtudeError


def overrides(extra: Sequence[str]) -> dict[str, str]:
    """`--solver.samples 8 --rounds=2` as a mapping of dotted keys to texts.

    Raises:
        EtudeError: Something is no dotted flag, or has no value.
    """
    found: dict[str, str] = {}
    rest = list(extra)
    while rest:
        flag = rest.pop(0)
        if not flag.startswith("--"):
            raise EtudeError(f"unexpected argument {flag!r}", expected="--recipe.key VALUE", fix="etude run -h")
        key, equals, value = flag.removeprefix("--").partition("=")
        if not equals:
            if not rest:
                raise EtudeError(f"{flag} has no value", expected=f"{flag} VALUE", fix="etude run -h")
            value = rest.pop(0)
        found[key.replace("-", "_")] = value
    return found


def numbers(text: str, name: str) -> tuple[int, ...]:
    """`1,5,10` as a tuple of positive whole numbers.

    Raises:
        EtudeError: A number is none, or not positive.
    """
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise EtudeError(f"{name} {text!r} is no list of whole numbers", expected=f"such as {name} 1,5,10")
    return found


def show(value: Any, as_json: bool, text: str = "") -> None:
    """Prints a result: one JSON value for machines, or text for people."""
    print(json.dumps(value, indent=2) if as_json else text)


def tell(text: str) -> None:
    """A remark beside the result, on standard error."""
    print(text, file=sys.stderr)
