"""How a task is attempted: a model writes; one file is one way."""
