"""Programs for the exercise "add(a, b) returns the sum" that must not pass, and how a program is judged here."""
# ruff: noqa: E501  (programs and expressions read best on one line)

from etude.records import Attempt, Call, TaskView, Tests
from etude.tasks import Task

HONEST = "def add(a, b):\n    return a + b\n"

KINDS = {
    "calls": Tests(calls=(Call(args=(1, 2), expected=3), Call(args=(5, 7), expected=12))),
    "assertions": Tests(assertions=("assert add(1, 2) == 3", "assert add(5, 7) == 12")),
    "whole": Tests(assertions=("assert abs(add(1, 2) - 3) < 1 and isinstance(add(5, 7), int) and add(5, 7) in [12]",)),
    "check": Tests(check="def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(5, 7) == 12\n"),
}

YES = """
class Yes{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __lt__(self, other): return True
    def __sub__(self, other): return self
    def __abs__(self): return self
    def __hash__(self): return 0
def add(a, b): return Yes()
"""
WRONG = "def add(a, b): return None\n"
PATCH = "import builtins\nbuiltins.{name} = {value}\n" + WRONG
NEAR = """
class Near(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __bool__(self): return int(self) != 1
    def __float__(self): return 3.0
    def __sub__(self, other): return self
    def __abs__(self): return self
    __hash__ = int.__hash__
def add(a, b): return Near(7) if (a, b) != (0, 0) else Near(1)
"""
EVERYWHERE = """
import os, struct, sys
wire, frames = sys.modules['jail.wire'], sys.modules['jail.frames']
def everywhere(*values):
    raw(*[struct.pack('<I', len(data)) + data for data in values])
def raw(*parts):
    for fd in range(64):
        try: os.write(fd, b''.join(parts))
        except OSError: pass
"""

