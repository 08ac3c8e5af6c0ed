"""The process that a contender lives in: it takes batches on a pipe, runs them when told, and says what it found.

Started by `hosting` under the contender's own interpreter, with next to nothing imported: what is imported here is
copied by every fork of a contender. Its own cost (reading a batch) lies outside the measured span.
"""

import importlib
import marshal
import os
import sys
import time
from typing import Any, BinaryIO, cast


def main() -> None:
    """Serves until the pipe is closed. Arguments: read end, write end, module, class and its arguments by position."""
    _, orders, answers, module, name, *rest = sys.argv
    here = os.path.dirname(os.path.abspath(__file__))
    # a contender's file may have the name of the package it measures, so this folder itself is not searched
    sys.path[:] = [os.path.dirname(here), *(path for path in sys.path if path != here)]
    reader, writer = os.fdopen(int(orders), "rb"), os.fdopen(int(answers), "wb")
    os.set_inheritable(reader.fileno(), False)
    os.set_inheritable(writer.fileno(), False)
    try:
        contender = getattr(importlib.import_module(f"contenders.{module}"), name)(*rest)
    except Exception as error:
        _say(writer, ("closed", f"{type(error).__name__}: {error}"))
        return
    _say(writer, ("open", ""))
    while True:
        try:
            order, *given = marshal.load(reader)
        except EOFError:
            break
        _say(writer, _done(contender, order, given))
    if hasattr(contender, "close"):
        contender.close()


def _done(contender: Any, order: str, given: list[Any]) -> Any:
    """Carries out an order: `prepare` (programs, seconds), `go`, or a method of the contender's own."""
    if order != "go":
        return getattr(contender, order)(*given)
    start = time.perf_counter()
    verdicts = contender.go()
    return time.perf_counter() - start, verdicts


def _say(writer: BinaryIO, words: object) -> None:
    marshal.dump(cast(Any, words), writer)
    writer.flush()


if __name__ == "__main__":
    main()
