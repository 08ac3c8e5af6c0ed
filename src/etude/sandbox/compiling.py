"""The worker's side of its compile server: texts in, marshalled code out, texts asked before remembered.

Nothing here unmarshals anything: code is bytes that go on to a program's child.
"""

import marshal
import socket
import struct
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from etude.sandbox.jail import frames, wire
from etude.sandbox.jail.compiler import CODE, FAULT
from etude.sandbox.jail.faults import Description

LARGEST = 200_000  # characters; longer texts are compiled by the program's own child
REMEMBERED = 4096  # texts: a task's questions come back with every attempt at it
NEW_LINE = "\n"  # ends a comment in a question
PATIENCE = 30  # seconds of silence

Text = tuple[str, str, str]
"""A source, the file name it is compiled under, and the mode: `exec` or `eval`."""

Code = bytes | str
"""Marshalled code, or a text that the program's child has to compile itself."""


class CompilerLostError(Exception):
    """The compile server ended, most likely over what it was asked to compile."""


class Compiler:
    """A line to one compile server."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", PATIENCE, 0))
        self._known: OrderedDict[Text, Code | Description] = OrderedDict()

    def learn(self, texts: Iterable[Text]) -> None:
        """Compiles texts that will be asked for soon, all in one go.

        Raises:
            CompilerLostError: The server is gone; it must be replaced.
        """
        missing = [text for text in dict.fromkeys(texts) if text not in self._known and len(text[0]) <= LARGEST]
        if missing:
            answer = self._ask(missing)
            for text, part in zip(missing, frames.split(answer, len(missing)), strict=False):
                self._known[text] = _read(part, text)
            while len(self._known) > max(REMEMBERED, len(missing)):
                self._known.popitem(last=False)

    def compile(self, texts: Sequence[Text | None]) -> list[Code | Description | None]:
        """For each text its code, its fault, or the text itself where it is to be compiled elsewhere; None for None.

        Raises:
            CompilerLostError: The server is gone; it must be replaced.
        """
        known = self._known
        if any(text is not None and text not in known for text in texts):
            self.learn(text for text in texts if text is not None)
        return [text and known.get(text, text[0]) for text in texts]

    def _ask(self, asked: list[Text]) -> bytes:
        try:
            self._line.sendall(frames.framed(marshal.dumps(asked)))
            answer = frames.receive(self._line.fileno())
        except (OSError, wire.WireError) as error:
            raise CompilerLostError(str(error)) from None
        if answer is None:
            raise CompilerLostError("the compile server ended")
        return answer


def _read(answer: bytes, text: Text) -> Code | Description:
    if answer[:1] == CODE:
        return answer[1:]
    found: Description | None = wire.decode(answer[1:]) if answer[:1] == FAULT else None
    return found or text[0]


def together(asks: Sequence[str]) -> str:
    """One expression that holds a function for each question, or "" where they must be compiled one by one.

    One code object is compiled and loaded in the time of one question. A question that binds a name would bind it in
    its function only.
    """
    if not asks or any(":=" in ask for ask in asks):
        return ""
    return f"({''.join(f'lambda: ({ask}{NEW_LINE}), ' for ask in asks)})"
