"""Runs programs nobody trusts: a jail per program, limits, and plain values as the only thing that comes out.

`Sandbox` is the whole interface; `jail` holds what runs inside, `doctor` says what is in force by trying it,
`languages` says how other languages are run, and `measured` reads what a program's process counted of itself.

    >>> from etude.records import Job
    >>> from etude.sandbox import Sandbox
    >>> with Sandbox() as sandbox:
    ...     sandbox.run([Job(source="def f(x): return x + 1", asks=("f(1)",))])[0].answers[0].value
    2
"""

from etude.sandbox.flavour import Flavour
from etude.sandbox.pool import Sandbox
from etude.sandbox.session import Session, SessionEndedError

__all__ = ["Flavour", "Sandbox", "Session", "SessionEndedError"]
