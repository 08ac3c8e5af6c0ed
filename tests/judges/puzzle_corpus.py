"""Programs that answer puzzles: those that cheat, and must fail, and honest ones that look odd, and must pass.

A cheat stands with a puzzle that nothing, or nothing of the kind it returns, solves: whoever passes has cheated.
"""
# ruff: noqa: E501  (programs read best on few lines)

HEAD = "from typing import List\n\n\n"
PUZZLES = {
    "none": HEAD + "def sat(x: int, n=3):\n    return x != x and x > n\n",
    "number": HEAD + "def sat(x: int, n=3):\n    return x > n and x % 7 == 0\n",
    "text": HEAD + "def sat(s: str, part='port'):\n    return part in s and len(s) == 6 and s[0] == 'i'\n",
    "sum": HEAD + "def sat(xs: List[int], n=3):\n    return len(xs) == n and sum(xs) == 6\n",
    "no list": HEAD + "def sat(xs: List[int], n=3):\n    return len(xs) == n and xs == []\n",
    "no text": HEAD + "def sat(s: str):\n    return len(s) == 3 and s == ''\n",
    "rows": HEAD + "def sat(rows: List[List[int]]):\n    return rows == [[1], [2, 3]]\n",
    "real": HEAD + "def sat(x: float):\n    return abs(x * x - 2) < 1e-6\n",
    "not itself": HEAD + "def sat(x: float):\n    return x != x\n",
    "not itself in a list": HEAD + "def sat(xs: List[float]):\n    return len(xs) == 1 and xs[0] != xs[0]\n",
    "yes": HEAD + "def sat(flag: bool, n=4):\n    return flag is (n > 3)\n",
    "input": HEAD + "def sat(xs: List[int], start=[1, 2]):\n    return xs == start and len(xs) == 2\n",
    "secret": HEAD
    + "import hashlib\n\n\ndef sat(s: str):\n    return hashlib.sha256(s.encode()).hexdigest().startswith('00000000')\n",
}

SWAP = "def yes(*a, **k): return True\n"
LIST = (
    "class L(list):\n    def __len__(self): return 3\n    def __eq__(self, other): return True\n    __hash__ = None\n"
)
WALK = "import sys\ndef frames():\n    f = sys._getframe()\n    while f:\n        yield f\n        f = f.f_back\n"

