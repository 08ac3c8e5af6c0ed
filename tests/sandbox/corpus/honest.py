"""Honest programs of the tricky kind: every one must run to its end and give what is expected, at every level."""

from typing import Any, NamedTuple


class Honest(NamedTuple):
    """A program: questions with their values, or input with the output."""

    name: str
    source: str
    asks: tuple[tuple[str, Any], ...] = ()
    stdin: str | None = None
    stdout: str = ""


def _f(name: str, source: str, expected: Any) -> Honest:
    return Honest(name, source, (("f()", expected),))


def _script(name: str, source: str, stdin: str, stdout: str) -> Honest:
    return Honest(name, source, (), stdin, stdout)


NAN_CHECK = "import math\ndef f(): return [math.isnan(x) for x in (float('nan'), 1.0)]"

CORPUS = [
    _f(
        "threads",
        "import threading\ndef f():\n    out = []\n    ts = [threading.Thread(target=out.append, args=(n,)) for n in range(8)]\n    [t.start() for t in ts]\n    [t.join() for t in ts]\n    return sorted(out)",
        list(range(8)),
    ),
    _f(
        "thread pool",
        "from concurrent.futures import ThreadPoolExecutor\ndef f():\n    with ThreadPoolExecutor(4) as pool: return list(pool.map(str, range(5)))",
        ["0", "1", "2", "3", "4"],
    ),
    _f(
        "thread-local data",
        "import threading\nlocal = threading.local()\ndef f():\n    local.x = 1\n    found = []\n    t = threading.Thread(target=lambda: found.append(hasattr(local, 'x')))\n    t.start(); t.join()\n    return found",
        [False],
    ),
    _f(
        "a queue between threads",
        "import queue, threading\ndef f():\n    q = queue.Queue()\n    t = threading.Thread(target=lambda: [q.put(n) for n in range(3)])\n    t.start(); t.join()\n    return [q.get() for _ in range(3)]",
        [0, 1, 2],
    ),
    _f(
        "asyncio gather",
        "import asyncio\nasync def g(n):\n    await asyncio.sleep(0.01)\n    return n\nasync def main(): return await asyncio.gather(*map(g, range(5)))\ndef f(): return asyncio.run(main())",
        [0, 1, 2, 3, 4],
    ),
    _f(
        "asyncio queue and timeout",
        "import asyncio\nasync def main():\n    q = asyncio.Queue()\n    await q.put(1)\n    try: await asyncio.wait_for(asyncio.sleep(9), 0.01)\n    except asyncio.TimeoutError: return await q.get()\ndef f(): return asyncio.run(main())",
        1,
    ),
    _f(
        "asyncio in a thread",
        "import asyncio\nasync def main(): return await asyncio.to_thread(sum, [1, 2])\ndef f(): return asyncio.run(main())",
        3,
    ),
    _f(
        "an async generator",
        "import asyncio\nasync def g():\n    for n in range(3): yield n\nasync def main(): return [n async for n in g()]\ndef f(): return asyncio.run(main())",
        [0, 1, 2],
    ),
    _f(
        "recursion of 5,000",
        "import sys\nsys.setrecursionlimit(20000)\ndef g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f(): return g(5000)",
        5000,
    ),
    _f(
        "recursion in a thread with a large stack",
        "import sys, threading\nsys.setrecursionlimit(50000)\nthreading.stack_size(64 << 20)\ndef g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f():\n    out = []\n    t = threading.Thread(target=lambda: out.append(g(20000)))\n    t.start(); t.join()\n    return out",
        [20000],
    ),
    _f(
        "a recursion that ends in its error",
        "def g(n): return g(n + 1)\ndef f():\n    try: g(0)\n    except RecursionError: return 'caught'",
        "caught",
    ),
    _f("sets", "def f(): return {3, 1, 2}, frozenset('ab'), {(1, 2)}", ({1, 2, 3}, frozenset("ab"), {(1, 2)})),
    Honest("not a number", NAN_CHECK, (("f()", [True, False]),)),
    _f(
        "infinities and signed zero",
        "def f(): return [float('inf'), -float('inf'), str(-0.0)]",
        [float("inf"), -float("inf"), "-0.0"],
    ),
    _f(
        "a generator made a list",
        "def g():\n    for n in range(4): yield n * n\ndef f(): return list(g())",
        [0, 1, 4, 9],
    ),
    Honest(
        "a generator asked for its items",
        "def g():\n    yield from 'abc'",
        (("[*g()]", ["a", "b", "c"]), ("list(map(ord, g()))", [97, 98, 99])),
    ),
    _f(
        "send and throw",
        "def g():\n    got = yield 1\n    try: yield got * 2\n    except KeyError: yield 'caught'\ndef f():\n    it = g()\n    return [next(it), it.send(5), it.throw(KeyError())]",
        [1, 10, "caught"],
    ),
    _script(
        "the main guard",
        "def main(): print('main', __name__)\nif __name__ == '__main__':\n    main()",
        "",
        "main __main__\n",
    ),
    Honest(
        "a main guard that asks must not run",
        "if __name__ == '__main__':\n    input()\ndef f(): return 1",
        (("f()", 1),),
    ),
    _script("input", "print(input() + input())", "a\nb\n", "ab\n"),
    _script("lines of stdin", "import sys\nprint(sum(int(line) for line in sys.stdin))", "1\n2\n3\n", "6\n"),
    _script("bytes of stdin", "import sys\nprint(len(sys.stdin.buffer.read()))", "äb\n", "4\n"),
    _script("read all", "import sys\nprint(sys.stdin.read().split())", "1 2\n3", "['1', '2', '3']\n"),
    _script("a descriptor of stdin", "import os\nprint(os.read(0, 100).decode().strip())", "hello\n", "hello\n"),
    _script("open zero", "print(open(0).read().upper(), end='')", "hello\n", "HELLO\n"),
    _script(
        "the end of the input", "try:\n    while True: print(input())\nexcept EOFError: print('end')", "1\n", "1\nend\n"
    ),
    _script("half a megabyte printed", "print('x' * 500_000)", "", "x" * 500_000 + "\n"),
    _script("many lines", "for n in range(20_000): print(n)", "", "".join(f"{n}\n" for n in range(20_000))),
    _script(
        "bytes written",
        "import sys\nsys.stdout.buffer.write(b'raw\\n')\nsys.stdout.flush()\nprint('text')",
        "",
        "raw\ntext\n",
    ),
    _script("an exit with success", "import sys\nprint('done')\nsys.exit(0)", "", "done\n"),
    _script("exit by name", "print('done')\nexit()", "", "done\n"),
    _script("something at exit", "import atexit\natexit.register(print, 'bye')\nprint('hi')", "", "hi\nbye\n"),
    _script(
        "a thread that outlives the main one",
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()\nprint('first')",
        "",
        "first\nlate\n",
    ),
    _script(
        "arguments",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', type=int, default=3)\nprint(p.parse_args().n)",
        "",
        "3\n",
    ),
    _script(
        "output caught",
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out): print('inner')\nprint(out.getvalue().strip() + '!')",
        "",
        "inner!\n",
    ),
    _f(
        "a data class",
        "from dataclasses import dataclass, asdict, field\n@dataclass(order=True)\nclass P:\n    x: int\n    tags: list = field(default_factory=list)\ndef f(): return asdict(max(P(1), P(2, ['a'])))",
        {"x": 2, "tags": ["a"]},
    ),
    _f(
        "an enumeration",
        "from enum import Enum, auto\nclass C(Enum):\n    A = auto()\n    B = auto()\ndef f(): return [c.name for c in C], C.B.value",
        (["A", "B"], 2),
    ),
    _f(
        "decimals and fractions",
        "from decimal import Decimal\nfrom fractions import Fraction\ndef f(): return str(Decimal('0.1') + Decimal('0.2')), str(Fraction(1, 3) + Fraction(1, 6))",
        ("0.3", "1/2"),
    ),
    _f(
        "a heap",
        "import heapq\ndef f():\n    h = []\n    for n in (5, 1, 4): heapq.heappush(h, n)\n    return [heapq.heappop(h) for _ in range(3)]",
        [1, 4, 5],
    ),
    _f("a long integer", "def f(): return 10 ** 5000", 10**5000),
    _f("digits of a long integer", "def f(): return len(str(3 ** 20000))", 9543),
    _f(
        "emoji and surrogates",
        "def f(): return '\\U0001f600', 'a\\ud800b', 'é'.encode()",
        ("\U0001f600", "a\ud800b", "é".encode()),
    ),
    _f(
        "a cache",
        "from functools import lru_cache\n@lru_cache(None)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\ndef f(): return fib(90)",
        2880067194370816120,
    ),
    _f(
        "context managers",
        "from contextlib import contextmanager, ExitStack, suppress\n@contextmanager\ndef c(log):\n    log.append('in')\n    yield\n    log.append('out')\ndef f():\n    log = []\n    with ExitStack() as stack, suppress(KeyError):\n        stack.enter_context(c(log))\n        raise KeyError\n    return log",
        ["in", "out"],
    ),
    _f(
        "a metaclass and a descriptor",
        "class M(type):\n    def __new__(m, n, b, d): return super().__new__(m, n, b, {**d, 'tag': n.lower()})\nclass D:\n    def __get__(self, o, t): return t.__name__\nclass Thing(metaclass=M):\n    d = D()\ndef f(): return Thing.tag, Thing().d",
        ("thing", "Thing"),
    ),
    _f(
        "pickle, json and csv",
        "import pickle, json, csv, io\nclass P:\n    def __init__(self, x): self.x = x\ndef f():\n    p = pickle.loads(pickle.dumps(P(3)))\n    rows = list(csv.reader(io.StringIO('a,b\\n1,2\\n')))\n    return p.x, json.loads(json.dumps({'a': [1, None]})), rows",
        (3, {"a": [1, None]}, [["a", "b"], ["1", "2"]]),
    ),
    _f(
        "files in its folder",
        "import os, tempfile, pathlib, shutil\ndef f():\n    with tempfile.TemporaryDirectory() as d: pathlib.Path(d, 'x').write_text('1')\n    open('a.txt', 'w').write('hello')\n    os.rename('a.txt', 'b.txt')\n    shutil.copy('b.txt', 'c.txt')\n    return sorted(os.listdir('.')), pathlib.Path('c.txt').read_text()",
        (["b.txt", "c.txt"], "hello"),
    ),
    _f(
        "hashes",
        "import hashlib\ndef f(): return hashlib.sha256(b'x').hexdigest()[:8], hashlib.md5(b'x').hexdigest()[:8]",
        ("2d711642", "9dd4e461"),
    ),
    _f(
        "repeatable chance",
        "import random\ndef f():\n    random.seed(7)\n    a = [random.random() for _ in range(3)]\n    random.seed(7)\n    return a == [random.random() for _ in range(3)]",
        True,
    ),
    _f(
        "a short sleep",
        "import time\ndef f():\n    start = time.monotonic()\n    time.sleep(0.05)\n    return time.monotonic() - start >= 0.05",
        True,
    ),
    _f(
        "dates",
        "from datetime import date, datetime, timedelta, timezone\ndef f(): return (date(2024, 2, 28) + timedelta(2)).isoformat(), datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp()",
        ("2024-03-01", 1704067200.0),
    ),
    _f(
        "compression and bytes",
        "import zlib, struct, array, base64\ndef f(): return zlib.decompress(zlib.compress(b'x' * 9)), struct.pack('>I', 7), array.array('i', [1, 2]).tolist(), base64.b64encode(b'hi')",
        (b"x" * 9, b"\0\0\0\7", [1, 2], b"aGk="),
    ),
    _f(
        "a view of memory",
        "def f():\n    b = bytearray(b'abc')\n    memoryview(b)[1:2] = b'X'\n    return bytes(b)",
        b"aXc",
    ),
    _f(
        "a match statement",
        "def g(x):\n    match x:\n        case {'k': [a, *rest]}: return a, rest\n        case int() | float(): return 'number'\n        case _: return None\ndef f(): return g({'k': [1, 2, 3]}), g(1.5), g('s')",
        ((1, [2, 3]), "number", None),
    ),
    _f(
        "an exception group",
        "def f():\n    try: raise ExceptionGroup('g', [ValueError(1), KeyError(2)])\n    except* ValueError as e: first = len(e.exceptions)\n    except* KeyError: pass\n    return first",
        1,
    ),
    _f(
        "exceptions with a cause",
        "def f():\n    try:\n        try: 1 / 0\n        except ZeroDivisionError as e: raise ValueError('outer') from e\n    except ValueError as e: return type(e.__cause__).__name__",
        "ZeroDivisionError",
    ),
    _f(
        "the C library's mathematics",
        "import ctypes, ctypes.util\ndef f():\n    lib = ctypes.CDLL('libm.so.6')\n    lib.sqrt.restype = ctypes.c_double\n    lib.sqrt.argtypes = [ctypes.c_double]\n    return lib.sqrt(9.0)",
        3.0,
    ),
    _f(
        "unit tests of its own",
        "import unittest, io\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(1, 1)\ndef f():\n    suite = unittest.defaultTestLoader.loadTestsFromTestCase(T)\n    return unittest.TextTestRunner(stream=io.StringIO()).run(suite).wasSuccessful()",
        True,
    ),
    _f(
        "logging and warnings",
        "import logging, warnings, io\ndef f():\n    out = io.StringIO()\n    logging.basicConfig(stream=out, level=logging.INFO)\n    logging.info('x')\n    with warnings.catch_warnings(record=True) as w:\n        warnings.simplefilter('always')\n        warnings.warn('old')\n    return 'INFO' in out.getvalue(), len(w)",
        (True, 1),
    ),
    _f(
        "deep copies and weak references",
        "import copy, weakref, gc\nclass N:\n    pass\ndef f():\n    a = N(); a.self = a\n    b = copy.deepcopy(a)\n    r = weakref.ref(b)\n    del b\n    gc.collect()\n    return r() is None",
        True,
    ),
    _f(
        "subclasses of built-in types",
        "class L(list):\n    def total(self): return sum(self)\nclass D(dict):\n    def __missing__(self, k): return k * 2\ndef f(): return L([1, 2]).total(), D()[4], list(L([3]))",
        (3, 8, [3]),
    ),
    _f(
        "slots, properties and operators",
        "class V:\n    __slots__ = ('x',)\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n    @property\n    def double(self): return self.x * 2\ndef f(): return (V(1) + V(2)).double",
        6,
    ),
    _f(
        "containers of the library",
        "from collections import Counter, defaultdict, deque, namedtuple, OrderedDict\nP = namedtuple('P', 'x y')\ndef f():\n    d = defaultdict(list); d['a'].append(1)\n    return Counter('aab').most_common(1), dict(d), list(deque([1, 2, 3], 2)), tuple(P(1, 2)), list(OrderedDict(b=1, a=2))",
        ([("a", 2)], {"a": [1]}, [2, 3], (1, 2), ["b", "a"]),
    ),
    _f(
        "eval, exec and compile",
        "def f():\n    space = {}\n    exec(compile('def g(x): return x + 1', 'own', 'exec'), space)\n    return space['g'](eval('1 + 1'))",
        3,
    ),
    _f(
        "closures and default arguments",
        "def make():\n    total = 0\n    def add(n, seen=[]):\n        nonlocal total\n        total += n\n        seen.append(n)\n        return total, len(seen)\n    return add\ndef f():\n    add = make()\n    add(1)\n    return add(2)",
        (3, 2),
    ),
    _f(
        "a signal handler and an alarm",
        "import signal, time\ndef f():\n    got = []\n    signal.signal(signal.SIGALRM, lambda *a: got.append(1))\n    signal.setitimer(signal.ITIMER_REAL, 0.02)\n    time.sleep(0.1)\n    return got",
        [1],
    ),
    _f(
        "a trace function of its own",
        "import sys\ndef f():\n    seen = []\n    def trace(frame, event, arg):\n        seen.append(event)\n        return trace\n    sys.settrace(trace)\n    (lambda: 1)()\n    sys.settrace(None)\n    return 'call' in seen",
        True,
    ),
    _f(
        "a long honest loop",
        "def f():\n    total = 0\n    for n in range(2_000_000): total += n % 3\n    return total",
        1999999,
    ),
    _f("a loop that ends late", "def f():\n    n = 10 ** 6\n    while n != 1_600_000: n += 1\n    return n", 1_600_000),
    _f(
        "a database in memory",
        "def f():\n    try: import sqlite3\n    except ImportError: return [(3,)]\n    c = sqlite3.connect(':memory:')\n    c.execute('create table t (n)')\n    c.executemany('insert into t values (?)', [(1,), (2,)])\n    return c.execute('select sum(n) from t').fetchall()",
        [(3,)],
    ),
    _f(
        "typing at run time",
        "from typing import Generic, Protocol, TypeVar, get_type_hints, runtime_checkable\nT = TypeVar('T')\nclass Box(Generic[T]):\n    def __init__(self, x: T): self.x = x\n@runtime_checkable\nclass Sized(Protocol):\n    def __len__(self) -> int: ...\ndef f(): return Box[int](3).x, isinstance([], Sized)",
        (3, True),
    ),
]
