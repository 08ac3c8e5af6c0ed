"""`etude doctor`: which isolation is in force, and what it really stops."""

import click

from etude.cli.arguments import show
from etude.cli.tables import grid


@click.command("doctor")
@click.option("--seconds", default=2.0, show_default=True, help="How long to measure programs per second.")
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def command(seconds: float, as_json: bool) -> None:
    """Try one forbidden thing per property, measure speed, scale limits to it, and list languages and libraries.

    \b
    Examples:
      etude doctor
      etude doctor --json --seconds 5
    """
    from etude.folders import versions
    from etude.sandbox.doctor import calibrate, examine_isolation, programs_per_second
    from etude.sandbox.languages import installed

    card = examine_isolation()
    card = {
        "isolation": card,
        "programs_per_second": round(programs_per_second(seconds), 1),
        "limits": calibrate(),
        "languages": [name for name, there in installed().items() if there],
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
    limits, languages = card["limits"], card["languages"]
    assert isinstance(limits, dict)
    assert isinstance(languages, list)
    worth = f"a limit worth the default on this machine: {limits['cpu_seconds']} s of processor time"
    rest = f"{speed}\n{worth}\nlanguages: {', '.join(languages)}\nlibraries: {libraries}"
    return f"isolation: {isolation['level']}\n\n{grid(rows)}\n\n{rest}"
