"""Loops as data: those that provably never end, and near misses that look like them and do end."""

ENDLESS: dict[str, str] = {
    "nothing at all": "def f():\n    while True:\n        pass\n",
    "at the top of the program": "x = 1\nwhile x:\n    pass\ndef f(): return 1\n",
    "a forgotten step": "def f():\n    i = 0\n    while i < 10:\n        j = i + 1\n",
    "a stuck binary search": (
        "def f():\n    a, low, high = [1, 2, 4], 0, 2\n    while low < high:\n        middle = (low + high) // 2\n"
        "        if a[middle] < 4:\n            low = middle\n        else:\n            high = middle\n"
    ),
    "running away upwards": "def f():\n    n = 5\n    while n > 0:\n        n += 1\n",
    "stepping over the end": "def f():\n    n = 5\n    while n != 0:\n        n -= 2\n",
    "stepping over the end of a text": "def f():\n    s, i = 'abc', 1\n    while i != len(s):\n        i += 4\n",
    "two counters in step": "def f():\n    a, b = 0, 1\n    while a < b:\n        a += 1\n        b += 1\n",
    "the gap only grows": "def f():\n    a, b = 0, 10\n    while a != b:\n        a += 1\n        b += 3\n",
    "a counter without a way out": "def f():\n    n = 0\n    while True:\n        n += 1\n",
    "a way out that is never reached": (
        "def f():\n    n = 0\n    while True:\n        n -= 1\n        if n > 10:\n            return n\n"
    ),
    "truth of a number that skips zero": "def f():\n    n = 7\n    while n:\n        n -= 2\n",
    "halving a negative number": "def f():\n    n = -5\n    while n != 0:\n        n //= 2\n",
    "dividing zero": "def f():\n    n = 0\n    while n % 2 == 0:\n        n //= 2\n",
    "swinging to and fro": "def f():\n    x = 0\n    while x != 2:\n        x = 1 - x\n",
    "a cycle of three": "def f():\n    x = 1\n    while x != 0:\n        x = x * 2 % 7\n",
    "a long cycle": "def f():\n    x = 1\n    while x != 0:\n        x = x * 3 % 101\n",
    "an exception caught for ever": (
        "def f():\n    while True:\n        try:\n            int('x')\n        except ValueError:\n            continue\n"
    ),
    "everything caught for ever": (
        "def f():\n    while True:\n        try:\n            [][1]\n        except BaseException as error:\n            pass\n"
    ),
    "a method that never says stop": (
        "class Machine:\n    def __init__(self):\n        self.k = 0\n    def step(self):\n        return self.k\n"
        "def f():\n    m = Machine()\n    while m.step() < 3:\n        x = [1]\n"
    ),
    "inside a loop that would end": (
        "def f():\n    for i in range(5):\n        while i < 10:\n            y = [k for k in range(3)]\n"
    ),
    "after an exception in a loop": (
        "def f():\n    for i in range(3):\n        try:\n            1 / 0\n        except ZeroDivisionError:\n"
        "            while i < 9:\n                pass\n"
    ),
    "a helper that changes nothing": (
        "def step(n):\n    return n\ndef f():\n    n = 3\n    while n > 0:\n        n = step(n)\n"
    ),
    "a list that is turned round and round": (
        "def f():\n    a = [1, 2, 3]\n    while a[0] != 4:\n        a.append(a.pop(0))\n"
    ),
    "a dictionary that is written the same": (
        "def f():\n    d = {'n': 0}\n    while d['n'] < 5:\n        d['n'] = d['n'] % 3\n"
    ),
    "a pointer that points at itself": (
        "class Node:\n    def __init__(self):\n        self.next = self\ndef f():\n    n = Node()\n    while n:\n        n = n.next\n"
    ),
    "a ring of two": "def f():\n    a = {1: 2, 2: 1}\n    x = 1\n    while x is not None:\n        x = a.get(x)\n",
    "waiting for a queue to drain": (
        "from collections import deque\ndef f():\n    q = deque([1])\n    while q:\n        q.append(q.popleft())\n"
    ),
    "a global that nobody changes": "done = False\ndef f():\n    while not done:\n        pass\n",
    "a comprehension in each round": "def f():\n    s = 0\n    while s < 10:\n        s = sum(x for x in range(3))\n",
    "a text that is reversed": "def f():\n    s = 'ab'\n    while s != 'cc':\n        s = s[::-1]\n",
    "recursion inside a round": (
        "def g(n):\n    return 0 if n == 0 else g(n - 1)\ndef f():\n    while g(5) == 0:\n        pass\n"
    ),
    "a closure's variable": (
        "def f():\n    n = 0\n    def look():\n        return n\n    while look() == 0:\n        pass\n"
    ),
    "a bit that is flipped": "def f():\n    n = 5\n    while n:\n        n ^= 1\n        n |= 4\n",
    "a float that stands still": "def f():\n    x = 1.0\n    while x < 2:\n        x = (x + 1.0) / 2\n",
}
"""Name -> program; `f()` does not return."""

