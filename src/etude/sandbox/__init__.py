"""Runs programs nobody trusts: a jail per program, limits, and plain values as the only thing that comes out.

`Sandbox` is the whole interface; `jail` holds what runs inside, `doctor` says what is in force by trying it.
"""

from etude.sandbox.flavour import Flavour
from etude.sandbox.pool import Sandbox

__all__ = ["Flavour", "Sandbox"]
