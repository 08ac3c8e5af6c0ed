"""Prompts from templates, and the way back: stop strings and training targets for each kind of task.

A template is a Jinja file, built in (`NAME.vN`) or the user's own (a path). It sees the task's view and what the
caller adds, never a hidden test. Reading the reply is the business of `reply`.
"""

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from etude.errors import InputError
from etude.models.grafting import graft
from etude.models.parsing import compiled, definition
from etude.models.spoken import stops_of, words_of
from etude.records import Call, TaskView, Tests

TOP_LEVEL = ("\ndef ", "\nclass ", "\n#", "\nif __name__", "\nprint(", "\n@", "\nassert ")
"""What begins a new top-level piece of Python: a continued function has ended before it."""


def render(template: str, view: TaskView, **context: Any) -> str:
    """The prompt that a template makes of a task.

    A template sees `view`, `prompt`, `entry_point`, `language` (of another one than Python also `title`, `fence` and
    `hint`), `tests` (the shown tests as lines of text) and the context. A repair template wants `program` (the earlier
    program) and `feedback`; `completion`, the model's own words for it, is made from the program where it is not given.

    Args:
        template: A built-in name such as `complete.v1`, or the path of a template file.
        view: The task as a solver may know it.
        context: More names for the template.

    Raises:
        InputError: There is no such template, it is malformed, or it uses a name that is not there.
    """
    import jinja2

    names: dict[str, Any] = {
        "view": view,
        "prompt": view.prompt,
        "entry_point": view.entry_point,
        "language": view.language,
        "tests": shown_lines(view.shown, view.entry_point),
        **({} if view.language == "python" else words_of(view.language)),
        **context,
    }
    if "program" in names and "completion" not in names:
        names["completion"] = target_for(view, names["program"])
    try:
        return str(load(template).render(names))
    except jinja2.TemplateError as error:
        raise InputError(
            f"template {template} cannot be rendered: {error}",
            expected="only names that are there",
            choices=tuple(sorted(names)),
            fix="change the template, or use a built-in one",
        ) from None


@lru_cache(maxsize=64)
def load(template: str) -> Any:
    """The compiled template of a built-in name or a path; names that are not there are errors, not blanks.

    Raises:
        InputError: There is no such template, or it is malformed.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters["comment"] = _comment
    try:
        return environment.from_string(source_of(template))
    except jinja2.TemplateSyntaxError as error:
        raise InputError(
            f"template {template}, line {error.lineno}: {error.message}",
            expected="a Jinja template",
            fix="mend that line",
        ) from None


def template_for(view: TaskView, repair: bool = False) -> str:
    """The name of the built-in template for a kind of task."""
    if view.kind == "instruct" and view.language != "python":
        return "repair-program.v1" if repair else "program.v1"
    if repair:
        return "repair-instruct.v1" if view.kind == "instruct" else "repair-complete.v1"
    return f"{view.kind}.v1"


def stops_for(view: TaskView) -> tuple[str, ...]:
    """The strings that end a reply to a kind of task."""
    if view.kind == "instruct":
        return ("\n```",)
    return TOP_LEVEL if view.language == "python" else stops_of(view.language)


def target_for(view: TaskView, program: str) -> str:
    """The completion that a training row should hold for a whole program: what `reply.program_of` reads back as it.

    For `instruct` it is the program and the closing fence, after the line break that ends the opening fence. For
    `complete` and `puzzle` it is what follows the prompt; a program that writes the prompt's function its own way is
    put behind the prompt's header where that means the same, and otherwise is the target as a whole.
    """
    text = program.rstrip()
    if view.kind == "instruct":
        return f"\n{text}\n```"
    if not text.startswith(view.prompt):
        entry_point = view.entry_point or "sol"
        if definition(compiled(text), entry_point) is not None:
            text = graft(view.prompt, text, entry_point).rstrip()
    if text.startswith(view.prompt):
        return text[len(view.prompt) :]
    return f"\n{text}"


def shown_lines(tests: Tests, entry_point: str) -> list[str]:
    """The tests as lines of text a model can read; what has no such form (a checking function) is left out."""
    calls = [f"assert {_call(call, entry_point)} == {call.expected!r}" for call in tests.calls]
    exchanges = [f"input {pair.stdin!r} gives output {pair.stdout!r}" for pair in tests.stdio]
    return [*(line.strip() for line in tests.assertions), *calls, *exchanges]


def _call(call: Call, entry_point: str) -> str:
    words = [repr(value) for value in call.args] + [f"{name}={value!r}" for name, value in call.kwargs.items()]
    return f"{entry_point}({', '.join(words)})"


def _comment(text: str) -> str:
    """The text as comment lines, without an empty one."""
    return "\n".join(f"# {line.rstrip()}" for line in str(text).splitlines() if line.strip())


def source_of(template: str) -> str:
    """The text of a template: a built-in name, or the path of a file.

    Raises:
        InputError: It cannot be read; the built-in names are named.
    """
    folder = resources.files("etude.models") / "templates"
    built_in = folder / f"{template}.jinja"
    if "/" not in template and built_in.is_file():
        return built_in.read_text(encoding="utf-8")
    try:
        return Path(template).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        names = sorted(item.name.removesuffix(".jinja") for item in folder.iterdir() if item.name.endswith(".jinja"))
        raise InputError(
            f"template {template!r} cannot be read ({type(error).__name__})",
            expected="a built-in template or the path of a Jinja file",
            choices=tuple(names),
            fix="use one of these names, or write the file",
        ) from None
