"""Who runs beside whom: many programs together, or one alone."""

import contextlib
import threading
from collections.abc import Iterator


class Turns:
    """Any number together, or one alone; whoever wants to be alone goes first."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._running, self._waiting = 0, 0

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Beside others, once nobody is or wants to be alone."""
        with self._free:
            while self._waiting:
                self._free.wait()
            self._running += 1
        try:
            yield
        finally:
            with self._free:
                self._running -= 1
                if not self._running:
                    self._free.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody beside."""
        with self._free:
            self._waiting += 1
            while self._running:
                self._free.wait()
            self._running += 1
        try:
            yield
        finally:
            with self._free:
                self._waiting -= 1
                self._running -= 1
                self._free.notify_all()
