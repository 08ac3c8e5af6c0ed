"""Runs programs that nobody trusts: `Sandbox`."""

from etude.sandbox.pool import Sandbox

__all__ = ["Sandbox"]
