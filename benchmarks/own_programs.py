"""Small programs of our own with tests, so that the benchmark runs where no published data is at hand."""

from collections.abc import Iterator

Task = tuple[str, str, str, list[str]]
"""Name, source, entry point, assertions."""

VARIANTS = 5
SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sum_multiples": (
        "def sum_multiples(limit):\n    return sum(n for n in range(limit) if n % (K + 1) == 0)\n",
        ("10", "1", "57"),
    ),
    "longest_run": (
        "def longest_run(items):\n    best, run = 0, 0\n    for item in items:\n"
        "        run = run + 1 if item > K else 0\n        best = max(best, run)\n    return best\n",
        ("[1, 5, 6, 7, 0, 9]", "[]", "[K, K + 1, K + 2]"),
    ),
    "rotate": (
        "def rotate(text):\n    if not text:\n        return text\n    at = K % len(text)\n"
        "    return text[at:] + text[:at]\n",
        ("'rotation'", "''", "'ab'"),
    ),
    "digits": (
        "def digits(number):\n    found = []\n    while number:\n        number, digit = divmod(number, K + 2)\n"
        "        found.append(digit)\n    return found[::-1] or [0]\n",
        ("0", "255", "1001"),
    ),
    "find_at_least": (
        "def find_at_least(items):\n    low, high = 0, len(items)\n    while low < high:\n"
        "        middle = (low + high) // 2\n        if items[middle] < K:\n            low = middle + 1\n"
        "        else:\n            high = middle\n    return low\n",
        ("[0, 1, 2, 3, 4, 5, 6]", "[]", "[9]"),
    ),
    "word_lengths": (
        "def word_lengths(text):\n    return [len(word) for word in text.split() if len(word) > K]\n",
        ("'a few words of unequal length'", "''", "'extraordinary'"),
    ),
    "primes": (
        "def primes(limit):\n    limit += K\n    sieve = [True] * (limit + 1)\n    found = []\n"
        "    for n in range(2, limit + 1):\n        if sieve[n]:\n            found.append(n)\n"
        "            for multiple in range(n * n, limit + 1, n):\n                sieve[multiple] = False\n"
        "    return found\n",
        ("10", "0", "300"),
    ),
    "group": (
        "def group(items):\n    rows = []\n    at = 0\n    while at < len(items):\n"
        "        rows.append(items[at:at + K + 1])\n        at += K + 1\n    return rows\n",
        ("[1, 2, 3, 4, 5, 6, 7]", "[]", "[0]"),
    ),
    "collatz": (
        "def collatz(number):\n    steps = 0\n    number += K\n    while number > 1:\n"
        "        number = number // 2 if number % 2 == 0 else 3 * number + 1\n        steps += 1\n    return steps\n",
        ("1", "7", "27"),
    ),
    "balanced": (
        "def balanced(text):\n    depth = K\n    for letter in text:\n"
        "        depth += {'(': 1, ')': -1}.get(letter, 0)\n"
        "        if depth < 0:\n            return False\n    return depth == K\n",
        ("'(())()'", "')'", "'a(b)c'"),
    ),
}


def own_tasks() -> Iterator[Task]:
    """Fifty tasks; what their tests expect is what the sources give here."""
    for name, (text, calls) in SOURCES.items():
        for variant in range(VARIANTS):
            source = text.replace("K", str(variant))
            space: dict[str, object] = {}
            exec(source, space)  # our own text, above
            asked = [f"{name}({call.replace('K', str(variant))})" for call in calls]
            yield f"own/{name}/{variant}", source, name, [f"assert {ask} == {eval(ask, space)!r}" for ask in asked]
