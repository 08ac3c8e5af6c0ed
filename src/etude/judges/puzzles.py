"""How a puzzle is put: the answer has exactly the annotated type, all the way down, and `sat` says True, literally.

A bool is no int and an int no float; a subclass is nothing at all (it cannot even cross the jail's wall).
"""

import ast

from etude.programs.parse import parse

PLAIN = ("int", "str", "float", "bool")
CONTAINERS = {"List": "list", "list": "list", "Set": "set", "set": "set"}
ANYTHING = "(lambda value: True)"
CHECK = """
answer = sol()
assert {test}(answer), "sol() returned a value that is no {wanted}: " + repr(answer)[:200]
{puzzle}
assert sat(answer) is True, "sol() returned " + repr(answer)[:200]
"""


def check_source(puzzle: str) -> str:
    """The check of a puzzle as Python source; the type is tested before the puzzle's own source is run.

    Args:
        puzzle: Source of `sat`, whose first parameter is annotated with the type of the answer.
    """
    annotation = answer_type(puzzle)
    wanted = ast.unparse(annotation) if annotation else "plain value"
    return CHECK.format(test=type_test(annotation), wanted=wanted.replace('"', "'"), puzzle=puzzle)


def answer_type(puzzle: str) -> ast.expr | None:
    """The annotation of the first parameter of `sat`, or None where it has none."""
    tree = parse(puzzle)
    found = [node for node in (tree.body if tree else ()) if isinstance(node, ast.FunctionDef) and node.name == "sat"]
    arguments = [*found[-1].args.posonlyargs, *found[-1].args.args] if found else []
    return arguments[0].annotation if arguments else None


def type_test(annotation: ast.expr | None) -> str:
    """A Python expression: the function that tells whether a value is of the annotated type exactly.

    A type that is not understood fits nothing, so that a mistake in a puzzle cannot let an answer pass.
    """
    if annotation is None:
        return ANYTHING
    if isinstance(annotation, ast.Name) and annotation.id in (*PLAIN, *CONTAINERS):
        return f"(lambda value: type(value) is {CONTAINERS.get(annotation.id, annotation.id)})"
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        return _container(annotation.value.id, annotation.slice)
    return "(lambda value: False)"


def _container(name: str, inner: ast.expr) -> str:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name in CONTAINERS and len(parts) == 1:
        return f"(lambda value: type(value) is {CONTAINERS[name]} and all(map({type_test(parts[0])}, value)))"
    if name in ("Tuple", "tuple"):
        tests = ", ".join(type_test(part) for part in parts)
        return (
            f"(lambda value: type(value) is tuple and len(value) == {len(parts)} "
            f"and all(test(item) for test, item in zip([{tests}], value)))"
        )
    if name in ("Dict", "dict") and len(parts) == 2:
        key, item = map(type_test, parts)
        return f"(lambda value: type(value) is dict and all(map({key}, value)) and all(map({item}, value.values())))"
    return "(lambda value: False)"
