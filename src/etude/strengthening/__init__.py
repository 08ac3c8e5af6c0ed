"""Tests made stronger: inputs that separate a wrong program from the reference become new hidden tests.

>>> found = list(witnesses(task, programs, sandbox, Random(0)))
>>> stronger = with_witnesses(task, found)
"""

from etude.strengthening.adding import with_witnesses
from etude.strengthening.witnesses import Witness, witnesses

__all__ = ["Witness", "with_witnesses", "witnesses"]
