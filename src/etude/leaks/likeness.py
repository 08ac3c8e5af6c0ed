"""How alike two programs are as text, whatever their names: a way in to judging a pair, never a verdict.

The normal form of each program is cut into runs of words and signs. What is compared is how much of an exam's
reference stands in a program.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from etude.programs.normalise import normalised

RUN = 4
WORDS = re.compile(r"\w+|[^\w\s]")
NAMED = re.compile(r"\$\d+")
Run = tuple[str, ...]


def runs(program: str) -> frozenset[Run]:
    """The runs of four words and signs in the normal form of a program; all local names are one."""
    words = WORDS.findall(NAMED.sub("_", normalised(program)))
    return frozenset(tuple(words[place : place + RUN]) for place in range(max(0, len(words) - RUN + 1)))


class Likeness:
    """References, indexed so that a program is compared with all of them at once.

    Args:
        references: Programs; "" is like nothing.
    """

    def __init__(self, references: Sequence[str]) -> None:
        own = [runs(text) if text else frozenset[Run]() for text in references]
        self._sizes = [len(item) for item in own]
        self._holders: dict[Run, list[int]] = defaultdict(list)
        for place, item in enumerate(own):
            for run in item:
                self._holders[run].append(place)

    def of(self, program: str) -> dict[int, float]:
        """Place of a reference -> the share of its runs that stand in a program, where there is any."""
        shared = Counter(place for run in runs(program) for place in self._holders.get(run, ()))
        return {place: count / self._sizes[place] for place, count in shared.items()}
