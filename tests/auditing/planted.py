"""A made-up task set in the project's own format: sound exercises, and exercises with a defect put in on purpose."""
# ruff: noqa: E501  (programs and tests read best on few lines)

from typing import Any

Row = dict[str, Any]


def row(task_id: str, prompt: str, name: str, reference: str, **tests: Any) -> Row:
    return {"task_id": task_id, "prompt": prompt, "entry_point": name, "reference": reference, **tests}


def calls(*pairs: tuple[list[Any], Any]) -> list[Row]:
    return [{"args": args, "expected": expected} for args, expected in pairs]


CLEAN = [
    row("clean/clip", "Write clip(x, low, high): x, but never below low and never above high.", "clip",
        "def clip(x, low, high):\n    return max(low, min(x, high))\n",
        calls=calls(([5, 0, 3], 3), ([-5, 0, 3], 0), ([2, 0, 3], 2), ([3, 0, 3], 3), ([9, 4, 8], 8)), shown=[0]),
    row("clean/vowels", "Write vowels(text) that counts the letters a, e, i, o and u in a text.", "vowels",
        "def vowels(text):\n    return sum(letter in 'aeiou' for letter in text)\n",
        assertions=["assert vowels('sequoia') == 5", "assert vowels('rhythm') == 0", "assert vowels('') == 0",
                    "assert vowels('banana') == 3"], shown=[0]),
    row("clean/runs", "def runs(items):\n    \"\"\"How many runs of equal neighbours a list has.\"\"\"\n", "runs",
        "def runs(items):\n    return sum(not at or items[at] != items[at - 1] for at in range(len(items)))\n",
        check="def check(candidate):\n    assert candidate([1, 1, 2, 2, 1]) == 3\n    assert candidate([]) == 0\n"
              "    assert candidate([4]) == 1\n    assert candidate([1, 2, 3, 4]) == 4\n"),
    row("clean/total", "Read whole numbers, one in a line, until the end of the input; print their sum.", "",
        "import sys\nprint(sum(int(line) for line in sys.stdin if line.strip()))\n",
        stdio=[{"stdin": "1\n2\n", "stdout": "3\n"}, {"stdin": "40\n-2\n4\n", "stdout": "42\n"},
               {"stdin": "7\n", "stdout": "7\n"}]),
    {"task_id": "clean/puzzle", "prompt": "def sat(x: int):\n    return x * x == 5041 and x > 0\n",
     "puzzle": "def sat(x: int):\n    return x * x == 5041 and x > 0\n", "reference": "def sol():\n    return 71\n"},
    row("clean/digits", "Write digits(n) that returns the decimal digits of a number >= 0 as a list.", "digits",
        "def digits(n):\n    return [int(letter) for letter in str(n)]\n",
        calls=calls(([407], [4, 0, 7]), ([0], [0]), ([12345], [1, 2, 3, 4, 5]))),
    row("clean/second", "Write second(items): the second largest different number, or None.", "second",
        "def second(items):\n    found = sorted(set(items))\n    return found[-2] if len(found) > 1 else None\n",
        calls=calls(([[3, 1, 3]], 1), ([[4]], None), ([[5, 5]], None), ([[1, 2, 3, 4]], 3), ([[-2, -9]], -9))),
    row("clean/caesar", "Write caesar(text, shift): every small letter moved by shift places, the rest as it is.",
        "caesar",
        "def caesar(text, shift):\n    out = ''\n    for c in text:\n        if 'a' <= c <= 'z':\n"
        "            out += chr((ord(c) - 97 + shift) % 26 + 97)\n        else:\n            out += c\n    return out\n",
        calls=calls((["abz", 1], "bca"), (["a-z Q", 25], "z-y Q"), (["", 3], ""), (["hello", 0], "hello"))),
    row("clean/merge", "Write merge(a, b), which merges two sorted lists into one sorted list.", "merge",
        "def merge(a, b):\n    return sorted(a + b)\n",
        assertions=["assert merge([1, 4], [2, 3]) == [1, 2, 3, 4]", "assert merge([], [1]) == [1]",
                    "assert merge([5, 9], [-1, 6]) == [-1, 5, 6, 9]"]),
    row("clean/depth", "Write depth(text): how deep the round brackets of a text are nested.", "depth",
        "def depth(text):\n    most = now = 0\n    for c in text:\n        now += (c == '(') - (c == ')')\n"
        "        most = max(most, now)\n    return most\n",
        calls=calls((["(())()"], 2), ([""], 0), (["((()))(("], 3), (["a(b)c"], 1))),
    row("clean/leap", "Write leap(year): whether a year of the Gregorian calendar is a leap year.", "leap",
        "def leap(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)\n",
        calls=calls(([2000], True), ([1900], False), ([2024], True), ([2023], False), ([2100], False))),
    row("clean/words", "Write words(text) that maps every word of a text to how often it occurs.", "words",
        "def words(text):\n    found = {}\n    for word in text.split():\n        found[word] = found.get(word, 0) + 1\n"
        "    return found\n",
        calls=calls((["a b a"], {"a": 2, "b": 1}), ([""], {}), (["x"], {"x": 1}))),
]  # fmt: skip

