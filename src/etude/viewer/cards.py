"""Health cards as one HTML file that needs nothing else: every task's defects with their evidence.

It lays out what it is given. Whatever a task set wrote is escaped, and the page forbids scripts and requests besides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from etude.auditing.card import Card
from etude.auditing.summary import Summary
from etude.viewer.frame import filled, save_page
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
    save_page(path, render(data))


def render(data: CardsPage) -> str:
    """The page as text: flagged tasks first, each with its evidence; the others in one table."""
    told = [card for card in data.cards if card.defects]
    rest = [card for card in data.cards if not card.defects]
    return filled(
        TEMPLATE,
        {"seen": visible, "number": number, "percent": _percent},
        page=data,
        summary=data.summary,
        told=told,
        rest=rest,
    )


def _percent(share: float | None) -> str:
    return "\N{EN DASH}" if share is None else f"{100 * share:.1f}"
