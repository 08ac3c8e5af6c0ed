"""Requests on their way together: a few threads, which end with whoever reads their answers.

They never hold up the end of the program. On the first error nothing new is sent and nothing is tried again; what was
on its way is waited for and handed on, so that no answer that was paid for is lost. What one request means is not known
here.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from etude.records import Completion, Request

POLL = 0.2  # seconds between two looks whether anybody still wants the answers
Answered = Callable[[Sequence[Request]], list[Completion]]


def batches(requests: Sequence[Request], size: int) -> list[list[Request]]:
    """The requests in groups of one prompt and sampling, `size` at most; order is kept."""
    groups: dict[tuple[str, object], list[list[Request]]] = {}
    found: list[list[Request]] = []
    for request in requests:
        parts = groups.setdefault((request.prompt, request.sampling), [])
        if not parts or len(parts[-1]) >= size:
            parts.append([])
            found.append(parts[-1])
        parts[-1].append(request)
    return found


class Crew:
    """Threads that answer requests.

    Args:
        answered: Gives the completions of some requests, of the first ones at least; raises what the reader should get.
        size: Threads.
        together: Samples of one prompt that are asked in one request. A server that gives fewer is asked for the rest
            one by one, and from then on for one at a time.
        over: Set when nothing more is wanted; `answered` may look at it.
    """

    def __init__(self, answered: Answered, size: int, together: int, over: threading.Event) -> None:
        self._answered, self._size, self._together, self._over = answered, size, together, over
        self._closed = threading.Event()  # nobody reads any more

    def work(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Completions in the order in which they arrive.

        Raises:
            Exception: The first error of `answered`, after what was on its way.
        """
        waiting: queue.SimpleQueue[list[Request]] = queue.SimpleQueue()
        answers: queue.Queue[Completion | Exception | None] = queue.Queue(self._size)
        parts = batches(requests, self._together)
        for part in parts:
            waiting.put(part)
        at_work = min(self._size, len(parts))
        for _ in range(at_work):
            threading.Thread(target=self._thread, args=(waiting, answers), daemon=True).start()
        failed: Exception | None = None
        try:
            while at_work:
                answer = answers.get()
                if isinstance(answer, Completion):
                    yield answer
                elif answer is None:
                    at_work -= 1
                else:
                    failed = failed or answer
        finally:
            self._over.set()
            self._closed.set()
        if failed is not None:
            raise failed

    def _thread(
        self, waiting: "queue.SimpleQueue[list[Request]]", answers: "queue.Queue[Completion | Exception | None]"
    ) -> None:
        try:
            with suppress(queue.Empty):
                while not self._over.is_set():
                    self._all_of(waiting.get_nowait(), answers)
        except Exception as error:
            self._over.set()
            self._hand_over(error, answers)
        self._hand_over(None, answers)

    def _all_of(self, part: list[Request], answers: "queue.Queue[Completion | Exception | None]") -> None:
        """Every sample of a part, topped up where the server gave fewer than it was asked for."""
        left = deque([part] if len(part) <= self._together else [[request] for request in part])
        while left and not self._over.is_set():
            asked = left.popleft()
            found = self._answered(asked)
            for completion in found:
                self._hand_over(completion, answers)
            if len(found) < len(asked):
                self._together = 1
                left.extend([request] for request in asked[len(found) :])

    def _hand_over(
        self, answer: Completion | Exception | None, answers: "queue.Queue[Completion | Exception | None]"
    ) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                return answers.put(answer, timeout=POLL)