DOUBLE = "def double(x):\n    return x * 2\n"
PLANTED: list[tuple[set[str], Row]] = [
    ({"reference fails"}, row("bad/wrong value", "Write cube(x).", "cube", "def cube(x):\n    return x ** 3\n",
        calls=calls(([2], 8), ([3], 28), ([4], 64)))),
    ({"reference fails"}, row("bad/missing module", "Write root(x), the whole square root.", "root",
        "import no_such_module\ndef root(x):\n    return no_such_module.root(x)\n",
        calls=calls(([4], 2), ([9], 3)))),
    ({"malformed assertion"}, row("bad/malformed", "Write pair(x): x and the number after it.", "pair",
        "def pair(x):\n    return (x, x + 1)\n", assertions=["assert pair(1)[0] == 1, 2", "assert pair(5) == (5, 6)"])),
    ({"shown test is hidden too"}, row("bad/overlap", "Write triple(x), three times x.", "triple",
        "def triple(x):\n    return x * 3\n", assertions=["assert triple(2) == 6", "assert triple( 2 ) == 6",
        "assert triple(0) == 0", "assert triple(7) == 21"], shown=[0])),
    ({"reference does not parse"}, row("bad/no program", "Write third(x), a third of x rounded down.", "third",
        "def third(x) return x // 3", calls=calls(([9], 3), ([3], 1)))),
    ({"entry point missing"}, row("bad/other name", "Write fourth(x), a fourth of x rounded down.", "fourth",
        "def quarter(x):\n    return x // 4\n", calls=calls(([9], 2), ([3], 0)))),
    ({"entry point not in the prompt"}, row("bad/unnamed", "Give back the last but one item of a list.", "penult",
        "def penult(items):\n    return items[-2]\n", calls=calls(([[1, 2, 3]], 2), ([[5, 6]], 5), ([[9, 8, 7, 6]], 7)))),
    ({"signature not in the prompt"}, row("bad/unsigned", "Write a function power_mod for the usual thing.", "power_mod",
        "def power_mod(base, exponent, modulus):\n    return pow(base, exponent, modulus)\n",
        calls=calls(([2, 5, 7], 4), ([3, 4, 5], 1), ([7, 3, 50], 43)))),
    ({"keyword not in the prompt"}, row("bad/keyword", "Write shorten(text): its first letters.", "shorten",
        "def shorten(text, most=3):\n    return text[:most]\n",
        calls=[{"args": ["abcdef"], "expected": "abc"}, {"args": ["abcdef"], "kwargs": {"most": 5}, "expected": "abcde"},
               {"args": ["xy"], "kwargs": {"most": 1}, "expected": "x"}])),
    ({"reference in the prompt"}, row("bad/told", "Write sides(a, b). Hint: return (a * a + b * b) ** 0.5", "sides",
        "def sides(a, b):\n    return (a * a + b * b) ** 0.5\n", calls=calls(([3, 4], 5.0), ([5, 12], 13.0)))),
    ({"hidden tests in the prompt"}, row("bad/all told", "Write mirror(text). mirror('abc') gives 'cba', "
        "mirror('no') gives 'on'.", "mirror", "def mirror(text):\n    return text[::-1]\n",
        assertions=["assert mirror('abc') == 'cba'", "assert mirror('no') == 'on'"])),
    ({"contradictory tests", "reference fails"}, row("bad/contradictory", "Write half(x).", "half",
        "def half(x):\n    return x // 2\n", calls=calls(([5], 2), ([5], 3), ([8], 4)))),
    ({"one expected value", "cheat passes"}, row("bad/constant", "Write is_prime(n).", "is_prime",
        "def is_prime(n):\n    return n > 1 and all(n % d for d in range(2, n))\n",
        calls=calls(([2], True), ([7], True), ([13], True)))),
    ({"tests never call the program", "tests do not run"}, row("bad/idle", "Write fifth(x), a fifth of x.", "fifth",
        "def fifth(x):\n    return x / 5\n", assertions=["assert 1 + 1 == 2", "assert fifth(5) == 1"])),
    ({"tests never call the program"}, row("bad/idle check", "Write sixth(x), a sixth of x.", "sixth",
        "def sixth(x):\n    return x / 6\n", check="import random\n\n\ndef check(candidate):\n"
        "    for _ in range(random.randint(2, 3)):\n        assert 6 / 6 == 1\n")),
    ({"tests accept anything", "cheat passes"}, row("bad/anything", "Write seventh(x), a seventh of x.", "seventh",
        "def seventh(x):\n    return x / 7\n", check="def check(candidate):\n    candidate(14)\n    candidate(21)\n")),
    ({"flaky reference"}, row("bad/flaky", "Write draw(n): a number below n, drawn by lot.", "draw",
        "import random\ndef draw(n):\n    return random.randrange(n)\n",
        calls=calls(([2], 1), ([1], 0)))),
    ({"non-deterministic reference"}, row("bad/unsteady", "Write lot(n, m): a number below n, drawn by lot.", "lot",
        "import random\ndef lot(n, m):\n    return random.randint(n, m)\n",
        assertions=["assert lot(0, 10 ** 4) in range(1 + 10 ** 4)", "assert lot(8, 8) == 8"])),
    ({"order-dependent tests"}, row("bad/order", "Write ticket(step): the last ticket's number plus step.", "ticket",
        "last = [0]\ndef ticket(step):\n    last[0] += step\n    return last[0]\n",
        assertions=["assert ticket(1) == 1", "assert ticket(2) == 3", "assert ticket(4) == 7"])),
    ({"order-dependent tests"}, row("bad/order of a check", "Write stamp(step): the last stamp plus step.", "stamp",
        "last = [5]\ndef stamp(step):\n    last[0] += step\n    return last[0]\n",
        check="def check(candidate):\n    assert candidate(1) == 6\n    assert candidate(2) == 8\n")),
    ({"slow reference"}, row("bad/slow", "Write burn(n): n, after a long while.", "burn",
        "def burn(n):\n    kept = 0\n    for k in range(2_000_000):\n        kept ^= k\n    return n + 1\n",
        calls=calls(([1], 2), ([5], 6)))),
    ({"duplicate prompt"}, row("bad/prompt twice", CLEAN[5]["prompt"], "digits",
        "def digits(n):\n    return [int(letter) for letter in str(n)][:]\n", calls=calls(([1207], [1, 2, 0, 7]), ([3], [3])))),
    ({"duplicate reference"}, row("bad/reference twice", "Write deepest(s), the greatest nesting of brackets.", "deepest",
        CLEAN[9]["reference"].replace("depth", "deepest").replace("now", "level"),
        calls=calls((["()(()"], 2), (["nothing"], 0)))),
    ({"same behaviour"}, row("bad/same behaviour", "Write middle(x, low, high), which keeps x within bounds.", "middle",
        "def middle(x, low, high):\n    return sorted([x, low, high])[1]\n",
        calls=calls(([7, 1, 4], 4), ([0, 1, 4], 1), ([2, 1, 4], 2)))),
    ({"weak tests"}, row("bad/weak", "Write grade(points): A from 90 points, B from 75, C from 60, else D.", "grade",
        "def grade(points):\n    if points >= 90:\n        return 'A'\n    if points >= 75:\n        return 'B'\n"
        "    if points >= 60:\n        return 'C'\n    return 'D'\n", calls=calls(([95], "A"), ([80], "B")))),
    ({"cheat passes"}, row("bad/echo", "Write unsigned(x): x without its sign.", "unsigned",
        "def unsigned(x):\n    return x if x >= 0 else -x\n", calls=calls(([3], 3), ([14], 14), ([0], 0)))),
    ({"one expected value", "cheat passes"}, row("bad/one output", "Read a number; print YES if it is even, else NO.", "",
        "print('YES' if int(input()) % 2 == 0 else 'NO')\n",
        stdio=[{"stdin": "2\n", "stdout": "YES\n"}, {"stdin": "10\n", "stdout": "YES\n"}])),
    ({"cheat passes"}, row("bad/no output", "Read a number; print a line of so many stars.", "",
        "print('*' * int(input()))\n", stdio=[{"stdin": "0\n", "stdout": ""}])),
    ({"cheat passes"}, {"task_id": "bad/trivial puzzle", "prompt": "def sat(x: int):\n    return x * x == x\n",
        "puzzle": "def sat(x: int):\n    return x * x == x\n", "reference": "def sol():\n    return 1\n"}),
    ({"tests never call the program", "cheat passes"}, {"task_id": "bad/blind puzzle",
        "prompt": "def sat(x: str, n=3):\n    return n == 3\n", "puzzle": "def sat(x: str, n=3):\n    return n == 3\n",
        "reference": "def sol():\n    return 'three'\n"}),
    ({"tests accept anything", "cheat passes"}, {"task_id": "bad/vacuous puzzle",
        "prompt": "def sat(x: List[int], n=0):\n    return all(x[i] < x[i + 1] for i in range(n))\n",
        "puzzle": "from typing import List\ndef sat(x: List[int], n=0):\n    return all(x[i] < x[i + 1] for i in range(n))\n",
        "reference": "def sol():\n    return [1, 2]\n"}),
    ({"reference fails"}, {"task_id": "bad/wrong answer", "prompt": "def sat(x: int):\n    return x ** 2 == 169\n",
        "puzzle": "def sat(x: int):\n    return x ** 2 == 169\n", "reference": "def sol():\n    return 14\n"}),
    ({"tests do not run"}, {"task_id": "bad/no type", "prompt": "def sat(x):\n    return x ** 2 == 121\n",
        "puzzle": "def sat(x):\n    return x ** 2 == 121\n", "reference": "def sol():\n    return 11\n"}),
    ({"tests do not run"}, row("bad/broken test", "Write eighth(x), an eighth of x.", "eighth",
        "def eighth(x):\n    return x / 8\n",
        check="def check(candidate):\n    wanted = [1.0, 2.0]\n    assert candidate(8) == wanted[0]\n"
              "    assert candidate(24) == wanted[2]\n")),
]  # fmt: skip

