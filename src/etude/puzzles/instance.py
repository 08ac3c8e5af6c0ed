"""One puzzle as published: the record of P3 (Schuster et al. 2021), to JSON and back.

The fields have the names of the published rows, so a file of these rows is read like the published one.
"""

from dataclasses import asdict, dataclass, fields

from etude.errors import InputError
from etude.records import Json

IMPORTS = "from typing import List\n"
"""What the sources of a record assume and leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance of a puzzle family.

    Attributes:
        name: `Family:number`.
        sat: Source of the checker without its docstring; the inputs stand as the defaults of its parameters.
        ans_type: The annotation of its first parameter.
        sol_header: The line `def sol(...):` with the same defaults.
        sol_docstring: What `sat` says in words, indented, or "".
        sol_bodies: Bodies of known solutions, indented.
        module: Where the family is written down.
        weight: Times one second: how long a solution may take.
    """

    name: str
    sat: str
    ans_type: str
    sol_header: str
    sol_docstring: str = ""
    sol_bodies: tuple[str, ...] = ()
    module: str = ""
    notes: str = ""
    weight: float = 1.0

    @property
    def spec(self) -> str:
        """The whole source of the checker, imports included."""
        return f"{IMPORTS}\n\n{self.sat.rstrip()}\n"

    @property
    def solutions(self) -> tuple[str, ...]:
        """Every known solution as a whole program that defines `sol`."""
        return tuple(f"{IMPORTS}\n\n{self.sol_header}\n{body.rstrip()}\n" for body in self.sol_bodies)


def as_row(instance: Instance) -> dict[str, Json]:
    """The JSON object that is published."""
    return {**asdict(instance), "sol_bodies": list(instance.sol_bodies)}


def from_row(row: Json) -> Instance:
    """The instance of a published JSON object.

    Raises:
        InputError: A field is missing, unknown or of the wrong type.
    """
    if not isinstance(row, dict):
        raise InputError(f"a puzzle is a JSON object, found {row!r}"[:200])
    known = {field.name for field in fields(Instance)}
    wrong = sorted(set(row) ^ known)
    if wrong:
        raise InputError(
            f"puzzle {row.get('name', '?')!r}: fields {', '.join(wrong)}", expected=", ".join(sorted(known))
        )
    bodies = row["sol_bodies"] if isinstance(row["sol_bodies"], list) else [None]
    texts = [*(row[name] for name in known - {"sol_bodies", "weight"}), *bodies]
    if not all(isinstance(text, str) for text in texts) or type(row["weight"]) not in (int, float):
        raise InputError(
            f"puzzle {row['name']!r}: a field has the wrong type", expected="texts, and a number as weight"
        )
    return Instance(**{**row, "sol_bodies": tuple(bodies), "weight": float(row["weight"])})
