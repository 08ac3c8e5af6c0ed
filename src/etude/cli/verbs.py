"""The `etude` command: its verbs by name, and the one place where errors become messages and exit codes."""

import importlib
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

import etude
from etude.errors import CapError, EtudeError

VERBS = {
    "run": "Run a recipe: the loop, end to end. Running again resumes.",
    "sweep": "Run a recipe under other settings; the best on validation first.",
    "plan": "Say what a recipe would do and cost; nothing is run.",
    "eval": "Measure a model on hidden tests: pass@k with intervals.",
    "judge": "Give verdicts on programs that something else wrote.",
    "solve": "Let a solver attempt some tasks, printed as it goes.",
    "compare": "Compare runs or evaluations: is it a gain over the base resampled?",
    "report": "Write a run's report as one self-contained HTML file.",
    "doctor": "Say which isolation is in force and what it stops.",
    "tasks": "Look at a task set: `tasks check T`, `tasks show T`.",
    "audit": "Say whether a task set, or a set of example tests, is sound.",
    "strengthen": "Find inputs that tell wrong programs from the reference: new tests.",
    "serve": "Serve the judge over HTTP to trainers on other machines: `serve judge`.",
    "export": "Write rows, model, attempts, samples or tasks in the formats of other tools.",
    "import": "Count results that others published again, from their own files.",
}


class Verbs(click.Group):
    """Loads a verb's module only when the verb is used, so that `etude --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"etude.cli.{cmd_name}_verb")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise _unknown_verb(args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _unknown_verb(name: str) -> EtudeError:
    from etude.config import nearest

    return EtudeError(f"no such verb: {name}", choices=nearest(name, VERBS), fix="etude --help")


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(etude.__version__, prog_name="etude")
def etude_command() -> None:
    """Étude: a code language model teaches itself to program.

    \b
    Examples:
      etude run lab --out runs/lab
      etude eval --model ./my-model --tasks humaneval:HumanEval.jsonl.gz --n 10 --k 1,5,10
    """


def run(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning OpenMP threads starve the sandbox beside them
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return int(etude_command.main(arguments, standalone_mode=False) or 0)
    except (KeyboardInterrupt, click.Abort):
        print("interrupted: what was done is recorded; run the same command again to go on", file=sys.stderr)
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return 0
    except click.ClickException as error:
        return _fail(_usage(error), arguments)
    except EtudeError as error:
        return _fail(str(error), arguments, 3 if isinstance(error, CapError) else 2)
    except BrokenPipeError:
        # The reader (`| head`, or the process that follows this arm) has gone: no one is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _fail(str(_storage(error)), arguments)


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f"\n  fix:      {context.command_path} -h" if context else ""
    return error.format_message() + hint


def _storage(error: OSError) -> Exception:
    """A full disk or a missing permission is the user's to mend; every other system error is ours to see whole."""
    from etude.ledger import unwritable

    if error.errno in (1, 13, 28, 30, 122):
        return unwritable(Path(error.filename or "."), error)
    raise error


def _fail(text: str, arguments: list[str], code: int = 2) -> int:
    print(f"etude: {text}", file=sys.stderr)
    if "--json" in arguments:
        print(json.dumps({"error": text}))
    return code


def _terminated(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