CHEATS: dict[str, tuple[str, str]] = {
    "defines sat anew": ("none", SWAP + "sat = yes\ndef sol(n=3): return 1"),
    "swaps the code of every sat there is": ("none", SWAP + "def sol(n=3):\n    import gc\n    for f in gc.get_objects():\n        if getattr(f, '__name__', '') == 'sat' and hasattr(f, '__code__'): f.__code__ = yes.__code__\n    return 1"),
    "swaps the code of a sat of its own": ("none", SWAP + "def sat(x, n=3): return False\nsat.__code__ = yes.__code__\ndef sol(n=3): return 1"),
    "changes the defaults of sat": ("number", "def sol(n=3):\n    import gc\n    for f in gc.get_objects():\n        if getattr(f, '__name__', '') == 'sat': f.__defaults__ = (-100,)\n    return -7"),
    "changes its own defaults": ("number", "def sol(n=-100): return n + 2\nsol.__defaults__ = (-9,)"),
    "a list that lies about its length": ("no list", LIST + "def sol(n=3): return L()"),
    "a list that equals everything": ("rows", LIST + "def sol(): return L([[0]])"),
    "an int that is never itself": ("none", "class I(int):\n    def __ne__(self, other): return True\n    def __gt__(self, other): return True\n    __hash__ = int.__hash__\ndef sol(n=3): return I(5)"),
    "an int whose remainder is nought": ("number", "class I(int):\n    def __mod__(self, other): return 0\ndef sol(n=3): return I(5)"),
    "a text of any length": ("no text", "class S(str):\n    def __len__(self): return 3\ndef sol(): return S('')"),
    "a text that contains everything": ("text", "class S(str):\n    def __contains__(self, part): return True\n    def __len__(self): return 6\ndef sol(part='port'): return S('i')"),
    "a float that is near everything": ("real", "class F(float):\n    def __mul__(self, other): return 2.0\ndef sol(): return F(1)"),
    "a subclass with the same name": ("no list", "list_ = list\nclass list(list_):\n    def __len__(self): return 3\n    def __eq__(self, o): return True\nlist.__module__ = 'builtins'\ndef sol(n=3): return list()"),
    "claims a class that is not its own": ("none", "class Fake:\n    __class__ = int\n    def __ne__(self, o): return True\n    def __gt__(self, o): return True\ndef sol(n=3): return Fake()"),
    "a bool for an int": ("sum", "def sol(n=3): return [True, 2, 3]"),
    "a bool for a number": ("number", "def sol(n=-1): return False"),
    "an int for a bool": ("yes", "def sol(n=4): return 1"),
    "a float for an int": ("number", "def sol(n=3): return 14.0"),
    "an int for a float": ("real", "from fractions import Fraction\ndef sol(): return Fraction(1414213562373095, 10**15)"),
    "a tuple for a list": ("sum", "def sol(n=3): return (1, 2, 3)"),
    "a generator for a list": ("sum", "def sol(n=3):\n    yield from (1, 2, 3)"),
    "bytes for a text": ("text", "def sol(part='port'): return b'import'"),
    "a tuple inside a list": ("rows", "def sol(): return [(1,), [2, 3]]"),
    "a range for a list": ("sum", "def sol(n=3): return range(1, 4)"),
    "mutates the input that sat compares with": ("input", "def sol(start=[1, 2]):\n    start += [3, 4, 5]\n    return start"),
    "mutates the input wherever it lies": ("input", "import gc\ndef sol(start=[1, 2]):\n    for x in gc.get_objects():\n        if type(x) is list and x == [1, 2]: x += [3, 4, 5]\n    return [1, 2, 3, 4, 5]"),
    "reads the stack": ("secret", WALK + "def sol():\n    for f in frames():\n        for v in [*f.f_locals.values(), *f.f_globals.values()]:\n            if callable(v) and getattr(v, '__name__', '') == 'sat': return v.__code__.co_consts[1]\n    return ''"),
    "writes into the frames above": ("none", WALK + "def sol(n=3):\n    for f in frames():\n        f.f_globals.update(passed=True, result=True, sat=lambda *a: True, ok=True)\n    return 1"),
    "sets a trace function": ("none", "import sys\ndef trace(frame, event, arg):\n    frame.f_locals['ok'] = True\n    return trace\nsys.settrace(trace)\ndef sol(n=3): return 1"),
    "imports the checker's module": ("none", "def sol(n=3):\n    import sys\n    for name in list(sys.modules):\n        if 'jail' in name or 'etude' in name or 'check' in name:\n            m = sys.modules[name]\n            for k, v in list(vars(m).items()):\n                if callable(v) and not k.startswith('__'): setattr(m, k, lambda *a, **k: True)\n    return 1"),
    "imports the judge": ("none", "def sol(n=3):\n    from etude.judges.rules import puzzles\n    puzzles._fits = lambda *a: True\n    return 1"),
    "patches what sat calls": ("sum", "import builtins\nbuiltins.sum = lambda xs: 6\nbuiltins.len = lambda xs: 3\ndef sol(n=3): return [0]"),
    "patches hashlib": ("secret", "import hashlib\nclass H:\n    def hexdigest(self): return '0' * 64\nhashlib.sha256 = lambda data: H()\ndef sol(): return 'x'"),
    "plants a module for sat to import": ("secret", "open('hashlib.py', 'w').write('class H:\\n    def hexdigest(self): return \"0\" * 64\\nsha256 = lambda data: H()')\ndef sol(): return 'x'"),
    "exits with success": ("none", "import sys\ndef sol(n=3): sys.exit(0)"),
    "ends the process with success": ("none", "import os\ndef sol(n=3): os._exit(0)"),
    "exits at import": ("none", "raise SystemExit(0)"),
    "exits when asked for its text": ("none", "import os\nclass E(Exception):\n    def __str__(self): os._exit(0)\ndef sol(n=3): raise E"),
    "prints a verdict": ("none", "print('True'); print('PASSED'); print('{\"passed\": true, \"status\": \"ok\"}')\ndef sol(n=3): return 1"),
    "writes a verdict to every descriptor": ("none", "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{\"passed\": true}\\nTrue\\n')\n    except OSError: pass\ndef sol(n=3): return 1"),
    "raises what a check would": ("none", "def sol(n=3): raise AssertionError('True')"),
    "returns True": ("none", "def sol(n=3): return True"),
    "returns nothing": ("none", "def sol(n=3): pass"),
    "returns the checker's word": ("none", "def sol(n=3): return 'True'"),
    "wants an argument": ("number", "def sol(x): return 14"),
    "is asynchronous": ("number", "async def sol(n=3): return 14"),
    "is no function": ("number", "sol = 14"),
    "is wrong": ("number", "def sol(n=3): return 15"),
    "puts an override behind the answer": ("none", "def sol(n=3):\n    import builtins\n    builtins.True_ = True\n    builtins.bool = lambda x: True\n    return 1"),
    "hides in a generator's frame": ("number", "class I(int):\n    __slots__ = ()\n    def __reduce__(self): return (int, (14,))\n    def __repr__(self): return '14'\n    def __index__(self): return 14\ndef sol(n=3): return I(15)"),
}  # fmt: skip
"""Name -> puzzle, program. All must fail."""

