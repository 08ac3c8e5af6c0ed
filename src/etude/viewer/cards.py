"""Health cards as one HTML file that needs nothing else: every task's defects with their evidence.

It lays out what it is given. Whatever a task set wrote is escaped, and the page forbids scripts and requests besides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from etude.auditing.card import Card
from etude.auditing.summary import Summary
from etude.folders import write_text
from etude.viewer.page import number, visible

TEMPLATE = "cards.html.jinja"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardsPage:
    """What a page shows.

    Attributes:
        title: Of the page, such as `Audit of mbpp`.
        settings: Name -> value: how the audit was made.
    """

    title: str
    summary: Summary
    cards: Sequence[Card]
    settings: Mapping[str, object] = field(default_factory=dict)


def write_cards(path: Path, data: CardsPage) -> None:
    """Writes the page in one step.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    # Character references keep the file plain ASCII, as on every other page.
    write_text(path, render(data).encode("ascii", "xmlcharrefreplace").decode("ascii"))


def render(data: CardsPage) -> str:
    """The page as text: flagged tasks first, each with its evidence; the others in one table."""
    import jinja2

    source = (resources.files("etude.viewer") / TEMPLATE).read_text(encoding="utf-8")
    frame = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    frame.filters.update(seen=visible, number=number, percent=_percent)
    told = [card for card in data.cards if card.defects]
    rest = [card for card in data.cards if not card.defects]
    return frame.from_string(source).render(page=data, summary=data.summary, told=told, rest=rest)


def _percent(share: float | None) -> str:
    return "\N{EN DASH}" if share is None else f"{100 * share:.1f}"
