"""What an audit of an `apps:` task set says beyond that of any other: its examples, and which of them are hidden."""

from etude.outcomes.examples import statement_tables
from etude.outcomes.tables import Table
from etude.sources.apps import problems


def tables(place: str, split: str) -> list[Table]:
    """The tables for the problems of a place and split, as a task set text names them ("" is the source's default)."""
    return statement_tables(problems(place, split or "all"))
