"""Progress as a person sees it: a calm live panel on a terminal, plain lines in a pipe, JSON for a parent process."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from etude.arms import as_line
from etude.progress import Progress, Watch, ignore

PAUSE = 10.0  # seconds between two plain lines of one stage


@contextmanager
def watching(style: str) -> Iterator[Watch]:
    """A watch for the style: `auto` (panel on a terminal, else lines), `lines`, `json` or `none`."""
    if style == "json":
        yield _json_lines
    elif style == "none":
        yield ignore
    elif style == "lines" or not sys.stderr.isatty():
        yield Lines()
    else:
        with Panel() as panel:
            yield panel


def _json_lines(progress: Progress) -> None:
    print(as_line(progress), flush=True)


def mix(progress: Progress) -> str:
    """The verdict mix, commonest first: `passed 41 %, failed 52 %, error 7 %`."""
    total = sum(progress.verdicts.values())
    ordered = sorted(progress.verdicts.items(), key=lambda item: (item[0] != "passed", -item[1]))
    return ", ".join(f"{name} {100 * count / total:.0f} %" for name, count in ordered) if total else ""


def clock(seconds: float | None) -> str:
    """`1:05` for 65 seconds; `--` where unknown."""
    return "--" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def describe(progress: Progress) -> str:
    """A stage in one line: done / total, rate, tokens, verdict mix, time left."""
    total = f"/{progress.total}" if progress.total else ""
    tokens = f"{progress.tokens:,} tokens" if progress.tokens else ""
    end = f"took {clock(progress.seconds)}" if progress.ended else f"eta {clock(progress.eta)}"
    parts = [f"{progress.done}{total}", f"{progress.rate:.1f}/s", tokens, mix(progress), progress.detail, end]
    return " · ".join(part for part in parts if part)


class Lines:
    """One plain line per stage when it ends, and one every `PAUSE` seconds while it works."""

    def __init__(self, write: Callable[[str], None] | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._write = write or (lambda text: print(text, file=sys.stderr, flush=True))
        self._now, self._lock = now, threading.Lock()
        self._last: dict[str, float] = {}

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            now = self._now()
            key = f"{progress.arm}/{progress.stage}"
            if progress.ended or now - self._last.setdefault(key, now) >= PAUSE:
                self._last[key] = now
                self._write(f"[{progress.arm}] {progress.stage}: {describe(progress)}")


class Panel:
    """A live table, one row per arm; finished stages scroll away above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)
        self._now: dict[str, Progress] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Panel":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            if progress.ended:
                self._now.pop(progress.arm, None)
                self._console.print(
                    f"[dim]{progress.arm:>12}[/dim]  {progress.stage}: {describe(progress)}", highlight=False
                )
            else:
                self._now[progress.arm] = progress
            self._live.update(self._table())

    def _table(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        for progress in self._now.values():
            bar = ProgressBar(total=progress.total or None, completed=progress.done, width=24, pulse=not progress.total)
            table.add_row(f"[bold]{progress.arm}[/bold]", progress.stage, bar, describe(progress))
        return table
