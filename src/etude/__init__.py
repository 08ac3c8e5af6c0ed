"""Étude: a code language model teaches itself to program."""

__version__ = "0.1.0"
