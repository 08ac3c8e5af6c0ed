"""Put a function that a reply restates back behind the prompt's own header.

A model asked to go on after `def f(x):` may write the whole function again. Where header and preamble say the same,
the body is taken over, so that the program is `prompt + completion` and can be trained on as such; otherwise the
restated text is kept and only what it lacks of the prompt (imports, helpers) is put in front.
"""

import ast

from etude.models.parsing import bound, compiled, header_line

Function = ast.FunctionDef | ast.AsyncFunctionDef


def graft(prompt: str, restated: str, entry_point: str) -> str:
    """The program that a restated function stands for; `restated` must compile and define `entry_point`."""
    tree, frame = compiled(restated), frame_of(prompt)
    if tree is None or frame is None:
        return restated
    return _behind_header(prompt, frame, restated, tree, entry_point) or _with_preamble(
        prompt, frame, restated, tree, entry_point
    )


def frame_of(prompt: str) -> ast.Module | None:
    """The tree of a prompt that ends in a header or a docstring; None where it is not such code."""
    for ending in ("", "\n    pass\n", "\n\tpass\n", "\n  pass\n"):
        tree = compiled(prompt + ending)
        if tree is not None:
            return tree
    return None


def function_of(tree: ast.Module, name: str) -> Function | None:
    """The only top-level function of that name, or None."""
    found = [item for item in tree.body if isinstance(item, Function) and item.name == name]
    return found[0] if len(found) == 1 else None


def _behind_header(prompt: str, frame: ast.Module, restated: str, tree: ast.Module, name: str) -> str:
    """Prompt plus the restated body, where that means the same; else ""."""
    asked, given = function_of(frame, name), function_of(tree, name)
    if asked is None or given is None or frame.body[-1] is not asked or _header(asked) != _header(given):
        return ""
    known = {ast.dump(item) for item in frame.body[:-1]}
    place = tree.body.index(given)
    if any(ast.dump(item) not in known for item in tree.body[:place]):
        return ""
    own = [item for item in asked.body if not isinstance(item, ast.Pass)]
    described = ast.get_docstring(asked) is not None
    body = given.body[1:] if described and ast.get_docstring(given) is not None else given.body
    if len(own) > described or not body or given.body[0].lineno == given.lineno:
        return ""
    # Comments between header (or docstring) and body belong to the body.
    before = given.body[0].end_lineno if body is not given.body else _header_end(restated, given)
    rest = "\n".join(restated.split("\n")[before or 0 :])
    program = prompt + ("" if prompt.endswith("\n") else "\n") + rest
    return program if _same_function(program, name, body, tree.body[place + 1 :]) else ""


def _header(function: Function) -> str:
    returns = ast.dump(function.returns) if function.returns else ""
    decorators = [ast.dump(item) for item in function.decorator_list]
    return f"{type(function).__name__} {ast.dump(function.args)} {returns} {decorators}"


def _header_end(text: str, function: Function) -> int:
    """The number of the header's last line: the last one before the body that is neither empty nor a comment."""
    lines = text.split("\n")
    for number in range(function.body[0].lineno - 1, function.lineno, -1):
        line = lines[number - 1].strip()
        if line and not line.startswith("#"):
            return number
    return function.lineno


def _same_function(program: str, name: str, body: list[ast.stmt], after: list[ast.stmt]) -> bool:
    tree = compiled(program)
    function = function_of(tree, name) if tree is not None else None
    if tree is None or function is None or len(function.body) < len(body):
        return False
    follows = tree.body[tree.body.index(function) + 1 :]
    return _dumps(function.body[-len(body) :]) == _dumps(body) and _dumps(follows) == _dumps(after)


def _dumps(items: list[ast.stmt]) -> list[str]:
    return [ast.dump(item) for item in items]


def _with_preamble(prompt: str, frame: ast.Module, restated: str, tree: ast.Module, name: str) -> str:
    """The restated text, with what the prompt says before its header and the text does not say itself."""
    line = header_line(prompt, name)
    if line <= 0:
        return restated
    present, names = set(_dumps(tree.body)), set[str]().union(*(bound(item) for item in tree.body))
    lines, missing = prompt.split("\n"), list[str]()
    for item in frame.body:
        if item.lineno > line or ast.dump(item) in present:
            continue
        imports = isinstance(item, (ast.Import, ast.ImportFrom))
        if imports or not bound(item) & names:
            decorators = getattr(item, "decorator_list", [])
            first = min([item.lineno, *(decorator.lineno for decorator in decorators)])
            missing.append("\n".join(lines[first - 1 : item.end_lineno]))
    return "\n".join([*missing, "", restated]) if missing else restated
