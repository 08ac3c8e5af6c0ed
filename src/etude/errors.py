"""The errors a user can meet, as one small tree.

    EtudeError                 anything we say on purpose; printed without a traceback, exit code 2
    ├── InputError             a file, a line or a value is not what it should be
    ├── RecipeError            a recipe names something unknown or ill-typed
    ├── LockedError           a test split that nobody has unlocked, or that training wants to open
    ├── MissingError           a library, tool, model or isolation property is not there
    ├── CapError               a cap on tokens or money is reached; what was drawn is recorded (exit code 3)
    └── StorageError           the disk is full or may not be written

A failed *program* is never an exception: it is an `Outcome`.
"""


class EtudeError(Exception):
    """A mistake that the user can mend.

    Args:
        found: What was found, as a sentence without a full stop.
        expected: What was expected instead.
        choices: The valid choices, nearest first.
        fix: The command or the edit that mends it.
    """

    def __init__(self, found: str, *, expected: str = "", choices: tuple[str, ...] = (), fix: str = "") -> None:
        self.found, self.expected, self.choices, self.fix = found, expected, choices, fix
        lines = [found]
        if expected:
            lines.append(f"  expected: {expected}")
        if choices:
            lines.append(f"  choices:  {', '.join(choices)}")
        if fix:
            lines.append(f"  fix:      {fix}")
        super().__init__("\n".join(lines))


class InputError(EtudeError):
    """A file, a line or a value is not what it should be."""


class RecipeError(EtudeError):
    """A recipe names something unknown or ill-typed."""


class LockedError(EtudeError):
    """A test split that nobody has unlocked, or that training wants to open."""


class MissingError(EtudeError):
    """A library, tool, model or isolation property is not there."""


class CapError(EtudeError):
    """A cap on tokens or money is reached: a clean stop, with everything drawn so far on record."""


class StorageError(EtudeError):
    """The disk is full or may not be written; what was recorded before is intact."""
