"""Tests made stronger: inputs that separate a wrong program from the reference become new hidden tests.

`witnesses` looks for inputs itself, `refute` rules on one that somebody proposes, `strengthen` goes through a task set,
and an overlay keeps the new tests apart from the set.

>>> found = list(witnesses(task, programs, sandbox, Random(0)))
>>> stronger = with_witnesses(task, found)
"""

from etude.strengthening.adding import with_witnesses
from etude.strengthening.refuting import Refutation, refute
from etude.strengthening.strengthen import Strengthening, strengthen
from etude.strengthening.witnesses import Witness, witnesses

__all__ = ["Refutation", "Strengthening", "Witness", "refute", "strengthen", "with_witnesses", "witnesses"]
