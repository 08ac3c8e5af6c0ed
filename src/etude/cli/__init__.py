"""The command line: `etude VERB …`. One file per verb, imported when the verb is called.

Exit codes: 0 done, 1 judged and not all passed (`judge --strict`) or tasks with problems, 2 a mistake that the user can
mend, 3 stopped at a cap on tokens or money (what was drawn is recorded), 130 interrupted.
"""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code; a user's mistake is one message, never a traceback."""
    from etude.cli.verbs import run

    return run(sys.argv[1:] if arguments is None else arguments)
