"""A small exam of every kind of test, leaks of it in many wordings, and rows that are near it and no leaks."""

from etude.records import Call, Example, Exchange, TaskView, Tests
from etude.tasks import Task

CANARY = 918273645
"""Stands in hidden tests and nowhere else."""


def task(name, hidden, reference="", entry_point="", kind="instruct"):
    view = TaskView(task_id=name, kind=kind, prompt=f"The exam task {name}.", entry_point=entry_point)
    return Task(facts=view, hidden=hidden, reference=reference, origin="exam", licence="CC0")


def calls(*pairs):
    return Tests(calls=tuple(Call(args=args, expected=expected) for args, expected in pairs))


PLATEAU = """
def longest_plateau(items):
    best = run = 0
    last = None
    for item in items:
        run = run + 1 if run and item == last else 1
        last = item
        best = max(best, run)
    return best
"""
WEAVE = """
def weave(one, other):
    out = []
    for left, right in zip(one, other):
        out.append(left + right)
    short = min(len(one), len(other))
    return "".join(out) + one[short:] + other[short:]
"""
DIGITS = """
def digit_gap(n):
    product, total = 1, 0
    for digit in str(n):
        product *= int(digit)
        total += int(digit)
    return product - total
"""
BOUNDED = """
def bounded_sum(rows, low, high):
    return sum(x for x in rows if low <= x <= high)
"""
COUPLE = """
def couple(rows, total):
    for i in range(len(rows)):
        for j in range(i + 1, len(rows)):
            if rows[i] + rows[j] == total:
                return [i, j]
    return []
"""
SPREAD = """
n = int(input())
rows = list(map(int, input().split()))
print(max(rows) - min(rows))
"""
ZIGZAG = """
def is_zigzag(items):
    for a, b, c in zip(items, items[1:], items[2:]):
        if not (a < b > c or a > b < c):
            return False
    return True
"""
SAT = """
from typing import List

def sat(parts: List[int], total=137, least=11):
    return len(parts) == 4 and sum(parts) == total and min(parts) > least and sorted(set(parts)) == parts
"""

EXAM = (
    task(
        "plateau",
        calls(
            (([],), 0), (([1, 1, 2],), 2), (([4, 5, 5, 5],), 3), (([2, 2, 3, 3, 3, 3, 2],), 4),
            (([1, 2, 3],), 1), (([CANARY] * 6,), 6), (([0, 0, 1, 0, 0],), 2), (([7, 7, 7, 1, 7, 7, 7, 7, 7],), 5),
        ),
        PLATEAU,
        "longest_plateau",
    ),
    task(
        "weave",
        Tests(
            assertions=(
                "assert weave('abc', 'xy') == 'axbyc'",
                f"assert weave('{CANARY}', '__') == '9_1_8273645'",
                "assert weave('', 'tail') == 'tail'",
                "assert weave('q', 'wert') == 'qwert'",
                "assert weave('same', 'size') == 'ssaimzee'",
            )
        ),
        WEAVE,
        "weave",
    ),
    task(
        "digits",
        Tests(
            check="def check(candidate):\n"
            "    assert candidate(234) == 15\n"
            "    assert candidate(4421) == 21\n"
            "    assert candidate(10) == -1\n"
            "    for n in (7, 8, 9):\n"
            "        assert candidate(n) == 0\n"
            f"    assert candidate({CANARY}) == 362835\n",
            context="def digit_gap(n):\n    pass\n",
        ),
        DIGITS,
        "digit_gap",
    ),
    task(
        "bounded",
        calls(
            (([1, 5, 9], 2, 9), 14), (([], 0, 1), 0), (([3, 3, 3], 3, 3), 9), (([-4, 8, 15], -5, 9), 4),
            (([CANARY, 1], 0, 10), 1), (([10, 20, 30, 40], 15, 35), 50),
        ),
        BOUNDED,
        "bounded_sum",
    ),
    task(
        "couple",
        Tests(
            check="def check(candidate):\n"
            "    import random\n"
            f"    dice = random.Random({CANARY})\n"
            "    for _ in range(20):\n"
            "        rows = [dice.randint(1, 60) for _ in range(9)]\n"
            "        one, other = dice.sample(range(9), 2)\n"
            "        found = candidate(list(rows), rows[one] + rows[other])\n"
            "        assert len(found) == 2 and found[0] != found[1]\n"
            "        assert rows[found[0]] + rows[found[1]] == rows[one] + rows[other]\n"
        ),
        COUPLE,
        "couple",
    ),
    task(
        "spread",
        Tests(
            stdio=(
                Exchange(stdin="3\n4 9 1\n", stdout="8\n"),
                Exchange(stdin="1\n5\n", stdout="0\n"),
                Exchange(stdin=f"2\n{CANARY} 1\n", stdout=f"{CANARY - 1}\n"),
                Exchange(stdin="4\n-3 -9 -1 -2\n", stdout="8\n"),
            )
        ),
        SPREAD,
    ),
    task(
        "zigzag",
        Tests(
            assertions=(
                "assert is_zigzag([1, 3, 2, 4]) == True",
                "assert is_zigzag([1, 2, 3]) == False",
                "assert is_zigzag([5]) == True",
                "assert is_zigzag([2, 2]) == True",
                "assert is_zigzag([9, 1, 8, 2, 2]) == False",
                f"assert is_zigzag([4, {CANARY}, 4, 4]) is False",
                "assert is_zigzag([6, 3, 5]) is True",
            )
        ),
        ZIGZAG,
        "is_zigzag",
    ),
    task("parts", Tests(puzzle=SAT), "def sol():\n    return [12, 13, 14, 98]\n", "sol", "puzzle"),
)  # fmt: skip

