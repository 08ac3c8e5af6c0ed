"""Programs that only name their answer: `def sol(…): return <plain literal>`. What they answer is read, not run.

A model's answers to puzzles are mostly of this kind, and a process for each is what judging them costs. Nothing is
evaluated here but literals; whatever else a text holds, it is left to the sandbox.
"""

import ast
from math import isfinite

from etude.programs.parse import parse
from etude.records import Answer

LONGEST = 2_000
"""Characters of a program that is looked at; longer ones are run."""
DEEPEST = 50


def literal_answer(program: str, entry_point: str = "sol") -> Answer | None:
    """What `entry_point()` gives, where the program is nothing but that function and it returns a plain literal.

    Args:
        program: Source text. Imports, decorators, annotations, defaults that are no literals, a second statement: None.

    Returns:
        The answer, exactly as a run would give it, or None where the program has to be run.
    """
    tree = parse(program, LONGEST)
    match tree.body if tree else []:
        case [ast.FunctionDef(body=[ast.Return(value=ast.expr() as value)]) as made] if _is_bare(made, entry_point):
            return Answer(value=ast.literal_eval(value)) if _is_plain(value) and _compiles(tree) else None
    return None


def _compiles(tree: ast.Module | None) -> bool:
    """Whether Python takes it: two parameters of one name, for example, are seen by the compiler only."""
    try:
        return tree is not None and bool(compile(tree, "<answer>", "exec", dont_inherit=True))
    except (SyntaxError, ValueError):
        return False


def _is_bare(made: ast.FunctionDef, entry_point: str) -> bool:
    """Whether defining and calling the function without arguments does nothing and can be done."""
    taken = made.args
    every = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs]
    if made.name != entry_point or made.decorator_list or made.returns or any(item.annotation for item in every):
        return False
    defaults = [item for item in (*taken.defaults, *taken.kw_defaults) if item is not None]
    return len(defaults) == len(every) and not taken.vararg and not taken.kwarg and all(map(_is_plain, defaults))


def _is_plain(value: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is a number, a text, a truth value, None, or a list of these."""
    match value:
        case ast.List(elts=items):
            return depth < DEEPEST and all(_is_plain(item, depth + 1) for item in items)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=number)):
            return _is_number(number)
        case ast.Constant(value=constant):
            plain = constant is None or isinstance(constant, bool) or _is_number(constant)
            return plain or (isinstance(constant, str) and constant.isascii())
    return False


def _is_number(constant: object) -> bool:
    """Whether it is an int, or a float that is a number; 1e999 is none."""
    return type(constant) is int or (isinstance(constant, float) and isfinite(constant))
