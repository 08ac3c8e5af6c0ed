"""The harnesses that the benchmark sets side by side, one file per kind; `roster` says how each is started.

Only our own code lives here. A peer's package or checkout is imported from the folder that the reader names.
"""