LEAKS = {
    "plateau": (
        "def f(a):\n    b = c = 0\n    d = None\n    for e in a:\n        c = c + 1 if c and e == d else 1\n"
        "        d = e\n        b = max(b, c)\n    return b\n",
        "from itertools import groupby\n\ndef run_length(seq):\n"
        "    return max((len(list(g)) for _, g in groupby(seq)), default=0)\n",
        "def plateau(xs, start=0):\n    if start >= len(xs):\n        return 0\n    end = start\n"
        "    while end < len(xs) and xs[end] == xs[start]:\n        end += 1\n"
        "    return max(end - start, plateau(xs, end))\n",
        "flat = lambda xs: max([j - i for i in range(len(xs)) for j in range(i + 1, len(xs) + 1)"
        " if len(set(xs[i:j])) == 1], default=0)\n",
        "def outer(values):\n    def count(seq):\n        best = 0\n        here = 0\n"
        "        for k in range(len(seq)):\n            here = here + 1 if k and seq[k] == seq[k - 1] else 1\n"
        "            best = here if here > best else best\n"
        "        return best\n    return count(values)\n",
        "def unrelated(x):\n    return x\n\ndef helper(row):\n    if not row:\n        return 0\n    sizes = [1]\n"
        "    for a, b in zip(row, row[1:]):\n        if a == b:\n            sizes[-1] += 1\n        else:\n"
        "            sizes.append(1)\n    return sorted(sizes)[-1]\n\nprint(helper([1, 1]))\n",
        "def longest_plateau(n):\n    return n * 2\n\ndef real(items):\n    best = run = 0\n    last = None\n"
        "    for item in items:\n        run = run + 1 if run and item == last else 1\n        last = item\n"
        "        best = max(best, run)\n    return best\n",
    ),
    "weave": (
        "def mix(p, q):\n    s = min(len(p), len(q))\n    r = []\n    for x, y in zip(p, q):\n        r.append(x + y)\n"
        "    return ''.join(r) + p[s:] + q[s:]\n",
        "from itertools import zip_longest\n\ndef z(a, b):\n"
        "    return ''.join(x + y for x, y in zip_longest(a, b, fillvalue=''))\n",
        "def shuffle(a, b):\n    if not a:\n        return b\n    return a[0] + shuffle(b, a[1:])\n",
        "def braid(a, b, sep=''):\n    out = ''\n    for i in range(max(len(a), len(b))):\n"
        "        out += a[i:i + 1] + sep + b[i:i + 1]\n    return out\n",
        "braided = lambda a, b: ''.join(a[i:i + 1] + b[i:i + 1] for i in range(len(a) + len(b)))\n",
    ),
    "digits": (
        "def g(m):\n    t, p = 0, 1\n    for c in str(m):\n        t += int(c)\n        p *= int(c)\n"
        "    return p - t\n",
        "from math import prod\n\ndef gap(n):\n    d = list(map(int, str(n)))\n    return prod(d) - sum(d)\n",
        "def split(number, base=10):\n    p, s = 1, 0\n    while number:\n        number, d = divmod(number, base)\n"
        "        p, s = p * d, s + d\n    return p - s\n",
        "import functools\n"
        "word = lambda n: functools.reduce(lambda a, b: a * int(b), str(n), 1) - sum(map(int, str(n)))\n",
    ),
    "bounded": (
        "def add(values, a, b):\n    total = 0\n    for v in values:\n"
        "        if v > b or v < a:\n            continue\n"
        "        total += v\n    return total\n",
        "def between(xs, lo=0, hi=100):\n    return sum(filter(lambda x: lo <= x and hi >= x, xs))\n",
        "import bisect\n\ndef by_sorting(xs, a, b):\n    xs = sorted(xs)\n"
        "    return sum(xs[bisect.bisect_left(xs, a):bisect.bisect_right(xs, b)])\n",
        "def wrap(*given):\n    rows, low, high = given\n    return sum(x for x in rows if low <= x <= high)\n",
    ),
    "couple": (
        "def two(nums, target):\n    seen = {}\n    for i, x in enumerate(nums):\n        if target - x in seen:\n"
        "            return [seen[target - x], i]\n        seen[x] = i\n    return []\n",
        "from itertools import combinations\n\ndef any_two(r, t):\n"
        "    return next(([i, j] for i, j in combinations(range(len(r)), 2) if r[i] + r[j] == t), [])\n",
        "def backwards(rows, total):\n    n = len(rows) - 1\n    return [[j, i] for i in range(n, -1, -1)"
        " for j in range(n, i, -1) if rows[i] + rows[j] == total][0]\n",
    ),
    "spread": (
        "import sys\ndata = sys.stdin.read().split()[1:]\n"
        "nums = sorted(int(x) for x in data)\nprint(nums[-1] - nums[0])\n",
        "def main():\n    input()\n    lo = hi = None\n    for w in input().split():\n        v = int(w)\n"
        "        lo = v if lo is None or v < lo else lo\n        hi = v if hi is None or v > hi else hi\n"
        "    print(hi - lo)\n\nif __name__ == '__main__':\n    main()\n",
    ),
    "zigzag": (
        "def alternates(v):\n    return all((v[i] - v[i - 1]) * (v[i + 1] - v[i]) < 0 for i in range(1, len(v) - 1))\n",
        "def wave(s):\n    signs = [(b > a) - (b < a) for a, b in zip(s, s[1:])]\n"
        "    return len(signs) < 2 or all(p * q == -1 for p, q in zip(signs, signs[1:]))\n",
        "def check_it(items):\n    i = 2\n    while i < len(items):\n        a, b, c = items[i - 2:i + 1]\n"
        "        if a < b and b <= c or a > b and b >= c or a == b:\n            return False\n"
        "        i += 1\n    return True\n",
    ),
    "parts": (
        "def sol():\n    return [20, 30, 40, 47]\n",
        "def sol(total=137, least=11):\n    first = [least + 1, least + 2, least + 3]\n"
        "    return first + [total - sum(first)]\n",
        "def answer():\n    for d in range(100, 0, -1):\n        parts = [12, 13, 137 - 25 - d, d]\n"
        "        if parts == sorted(set(parts)):\n            return parts\n",
    ),
}  # fmt: skip
"""Every one passes every hidden test of its task; none says so."""

