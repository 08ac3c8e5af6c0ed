"""Which inputs may become tests: by a validator that the user gives, or by the domain that the tests show.

A validator is Python source with one of two functions, called with an input's arguments:

    def valid(n, row): return n > 0 and len(row) >= n           # True says yes, everything else no
    def contract(n, row): assert n > 0; assert len(row) >= n    # says no by raising

It runs in the sandbox like any program.
"""

from collections.abc import Callable, Sequence

from etude.errors import InputError
from etude.programs.parse import defines
from etude.protocols import Sandbox
from etude.records import Job
from etude.strengthening.answers import LIMITS, call
from etude.strengthening.domain import Domain
from etude.strengthening.inputs import Arguments

NAMES = ("valid", "contract")
Valid = Callable[[Sequence[Arguments]], list[bool]]


def by_domain(domain: Domain) -> Valid:
    """Yes to what looks like the arguments of the tests."""
    return lambda inputs: [domain.holds(given) for given in inputs]


def by_source(source: str, sandbox: Sandbox) -> Valid:
    """Yes to what a user's validator takes.

    Raises:
        InputError: The source defines neither `valid` nor `contract`.
    """
    name = next((item for item in NAMES if defines(source, item)), "")
    if not name:
        raise InputError("the validator defines neither of its functions", expected="def valid(…) or def contract(…)")

    def look(inputs: Sequence[Arguments]) -> list[bool]:
        asks = tuple(call(name, given) for given in inputs)
        [run] = sandbox.run([Job(source=source, asks=asks, limits=LIMITS)]) if asks else [None]
        answers = run.answers if run else ()
        good = [not answer.fault and (name == "contract" or answer.value is True) for answer in answers]
        return [*good, *[False] * (len(inputs) - len(good))]

    return look
