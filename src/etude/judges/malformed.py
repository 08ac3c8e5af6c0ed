"""Assertions that say less than they seem to: `assert f(x) == 1, 2` passes on 1 and takes the 2 as its message."""

from etude.programs.parse import assertion_fault
from etude.records import Tests


def malformed(tests: Tests) -> list[str]:
    """The assertions that are no honest check, each with its fault; they are judged as written all the same."""
    found = ((text, assertion_fault(text)) for text in tests.assertions)
    return [f"{text}: {fault}" for text, fault in found if fault]
