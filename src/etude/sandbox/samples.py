"""Whether a language works here at all, under these limits: its own sample program says so.

A broken compiler, or a limit under which an interpreter cannot even start, would make every program wrong. So where a
program fails before any other has run well, the language's sample is run under the same limits; where that fails too,
nothing is known about the program.
"""

from collections.abc import Callable

from etude.records import Job, Limits, Run
from etude.sandbox.languages import SAYS, language

FAULT = 200  # characters of what the sample said


class Samples:
    """Under which limits which languages are known to work; threads may share it."""

    def __init__(self) -> None:
        self._working: set[tuple[str, Limits]] = set()

    def believed(self, job: Job, run: Run, attempt: Callable[[Job], Run]) -> Run:
        """The run, or one that is unavailable where the language does not work here.

        Args:
            job: The job of the run.
            run: What became of it.
            attempt: Runs another job in the same place.
        """
        found, key = language(job.language), (job.language, job.limits)
        if run.status == "ok":
            self._working.add(key)
        if run.status in ("ok", "unavailable") or key in self._working or not found.sample:
            return run
        sample = Job(source=found.sample.lstrip("\n"), language=job.language, limits=job.limits)
        if job == sample:
            return run
        tried = attempt(sample)
        if tried.status == "ok" and tried.stdout == SAYS:
            return run
        said = " ".join(filter(None, (tried.status, tried.detail, tried.stderr.strip()[:FAULT])))
        return Run(
            status="unavailable",
            detail=f"the sample program in {found.title} does not run here under these limits: {said}",
            isolation=run.isolation,
        )