NEAR = (
    PLATEAU.replace("return best", "return best - 1"),
    PLATEAU.replace("best = max(best, run)", "best = run"),
    WEAVE.replace("+ one[short:] + other[short:]", "+ other[short:]"),
    DIGITS.replace("product - total", "total - product"),
    BOUNDED.replace("<= high", "< high"),
    COUPLE.replace("range(i + 1,", "range(i + 2,"),
    SPREAD.replace("min(rows)", "rows[0]"),
    ZIGZAG.replace("or a > b < c", ""),
    ZIGZAG.replace("return True", "return False"),
    "def sol():\n    return [1, 2, 3, 131]\n",
    "def sol():\n    return 137\n",
    "import random\n\ndef endless(n):\n    while n != 1:\n        n = n\n    return n\n",
    "def leaves(rows):\n    exit()\n",
    "def broken(:\n",
    "",
    "this is prose, and no program at all",
    "raise ValueError('top')\n",
    "x = input()\nprint(x[::-1])\n",
)


def clean(number):
    """Different programs that solve no task of the exam: `number` of them."""
    made = [*NEAR]
    for n in range(number - len(NEAR)):
        a, b = n % 17 + 2, n // 17 + 3
        made.append(
            (
                f"def scale(x):\n    return x * {a} + {b}\n",
                f"def cut(text, size={a}):\n    return [text[i:i + size] for i in range({b}, len(text), size)]\n",
                f"def count(rows, low):\n    return sum(x > low + {a} for x in rows) * {b}\n",
                f"def step(n):\n    total = {b}\n    while n > 0:\n        total += n % {a}\n"
                f"        n //= {a}\n    return total\n",
                f"rows = list(map(int, input().split()))\nprint(sum(rows) * {a} + {b})\n",
                f"def blend(p, q):\n    return p[:{a}] + q[{b}:] + p\n",
            )[n % 6]
        )
    return made


def row(program, name="clean", **changes):
    return Example(prompt="Write it.", target=program, program=program, task_id=name, **changes)