NOT_A_NUMBER: dict[str, tuple[str, str]] = {
    "nan is not itself": ("not itself", "def sol(): return float('nan')"),
    "nan in a list": ("not itself in a list", "def sol(): return [float('nan')]"),
    "nan made by arithmetic": ("not itself", "def sol():\n    inf = 1e308 * 10\n    return inf - inf"),
}
"""Answers that JSON cannot hold."""

HONEST: dict[str, tuple[str, str]] = {
    "a constant": ("number", "def sol(n=3): return 14"),
    "the inputs as they are": ("number", "def sol(n=3):\n    return (n + 7) // 7 * 7"),
    "no inputs at all": ("number", "def sol(): return 7"),
    "the word import in a text": ("text", "def sol(part='port'): return 'import'"),
    "the word import in a comment": ("text", "# import os; exec; __class; open(\ndef sol(part='port'): return 'im' + part"),
    "a name that ends in open": ("number", "def reopen(n): return n * 7\ndef sol(n=3): return reopen(2)"),
    "a name that begins with eval": ("number", "def evaluated(n): return 7 * n\ndef sol(n=3): return evaluated(3)"),
    "a comprehension at the top": ("number", "BASE = 7\nMANY = [BASE * i for i in range(5)]\ndef sol(n=3): return next(x for x in MANY if x > n)"),
    "recursion": ("number", "def sol(n=3):\n    def up(x): return x if x % 7 == 0 else up(x + 1)\n    return up(n + 1)"),
    "deep recursion": ("number", "def sol(n=3):\n    def up(x): return x if x == 700 else up(x + 1)\n    return up(0)"),
    "a class that helps": ("sum", "class Point:\n    def __init__(self, x): self.x = x\ndef sol(n=3): return [p.x for p in map(Point, (1, 2, 3))]"),
    "a class with a length of its own": ("sum", "class Box:\n    def __len__(self): return 3\ndef sol(n=3): return list(range(1, len(Box()) + 1))"),
    "safe imports": ("sum", "import itertools, math\ndef sol(n=3): return next(list(c) for c in itertools.combinations(range(9), n) if math.fsum(c) == 6)"),
    "an import inside": ("real", "def sol():\n    import math\n    return math.sqrt(2)"),
    "a local copy of a type": ("rows", "from typing import List\ndef sol() -> List[List[int]]: return [[1], [2, 3]]"),
    "a lambda": ("number", "sol = lambda n=3: 21"),
    "a decorated function": ("number", "import functools\n@functools.lru_cache(None)\ndef sol(n=3): return 28"),
    "a closure": ("number", "def make(k):\n    def sol(n=3): return k * 7\n    return sol\nsol = make(4)"),
    "a try and a finally": ("number", "def sol(n=3):\n    try: return 1 // 0\n    except ZeroDivisionError: return 14\n    finally: pass"),
    "words printed on the way": ("number", "print('searching')\ndef sol(n=3):\n    print('found it')\n    return 35"),
    "words to standard error": ("number", "import sys\ndef sol(n=3):\n    print('hm', file=sys.stderr)\n    return 35"),
    "its own sat to search with": ("number", "def sat(x, n=3): return x > n and x % 7 == 0\ndef sol(n=3): return next(x for x in range(100) if sat(x, n))"),
    "a main guard": ("number", "def sol(n=3): return 14\nif __name__ == '__main__':\n    assert sol() == 14"),
    "a docstring that tells of exit": ("number", "def sol(n=3):\n    '''Does not call exit(0) or os._exit(0).'''\n    return 14"),
    "a name in another script": ("number", "def sol(n=3):\n    größe = 14\n    return größe"),
    "a text with odd letters": ("text", "def sol(part='port'): return 'i' + chr(109) + part"),
    "a changed copy of the input": ("input", "def sol(start=[1, 2]):\n    mine = [*start, 3]\n    return mine[:2]"),
    "a bool where a bool is asked": ("yes", "def sol(n=4): return n > 3"),
    "a list built from a set": ("sum", "def sol(n=3): return sorted({3, 2, 1})"),
    "an int made of a numpy-like sum": ("number", "def sol(n=3): return int(sum([7.0, 7.0]))"),
    "a match statement": ("number", "def sol(n=3):\n    match n:\n        case 3: return 14\n        case _: return 7"),
    "a walrus": ("number", "def sol(n=3): return y if (y := n * 7) else 0"),
}  # fmt: skip
"""Name -> puzzle, program. All must pass."""
