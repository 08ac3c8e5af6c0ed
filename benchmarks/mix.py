"""A realistic mix made from right programs: right, wrong, raising, broken and endless ones.

Every program is another task's, and what is wrong with it is what models get wrong: an operator, a name, a forgotten
step. Labels are observed in plain Python, but for the endless programs that are endless by construction.
"""

import ast
import random
from collections.abc import Callable, Iterator, Sequence

from contenders.forks import observed
from contenders.program import Program, script_of

SHARES = {"pass": 40, "wrong": 30, "exception": 20, "syntax": 5, "loop": 5}
TRIES = 12
PATIENCE = 1.0
"""Seconds after which a program without one of its steps counts as endless."""
ENDING = ("wrong", "exception")

LOOPS = {
    "for ever": "while True:\n    pass",
    "forgotten step": "at, total = 0, 0\nwhile at < 10:\n    total += at",
    "stuck search": "low, high = 0, 10\nwhile low < high:\n    middle = (low + high) // 2\n"
    "    if middle < 9:\n        low = middle\n    else:\n        high = middle",
    "growing counter": "count = 1\nwhile count != 0:\n    count += 1",
    "past its goal": "number = 10\nwhile number != 3:\n    number -= 2",
    "to and fro": "sign = 1\nwhile sign:\n    sign = -sign",
    "huge power": "power = 7 ** 10 ** 9",
    "long sum": "total = sum(range(10 ** 12))",
    "long product": "import itertools\nmost = max(itertools.product(range(9), repeat=40))",
    "bad pattern": "import re\nfound = re.match('(a+)+$', 'a' * 40 + 'b')",
    "list that grows under its loop": "items = [1]\nfor item in items:\n    items.append(item + 1)",
    "swallowed errors": "while True:\n    try:\n        number = int('x')\n        break\n"
    "    except Exception:\n        continue",
    "slow recursion": "def ways(n):\n    return 1 if n < 2 else ways(n - 1) + ways(n - 2)\ncount = ways(200)",
}


def mixed(programs: Sequence[Program], count: int, seed: int) -> list[Program]:
    """About `count` programs in the proportions of `SHARES`, shuffled; equal seeds give equal mixes.

    Args:
        programs: Right programs, each used once as long as there are enough.
    """
    chance = random.Random(seed)
    stock = _shuffled(programs, chance)
    wanted = {label: max(1, round(count * share / 100)) for label, share in SHARES.items()}
    found = [next(stock) for _ in range(wanted["pass"])]
    found += _made(stock, wanted["wrong"], "wrong", chance, _wrong)
    found += _made(stock, wanted["exception"], "exception", chance, _raising)
    found += _made(stock, wanted["syntax"], "syntax", chance, _broken)
    steps = _made(stock, wanted["loop"] // 2, "timeout", chance, _stepless, len(programs))
    found += [program | {"label": "loop"} for program in steps]
    found += _endless(stock, wanted["loop"] - len(steps))
    chance.shuffle(found)
    return found


def _shuffled(programs: Sequence[Program], chance: random.Random) -> Iterator[Program]:
    while True:
        yield from chance.sample(list(programs), len(programs))


def _made(
    stock: Iterator[Program],
    count: int,
    label: str,
    chance: random.Random,
    change: Callable[[str, random.Random], str | None],
    most: int = 10**9,
) -> list[Program]:
    """Programs changed until plain Python says what their label says; at most `most` tasks are looked at."""
    found: list[Program] = []
    made: set[str] = set()
    while len(found) < count and most:
        program = next(stock)
        most -= 1
        for _ in range(TRIES if label != "timeout" else 2):
            source = change(program["source"], chance)
            if source is None or source in made:
                break
            fresh = program | {"source": source, "label": label, "name": f"{program['name']} ({label})"}
            if observed(script_of(fresh), PATIENCE) == label and (label not in ENDING or _ends(fresh)):
                found.append(fresh)
                made.add(source)
                break
    return found


def _ends(program: Program) -> bool:
    """Whether every test ends, also those after the first that fails: some harnesses run them all."""
    asks = [f"try:\n    {text}\nexcept Exception:\n    pass" for text, _ in program["asks"]]
    return observed("\n".join([program["source"], program["setup"], *asks]), PATIENCE) != "timeout"


def _endless(stock: Iterator[Program], count: int) -> list[Program]:
    found: list[Program] = []
    kinds = list(LOOPS.items())
    while len(found) < count:
        program, (name, text) = next(stock), kinds[len(found) % len(kinds)]
        source = _with_body(program["source"], program["entry_point"], text)
        if source is not None:
            found.append(program | {"source": source, "label": "loop", "name": f"{program['name']} ({name})"})
    return found


def _with_body(source: str, entry_point: str, text: str) -> str | None:
    """The program with statements before all others of its function."""
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry_point]
    if not functions:
        return None
    functions[-1].body[:0] = ast.parse(text).body
    return ast.unparse(tree) + "\n"


