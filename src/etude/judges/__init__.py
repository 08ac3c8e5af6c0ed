"""What decides: judges, and `examine`, which puts programs before tests. The sandbox runs; this room compares.

The program under judgment never shares a process with what decides. Only plain values come out of its process, and
they are compared here, or by trusted test code in a second jail.
"""
