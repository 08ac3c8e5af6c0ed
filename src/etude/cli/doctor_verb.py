"""`etude doctor`: which isolation is in force, and what it really stops."""

import click

from etude.cli.arguments import show
from etude.cli.tables import grid


@click.command("doctor")
@click.option("--seconds", default=2.0, show_default=True, help="How long to measure programs per second.")
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def command(seconds: float, as_json: bool) -> None:
    """Try one forbidden thing per property, measure programs per second, and list languages and libraries.

    \b
    Examples:
      etude doctor
      etude doctor --json --seconds 5
    """
    from etude.folders import versions
    from etude.sandbox.doctor import examine_isolation, programs_per_second

    card = examine_isolation()
    card = {
        "isolation": card,
        "programs_per_second": round(programs_per_second(seconds), 1),
        "languages": ["python"],
        "tools": versions(),
    }
    show(card, as_json, _text(card))


def _text(card: dict[str, object]) -> str:
    isolation = card["isolation"]
    assert isinstance(isolation, dict)
    rows = [["property", "what holds it", "tried", "stopped"]]
    for name, found in isolation.items():
        if isinstance(found, dict):
            rows.append([name, str(found["mechanism"]), str(found["tried"]), "yes" if found["stopped"] else "NO"])
    tools = card["tools"]
    assert isinstance(tools, dict)
    libraries = ", ".join(f"{name} {version}" for name, version in tools.items())
    speed = f"{card['programs_per_second']} programs per second and worker"
    return f"isolation: {isolation['level']}\n\n{grid(rows)}\n\n{speed}\nlibraries: {libraries}"
