"""Licences of what is passed on: counted, and said in the words of the Hugging Face hub. None is ever invented."""

from collections import Counter
from collections.abc import Iterable, Mapping

UNKNOWN = "unknown"
HUB = frozenset(
    ("apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "bsl-1.0", "cc0-1.0", "cc-by-3.0", "cc-by-4.0",
     "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0",
     "agpl-3.0", "mpl-2.0", "isc", "unlicense", "odc-by")
)  # fmt: skip
"""Names that the hub knows; another name is `other` there."""


def named(licence: str | None) -> str:
    """The licence as it is carried along: its own name, or `unknown` where nothing was said."""
    return (licence or "").strip() or UNKNOWN


def counted(licences: Iterable[str | None]) -> dict[str, int]:
    """Licence -> how often, the most frequent first."""
    return dict(Counter(named(item) for item in licences).most_common())


def for_hub(counts: Mapping[str, int]) -> str | list[str]:
    """What a card's `license` says: one name, several, `other`, or `unknown` where any row's is or nothing is there."""
    names = [name.casefold() for name in counts]
    if not names or UNKNOWN in names:
        return UNKNOWN
    if not HUB.issuperset(names):
        return "other"
    return names[0] if len(names) == 1 else sorted(names)


def sentence(counts: Mapping[str, int], what: str) -> str:
    """`Apache-2.0 (8 rows), unknown (2 rows)`."""
    return ", ".join(f"{name} ({count} {what})" for name, count in counts.items()) or f"no {what}"
