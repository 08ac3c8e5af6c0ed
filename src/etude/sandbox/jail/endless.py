"""Placeholder: overwrite me."""


def prepare():
    pass


def arm(after, say):
    pass