_SLOW = "def wait():\n    n = 0\n    for i in range(1200000):\n        n += i\n    return n\n"
"""Long enough that a look at the program falls into the loop below it, or comes just before."""

NEAR: dict[str, tuple[str, str, str]] = {
    "a long count": ("def f():\n    n = 0\n    while n < 2000000:\n        n += 1\n    return n\n", "f()", "2000000"),
    "a long count down": ("def f():\n    n = 2000000\n    while n:\n        n -= 1\n    return n\n", "f()", "0"),
    "a long way round to equality": (
        "def f():\n    n = 8000001\n    while n != 1:\n        n -= 2\n    return n\n", "f()", "1",
    ),
    "two counters that meet": (
        "def f():\n    a, b = 0, 1000000\n    while a != b:\n        a += 2\n        b += 1\n    return a\n", "f()", "2000000",
    ),
    "a counter behind len": (
        "def f():\n    s, i = 'a' * 10000000, 0\n    while i != len(s):\n        i += 1\n    return i\n", "f()", "10000000",
    ),
    "a way out far away": (
        "def f():\n    n = 0\n    while True:\n        n += 1\n        if n > 10000000:\n            return n\n", "f()", "10000001",
    ),
    "a for loop around an unchanged state": (
        "def f():\n    x = 0\n    for _ in range(10000000):\n        x = 1 - x\n    return x\n", "f()", "0",
    ),
    "two for loops": (
        "def f():\n    x = 0\n    for _ in range(4000):\n        for _ in range(1000):\n            x ^= 1\n    return x\n", "f()", "0",
    ),
    "a while inside a for": (
        "def f():\n    t = 0\n    for _ in range(800000):\n        i = 0\n        while i < 2:\n            i += 1\n        t = i\n    return t\n",
        "f()", "2",
    ),
    "a hidden iterator": (
        "def f():\n    it = iter(range(4800000))\n    x = 0\n    while x is not None:\n        x = next(it, None)\n    return x\n", "f()", "None",
    ),
    "a hidden iterator in a global": (
        "it = iter(range(4800000))\ndef f():\n    while next(it, None) is not None:\n        pass\n    return 1\n", "f()", "1",
    ),
    "a generator's state": (
        "def g():\n    for i in range(1800000):\n        yield 0\ndef f():\n    it = g()\n    while True:\n        try:\n            next(it)\n"
        "        except StopIteration:\n            return 1\n", "f()", "1",
    ),
    "chance": (
        "import random\ndef f():\n    while random.random() > 0.000001:\n        pass\n    return 1\n", "f()", "1",
    ),
    "chance by another name": (
        "from random import randrange as r\ndef f():\n    n = 0\n    while r(100000):\n        n += 0\n    return 1\n", "f()", "1",
    ),
    "the clock": (
        "import time\ndef f():\n    t = time.perf_counter()\n    while time.perf_counter() - t < 0.2:\n        pass\n    return 1\n", "f()", "1",
    ),
    "the processor's clock": (
        "from time import process_time\ndef f():\n    while process_time() < 0.25:\n        pass\n    return 1\n", "f()", "1",
    ),
    "a default argument that grows": (
        "def g(seen=[]):\n    seen.append(1)\n    return len(seen)\ndef f():\n    while g() < 1250000:\n        pass\n    return 1\n", "f()", "1",
    ),
    "a function's attribute": (
        "def g():\n    g.n += 1\n    return g.n\ng.n = 0\ndef f():\n    while g() < 1800000:\n        pass\n    return 1\n", "f()", "1",
    ),
    "a closure that counts": (
        "def make():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n\n    return g\ng = make()\n"
        "def f():\n    while g() < 1800000:\n        pass\n    return 1\n", "f()", "1",
    ),
    "a global counter in a callee": (
        "n = 0\ndef g():\n    global n\n    n += 1\ndef f():\n    while n < 1800000:\n        g()\n    return n\n", "f()", "1800000",
    ),
    "an object that counts": (
        "class C:\n    n = 0\n    def step(self):\n        self.n += 1\n        return self.n < 1250000\ndef f():\n    c = C()\n"
        "    while c.step():\n        pass\n    return c.n\n", "f()", "1250000",
    ),
    "a class that counts": (
        "class C:\n    n = 0\n    @classmethod\n    def step(cls):\n        cls.n += 1\n        return cls.n < 1800000\ndef f():\n"
        "    while C.step():\n        pass\n    return C.n\n", "f()", "1800000",
    ),
    "a property that counts": (
        "class C:\n    def __init__(self):\n        self._n = 0\n    @property\n    def n(self):\n        self._n += 1\n        return self._n\n"
        "def f():\n    c = C()\n    while c.n < 1800000:\n        pass\n    return 1\n", "f()", "1",
    ),
    "slots that count": (
        "class C:\n    __slots__ = ('n',)\ndef f():\n    c = C()\n    c.n = 0\n    while c.n < 4800000:\n        c.n += 1\n    return c.n\n",
        "f()", "4800000",
    ),
    "a list subclass that grows": (
        "class L(list):\n    pass\ndef f():\n    a = L()\n    while len(a) < 1800000:\n        a.append(0)\n    return len(a)\n", "f()", "1800000",
    ),
    "a list that grows": (
        "def f():\n    a = []\n    while len(a) < 4800000:\n        a.append(0)\n    return len(a)\n", "f()", "4800000",
    ),
    "a list emptied from the end": (
        "def f():\n    a = [0] * 4800000\n    while a:\n        a.pop()\n    return a\n", "f()", "[]",
    ),
    "a deque emptied": (
        "from collections import deque\ndef f():\n    q = deque([0] * 4800000)\n    while q:\n        q.popleft()\n    return len(q)\n", "f()", "0",
    ),
    "a set emptied": (
        "def f():\n    s = set(range(1800000))\n    while s:\n        s.pop()\n    return len(s)\n", "f()", "0",
    ),
    "a set that grows by operator": (
        "def f():\n    s, i = set(), 0\n    while len(s) < 800000:\n        s |= {i}\n        i += 1\n    return len(s)\n", "f()", "800000",
    ),
    "a dictionary emptied": (
        "def f():\n    d = dict.fromkeys(range(1800000))\n    while d:\n        d.popitem()\n    return d\n", "f()", "{}",
    ),
    "a counter object": (
        "from itertools import count\nc = count()\ndef f():\n    while next(c) < 4800000:\n        pass\n    return 1\n", "f()", "1",
    ),
    "a counting Counter": (
        "from collections import Counter\ndef f():\n    c = Counter()\n    while c['a'] < 800000:\n        c['a'] += 1\n    return c['a']\n",
        "f()", "800000",
    ),
    "a cache that fills": (
        "from functools import lru_cache\n@lru_cache(None)\ndef g(n):\n    return n\ndef f():\n    n = 0\n    while g.cache_info().misses < 200000:\n"
        "        g(n)\n        n += 1\n    return n\n", "f()", "200000",
    ),
    "a float that creeps": (
        "def f():\n    x = 0.0\n    while x < 1.0:\n        x += 0.0000003\n    return x > 0.9\n", "f()", "True",
    ),
    "a float that comes to a stop": (
        "def f():\n    x, n = 1.0, 0\n    while n < 4800000 or x == 0:\n        x = x / 1.5\n        n += 1\n    return n\n", "f()", "4800000",
    ),
    "a long Collatz path": (
        "def f():\n    m = 0\n    for s in range(1, 20000):\n        n = s\n        while n != 1:\n            n = n // 2 if n % 2 == 0 else 3 * n + 1\n"
        "        m = max(m, s)\n    return m\n", "f()", "19999",
    ),
    "a long period": (
        "def f():\n    x, n = 1, 0\n    while True:\n        x = x * 16807 % 2147483647\n        n += 1\n        if x % 5000011 == 70:\n            return n > 0\n",
        "f()", "True",
    ),
    "a cycle with a turn counter elsewhere": (
        "class T:\n    def __init__(self):\n        self.turns = [0]\nt = T()\ndef f():\n    x = 0\n    while t.turns[0] < 1000000:\n        x = 1 - x\n"
        "        t.turns[0] += 1\n    return x\n", "f()", "0",
    ),
    "a module's variable": (
        "import string\nstring.n = 0\ndef f():\n    while string.n < 1800000:\n        string.n += 1\n    return string.n\n", "f()", "1800000",
    ),
    "a thread that says stop": (
        "import threading, time\ndone = []\ndef later():\n    time.sleep(0.3)\n    done.append(1)\ndef f():\n    threading.Thread(target=later).start()\n"
        "    while not done:\n        pass\n    return 1\n", "f()", "1",
    ),
    "a finalizer that says stop": (
        "import gc\ngc.set_threshold(1200000)\ndone = []\nclass E:\n    def __init__(self):\n        self.me = self\n    def __del__(self):\n        done.append(1)\nE()\n"
        "keep = []\ndef f():\n    n = 0\n    while not done:\n        n += 1\n        keep.append([n])\n    return 1\n", "f()", "1",
    ),
    "an alarm of its own": (
        "import signal\ndone = []\nsignal.signal(signal.SIGALRM, lambda *_: done.append(1))\ndef f():\n    signal.setitimer(signal.ITIMER_REAL, 0.3)\n"
        "    while not done:\n        pass\n    return 1\n", "f()", "1",
    ),
    "an exception that ends it": (
        "def f():\n    a, i = [0] * 4800000, 0\n    try:\n        while True:\n            a[i]\n            i += 1\n    except IndexError:\n        return i\n",
        "f()", "4800000",
    ),
    "a recursion that ends": (
        "def g(n, k):\n    while n > 0:\n        n -= 1\n        k = g(n - 3, k)\n    return k\ndef f():\n    return g(42, 7)\n", "f()", "7",
    ),
    "a loop within with": (
        "class W:\n    n = 0\n    def __enter__(self):\n        W.n += 1\n        return W.n\n    def __exit__(self, *a):\n        return False\ndef f():\n"
        "    while True:\n        with W() as k:\n            if k > 250000:\n                return k\n", "f()", "250001",
    ),
    "eval that counts": (
        "n = 0\ndef f():\n    while n < 60000:\n        exec('global n; n += 1')\n    return n\n", "f()", "60000",
    ),
    "globals by another door": (
        "n = 0\ndef f():\n    while globals()['n'] < 1800000:\n        globals()['n'] += 1\n    return n\n", "f()", "1800000",
    ),
    "an address that differs": (
        "def f():\n    kept, seen = [], set()\n    while len(seen) < 200000:\n        o = object()\n        kept.append(o)\n        seen.add(id(o))\n"
        "    return len(seen)\n", "f()", "200000",
    ),
    "standing still and then not": (
        _SLOW + "def f():\n    x = [0]\n    a = wait()\n    while x[0] < 800000:\n        x[0] += 1\n    return x[0]\n", "f()", "800000",
    ),
    "a comparison that counts": (
        "class N:\n    def __init__(self):\n        self.k = 0\n    def __lt__(self, other):\n        self.k += 1\n        return self.k < 1800000\ndef f():\n"
        "    n = N()\n    while n < 3:\n        pass\n    return n.k\n", "f()", "1800000",
    ),
    "truth that counts": (
        "class N:\n    k = 1800000\n    def __bool__(self):\n        self.k -= 1\n        return self.k > 0\ndef f():\n    n = N()\n    while n:\n        pass\n    return n.k\n",
        "f()", "0",
    ),
    "bytes that are used up": (
        "import io\ndef f():\n    s = io.StringIO('x' * 1800000)\n    while s.read(1):\n        pass\n    return s.read()\n", "f()", "''",
    ),
    "input that is used up": (
        "import sys\ndef f():\n    n = 0\n    while sys.stdin.read(1):\n        n += 1\n    return n\n", "f()", "1500000",
    ),
}  # fmt: skip
"""Name -> program, question, answer as text. The last reads 1,500,000 characters of input."""

STDIN = "x" * 1_500_000
