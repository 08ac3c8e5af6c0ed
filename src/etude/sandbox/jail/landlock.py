"""Placeholder: overwrite me."""


def confine(readable, writable):
    raise OSError("no")
