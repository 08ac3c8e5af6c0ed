"""`etude serve judge --tasks T`: the judge as a server, for trainers on other machines."""

import json
from typing import TYPE_CHECKING, Any

import click

from etude.cli.arguments import overrides
from etude.cli.indexes import chosen, with_index
from etude.records import Json, Level

if TYPE_CHECKING:
    from etude.sources.lock import Reading

LEVELS = ["strong", "container", "any"]


@click.group("serve")
def command() -> None:
    """Serve a part of Étude to other programs.

    \b
    Examples:
      etude serve judge --tasks mbpp:mbpp.jsonl[train] --workers 8
      etude serve judge -h
    """


@command.command("judge", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--tasks", required=True, help="The task set, such as mbpp:PATH[train].")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Programs run at once.")
@click.option("--queue", default=1024, show_default=True, type=click.IntRange(1), help="Programs that wait or run.")
@click.option("--batch", default=256, show_default=True, type=click.IntRange(1), help="Programs in one request.")
@click.option("--largest", default=4 << 20, show_default=True, type=click.IntRange(1), help="Bytes of one request.")
@click.option("--token-from", default="", metavar="NAME", help="The environment variable that holds a bearer token.")
@click.option("--open", "open_to_all", is_flag=True, help="Listen beyond this machine without a token.")
@click.option("--grace", default=300.0, show_default=True, help="Seconds for what is under way when it is stopped.")
@click.option("--require", type=click.Choice(LEVELS), default="strong", help="The isolation that must be had.")
@click.option("--unlock-test", is_flag=True, help="Judge test tasks: for measuring; a trainer must not ask.")
@with_index
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one line of JSON.")
@click.pass_context
def judge(
    ctx: click.Context,
    /,
    tasks: str,
    require: Level,
    unlock_test: bool,
    index: tuple[str, ...],
    index_does: str,
    as_json: bool,
    **door: Any,
) -> None:
    """Give verdicts over HTTP: POST /judge takes programs for the tasks of T; no reply tells a hidden test.

    Also /health, /ready, /metrics (Prometheus) and /openapi.json. A full queue answers 429 with Retry-After. SIGTERM
    lets what is begun end. The judge's settings are dotted as in `etude judge`.

    \b
    Examples:
      etude serve judge --tasks mbpp:mbpp.jsonl[train] --workers 8
      etude serve judge --tasks jsonl:mine.jsonl --host 0.0.0.0 --token-from JUDGE_TOKEN --judge.cpu_seconds 5
    """
    from etude.judging import judge_of
    from etude.rewards.referee import Referee
    from etude.rewards.remote import token
    from etude.serving.app import Bounds
    from etude.serving.listening import listen, require_safe

    secret = token(door["token_from"]) if door["token_from"] else ""
    require_safe(door["host"], secret, door["open_to_all"])
    named, chooser = chosen(tasks, index, index_does), judge_of(overrides(ctx.args))
    reading: Reading = "measure" if unlock_test else "practice"
    referee = Referee(named, judge=chooser, workers=door["workers"], require=require, reading=reading)

    def say(facts: dict[str, Json]) -> None:
        text = f"judging {facts['count']} tasks of {named} at {facts['url']}/judge, isolation {facts['isolation']}"
        line = json.dumps(facts) if as_json else f"{text}, protocol {facts['protocol']}; stop with Ctrl-C"
        print(line, flush=True)  # whoever started the server waits for this line

    bounds = Bounds(**{name: door[name] for name in ("workers", "queue", "batch", "largest")})
    place = {name: door[name] for name in ("host", "port", "open_to_all", "grace")}
    listen(referee, bounds, name=named, token=secret, say=say, **place)
