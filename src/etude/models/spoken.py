"""Other languages than Python in prompts and replies: what a prompt calls them, where their programs stand in a reply.

What a language is called, and what a program must know of how it is run, is in its TOML file. Nothing is parsed here:
whether a text is a program of a language only its own compiler can say.
"""

import re
from collections.abc import Iterator

from etude.records import TaskView
from etude.sandbox.languages import language

FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*([\w+#.-]*)[ \t]*$", re.M)


def words_of(name: str) -> dict[str, str]:
    """What a template may say of a language: `title`, `fence` (the word behind an opening fence) and `hint`."""
    found = language(name)
    return {"title": found.title, "fence": found.name, "hint": found.hint}


def stops_of(name: str) -> tuple[str, ...]:
    """The strings that end a function which a model continues in a language."""
    return language(name).stops


def program_in(reply: str, view: TaskView) -> str:
    """The program that a reply stands for: its last block in the task's language, or its last block, or all of it.

    For a prompt that is code to be continued, prompt and reply are the program, unless the reply writes the prompt's
    last line again; then only what stands before that line in the prompt is kept in front.
    """
    text = _block(reply, view.language)
    if view.kind == "instruct":
        return text.strip("\n")
    *before, header = view.prompt.rstrip().split("\n")
    if header.strip() not in {line.strip() for line in text.split("\n")}:
        return view.prompt + text
    return text if not before or text.lstrip().startswith(before[0]) else "\n".join([*before, text])


def _block(reply: str, name: str) -> str:
    found = language(name)
    own = {word.lower() for word in (found.name, found.title, *found.names)}
    blocks = list(_blocks(reply))
    named = [text for tag, text in blocks if tag.lower() in own]
    return (named or [text for _, text in blocks] or [reply])[-1]


def _blocks(reply: str) -> Iterator[tuple[str, str]]:
    """The word behind each opening fence, and the text up to the next fence or the end."""
    marks = list(FENCE.finditer(reply))
    for place in range(0, len(marks), 2):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(reply)
        yield marks[place][1], reply[marks[place].end() + 1 : end].rstrip("\n")