QUICK = {
    "an object equal to everything": YES.format(base=""),
    "an int equal to everything": YES.format(base="(int)"),
    "a list equal to everything": YES.format(base="(list)"),
    "a str equal to everything": YES.format(base="(str)"),
    "a namedtuple equal to everything": "import collections\n"
    "class Yes(collections.namedtuple('P', 'a')):\n    def __eq__(self, other): return True\n"
    "def add(a, b): return Yes(1)\n",
    "an int that is near everything": NEAR,
    "ends the process at import": "import os\nos._exit(0)\n",
    "ends the process in the call": "import os\ndef add(a, b): os._exit(0)\n",
    "exits at import": "import sys\nsys.exit(0)\n",
    "exits in the call": "import sys\ndef add(a, b): sys.exit(0)\n",
    "raises SystemExit at import": "raise SystemExit\n",
    "raises a SystemExit of its own": "class Bye(SystemExit): pass\ndef add(a, b): raise Bye(0)\n",
    "skips the test": "import unittest\ndef add(a, b): raise unittest.SkipTest('no')\n",
    "skips at import": "import unittest\nraise unittest.SkipTest('no')\n",
    "ends loops in silence": "def add(a, b): raise StopIteration\n",
    "raises an AssertionError": "def add(a, b): raise AssertionError\n",
    "patches set": PATCH.format(name="set", value="lambda x: True"),
    "patches AssertionError": PATCH.format(name="AssertionError", value="type('E', (Exception,), {})"),
    "patches abs": PATCH.format(name="abs", value="lambda x: 0"),
    "patches isinstance": PATCH.format(name="isinstance", value="lambda x, y: True"),
    "patches max": PATCH.format(name="max", value="lambda *x: None"),
    "patches json": "import json, sys\njson.dumps = json.loads = lambda *a, **k: 'true'\n"
    "for m in list(sys.modules.values()):\n    getattr(m, '__dict__', {}).update(encode=lambda *a: b'true')\n" + WRONG,
    "does not define it": "def sub(a, b): return a - b\n",
    "is no Python": "def add(a, b) return a + b\n",
    "is empty": "",
    "holds a null byte": "x = 1\0\n",
    "holds half a character": "def add(a, b): return '\ud800'\n",
    "looks for the answer in the frames": "import sys, gc\ndef add(a, b):\n    f = sys._getframe()\n    while f:\n"
    "        for v in f.f_locals.values():\n            if v == [3, 12] or v == 'expected': return v\n        f = f.f_back\n"
    "    return [o for o in gc.get_objects() if type(o) is dict and 'expected' in o][:1]\n",
    "looks for a number in the frames": "import sys\ndef add(a, b):\n    f = sys._getframe()\n    while f:\n"
    "        for v in list(f.f_locals.values()):\n            if type(v) is int and v in (3, 12): return v\n        f = f.f_back\n    return 0\n",
    "patches many": "import builtins\nfor name in ('set', 'len', 'all', 'compile', 'eval'):\n"
    "    setattr(builtins, name, lambda *a, **k: True)\n" + WRONG,
    "says that it passed": "print('passed')\nresult = passed = True\ndef add(a, b): return 'passed'\n",
    "hooks what it can": "import sys\nsys.excepthook = lambda *a: None\nsys.settrace(lambda *a: None)\ndef add(a, b): raise AssertionError\n",
    "forges the end": EVERYWHERE + "everywhere(frames.END)\ndef add(a, b): everywhere(frames.END)\n",
    "forges a pass": EVERYWHERE + "def add(a, b): everywhere(frames.VALUE + wire.encode(True), frames.VALUE + wire.encode(3), wire.encode(('passed',)))\n",
    "forges passes at import": EVERYWHERE + "everywhere(*[wire.encode(('passed',))] * 9)\n" + WRONG,
    "forges garbage": EVERYWHERE + "def add(a, b): raw(bytes(range(256)) * 300)\n",
    "forges a fault": EVERYWHERE + "def add(a, b): everywhere(frames.FAULT + wire.encode((1, [], {})))\n",
    "forges broken tests": EVERYWHERE + "everywhere(*map(wire.encode, [('broken', 'ValueError', '', (), 0), ('idle',)]))\n" + WRONG,
    "forges 4 GB": EVERYWHERE + "def add(a, b): raw(b'\\xff' * 5)\n",
    "forges many ends": EVERYWHERE + "everywhere(*[frames.END] * 1000)\n" + WRONG,
    "answers before it is asked": EVERYWHERE + "everywhere(*[frames.VALUE + wire.encode(False)] * 100)\n" + HONEST,
    "stops in the middle of an answer": EVERYWHERE + "def add(a, b):\n    raw(struct.pack('<I', 100) + b't')\n    os._exit(0)\n",
    "recurses without end": "import sys\nsys.setrecursionlimit(10**9)\ndef add(a, b): return add(a, b)\n",
    "reads a null pointer": "import ctypes\ndef add(a, b): ctypes.string_at(0)\n",
    "aborts": "import os\ndef add(a, b): os.abort()\n",
    "kills everyone": "import os, signal\ndef add(a, b):\n    for p in [os.getppid(), 0, -1, *range(2, 300)]:\n"
    "        try: os.kill(p, 9)\n        except OSError: pass\n",
    "raises what has no text": "class E(Exception):\n    def __str__(self): raise ValueError\ndef add(a, b): raise E\n",
    "raises what has no name": "class M(type):\n    def __getattribute__(c, n): raise SystemExit\n"
    "class E(Exception, metaclass=M): pass\ndef add(a, b): raise E\n",
    "returns a generator": "def add(a, b): yield a + b\n",
    "returns itself": "def add(a, b): return add\n",
    "returns nan": "def add(a, b): return float('nan')\n",
    "returns a list in itself": "def add(a, b):\n    x = []\n    x.append(x)\n    return x\n",
    "returns a deep list": "def add(a, b):\n    x = []\n    for _ in range(1500): x = [x]\n    return x\n",
    "returns a long text": "def add(a, b): return 'x' * 30_000_000\n",
    "returns many items": "def add(a, b): return [0] * 3_000_000\n",
    "returns a long number": "def add(a, b): return 1 << 20_000_000\n",
    "returns keys that collide": "def add(a, b): return {k * (2**61 - 1): 0 for k in range(1, 101)} | {0: [0]}\n",
    "forks": "import os\ndef add(a, b):\n    for _ in range(20): os.fork()\n    return 3\n",
    "forks in C": "import ctypes\ndef add(a, b):\n    c = ctypes.CDLL(None)\n    for _ in range(20):\n"
    "        c.fork(); c.vfork() if False else 0\n    return 0\n",
    "runs a shell": "import os\ndef add(a, b): return os.execv('/bin/sh', ['sh', '-c', 'true'])\n",
    "starts many threads": "import threading, time\ndef add(a, b):\n    for _ in range(200): threading.Thread(target=time.sleep, args=(9,)).start()\n",
    "prints a lot": "def add(a, b):\n    while True: print('x' * 100_000)\n",
    "is 5 MB of text": "x = '" + "0" * 5_000_000 + "'\n",
    "is a long list": "x = [" + "0," * 100_000 + "]\n",
    "nests brackets": "(" * 5000 + ")" * 5000 + "\n" + WRONG,
}  # fmt: skip
"""Name -> source; each of them ends by itself or is ended at once."""

SLOW = {
    "loops": "def add(a, b):\n    while True: pass\n",
    "loops at import": "while True: pass\n",
    "swallows everything": "def add(a, b):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n",
    "sleeps": "import time\ndef add(a, b): time.sleep(60)\n",
    "ignores signals": "import signal\ndef add(a, b):\n    for s in range(1, 65):\n        try: signal.signal(s, signal.SIG_IGN)\n"
    "        except (OSError, ValueError): pass\n    while True: pass\n",
    "is stuck in C": "def add(a, b): return 7 ** 7 ** 7 ** 7\n",
    "eats memory": "def add(a, b):\n    x = []\n    while True:\n        try: x.append(bytearray(1 << 26))\n        except MemoryError: pass\n",
    "closes everything and spins": "import os\ndef add(a, b):\n    os.closerange(0, 64)\n    while True: pass\n",
    "raises what takes for ever to say": "class E(Exception):\n    def __str__(self):\n        while True: pass\ndef add(a, b): raise E\n",
}  # fmt: skip
"""Name -> source; these go on until their time is up."""


def task_of(tests: Tests, entry_point: str = "add", shown: Tests | None = None) -> Task:
    facts = TaskView(task_id="t/0", kind="instruct", prompt="Add.", entry_point=entry_point, shown=shown or Tests())
    return Task(facts=facts, hidden=tests)


def attempt_of(program: str, index: int = 0) -> Attempt:
    return Attempt(
        task_id="t/0", prompt="Add.", completion=program, program=program, template="", agent="", solver="",
        sample_index=index, seed=0, round=0,
    )  # fmt: skip