GRID = "Write grid_paths(m, n): the number of squares of every size in a grid of m by n fields."
PLANTED += [
    ({"references differ"}, row("bad/wrong twin", GRID, "grid_paths",
        "def grid_paths(m, n):\n    return n * (n + 1) * (3 * m - n + 1) // 6\n",
        calls=calls(([2, 2], 5), ([4, 3], 20), ([1, 1], 1)))),
]  # fmt: skip
CLEAN += [
    row("clean/grid", GRID, "grid_paths",
        "def grid_paths(m, n):\n    return sum((m - k) * (n - k) for k in range(min(m, n)))\n",
        assertions=["assert grid_paths(2, 2) == 5", "assert grid_paths(4, 3) == 20", "assert grid_paths(1, 1) == 1",
                    "assert grid_paths(3, 1) == 3"]),
    row("clean/lies between", "Write among(a, b): how many whole numbers lie strictly between a and b; 0 if b <= a.",
        "among", "def among(a, b):\n    return max(0, b - a - 1)\n",
        calls=calls(([2, 9], 6), ([5, 6], 0), ([7, 7], 0), ([9, 2], 0), ([3, 5], 1), ([-2, 2], 3))),
]  # fmt: skip

ELSEWHERE = row("other/tidy", "Write tidy(items): a list in order, without what is there twice.", "tidy",
    "def tidy(items):\n    return sorted(set(items))\n", calls=calls(([[3, 1, 3]], [1, 3]), ([[]], []), ([[2, 2]], [2])))  # fmt: skip
TWIN = row("bad/twin elsewhere", "Write once(numbers), which sorts them and drops repetitions.", "once",
    "def once(numbers):\n    out = []\n    for n in sorted(numbers):\n        if n not in out:\n            out.append(n)\n"
    "    return out\n", calls=calls(([[5, 4, 5, 1]], [1, 4, 5]), ([[7]], [7]), ([[]], [])))  # fmt: skip
PLANTED.append(({"same behaviour"}, TWIN))