def _wrong(source: str, chance: random.Random) -> str | None:
    return _changed(source, chance, _other_operation)


def _raising(source: str, chance: random.Random) -> str | None:
    return _changed(source, chance, _other_name)


def _changed(
    source: str, chance: random.Random, change: Callable[[ast.AST, random.Random], Callable[[], None] | None]
) -> str | None:
    """The program with one of the changes that can be made to it, or None where there is none."""
    tree = ast.parse(source)
    changes = [step for node in ast.walk(tree) if (step := change(node, chance))]
    if not changes:
        return None
    chance.choice(changes)()
    return ast.unparse(tree) + "\n"


def _other_operation(node: ast.AST, chance: random.Random) -> Callable[[], None] | None:
    """Another comparison, another operator, a number one too large, a negated condition."""
    if isinstance(node, ast.Compare):
        return lambda: node.ops.__setitem__(0, chance.choice([ast.LtE(), ast.Gt(), ast.NotEq(), ast.Lt()]))
    if isinstance(node, ast.BinOp):
        return lambda: setattr(node, "op", chance.choice([ast.Add(), ast.Sub(), ast.Mult()]))
    if isinstance(node, ast.Constant) and type(number := node.value) is int:
        return lambda: setattr(node, "value", number + 1)
    if isinstance(node, ast.Return) and node.value is not None:
        return lambda: setattr(node, "value", chance.choice([ast.Constant(None), ast.Constant(-1), ast.List([])]))
    return None


def _other_name(node: ast.AST, chance: random.Random) -> Callable[[], None] | None:
    """A misspelt name or attribute, an index that is too large, a number made a text."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return lambda: setattr(node, "id", node.id + chance.choice(["s", "_", "1"]))
    if isinstance(node, ast.Attribute):
        return lambda: setattr(node, "attr", node.attr + "_all")
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        return lambda: setattr(node, "slice", ast.Constant(9999))
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return lambda: setattr(node, "value", str(node.value))
    return None


def _broken(source: str, chance: random.Random) -> str | None:
    """A text that does not parse: a colon or a bracket lost, an indentation spoilt, the end missing."""
    signs = [at for at, letter in enumerate(source) if letter in ":)]("]
    if not signs:
        return None
    at = chance.choice(signs)
    return chance.choice([source[:at] + source[at + 1 :], source[:at] + source[at] + "\n", source[:at]])


def _stepless(source: str, chance: random.Random) -> str | None:
    """The program without one of the steps in its `while` loops."""
    tree = ast.parse(source)
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.While)]
    steps = [(loop, node) for loop in loops for node in loop.body if isinstance(node, ast.AugAssign | ast.Assign)]
    if not steps:
        return None
    loop, step = chance.choice(steps)
    loop.body[loop.body.index(step)] = ast.Pass()
    return ast.unparse(tree) + "\n"
