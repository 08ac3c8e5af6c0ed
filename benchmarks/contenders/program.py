"""One program of a workload as plain data, so that it crosses to any interpreter by `marshal`.

It knows nothing of where programs come from and of who runs them.
"""

from typing import TypedDict

Pair = tuple[str, str]
"""The source of an expression and the literal that its value must equal."""


class Program(TypedDict):
    """A program with all its tests, in the forms that the contenders want.

    Attributes:
        name: The name of its task, and what was done to it.
        label: What every contender should say: `pass`, `wrong`, `exception`, `syntax` or `loop`.
        source: The program.
        setup: Run after the program and before its tests.
        context: Trusted source that `check` may use (for ours; in a script the program itself stands there).
        entry_point: The function that is tested.
        assertions: `assert` statements, or empty where `check` is the test.
        check: Source that defines `check(candidate)`, or "".
        asks: Expression and expected literal for every test, or empty where a test has another form.
        pairs: Arguments (a tuple literal) and expected literal for every test, or empty likewise.
    """

    name: str
    label: str
    source: str
    setup: str
    context: str
    entry_point: str
    assertions: list[str]
    check: str
    asks: list[Pair]
    pairs: list[Pair]


def tests_of(program: Program) -> str:
    """The tests as source that follows the program in one script; it raises where a test says no."""
    if program["check"]:
        return f"{program['check']}\n\ncheck({program['entry_point']})\n"
    return "\n".join([program["setup"], *program["assertions"]]) + "\n"


def script_of(program: Program) -> str:
    """The program and its tests as one script."""
    return f"{program['source']}\n{tests_of(program)}"


def varied(program: Program, number: int) -> Program:
    """The same program with other bytes and another syntax tree, so that no cache of verdicts answers for it.

    Args:
        number: Which variant; equal numbers give equal programs.
    """
    fresh = program.copy()
    fresh["source"] = f"{program['source'].rstrip()}\n\n\n_variant = {number}\n"
    return fresh
