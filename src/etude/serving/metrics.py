"""What the server counts, for Prometheus: requests, the mix of verdicts, the queue, and how long an answer takes.

It keeps a registry of its own, so that two servers in one process do not add up.
"""

from collections.abc import Callable, Sequence
from typing import Any

from etude.records import Verdict

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
WORDS = {True: "passed", False: "failed", None: "none"}


class Metrics:
    """Counters and a latency histogram.

    Args:
        depth: Programs that wait or run now.
        most: How many may.
    """

    def __init__(self, depth: Callable[[], int], most: int) -> None:
        import prometheus_client as prometheus

        self._registry = registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        self._requests = prometheus.Counter(
            "etude_judge_requests", "Requests to /judge by status code.", ["code"], registry=registry
        )
        self._verdicts = prometheus.Counter(
            "etude_judge_verdicts", "Programs judged: passed, failed, or none.", ["verdict"], registry=registry
        )
        self._statuses = prometheus.Counter(
            "etude_judge_statuses", "What the sandbox saw of the programs judged.", ["status"], registry=registry
        )
        self._seconds = prometheus.Histogram(
            "etude_judge_seconds", "From a whole request to its answer.", buckets=BUCKETS, registry=registry
        )
        prometheus.Gauge("etude_judge_queue_depth", "Programs that wait or run.", registry=registry).set_function(depth)
        prometheus.Gauge("etude_judge_queue_limit", "Programs that may wait or run.", registry=registry).set(most)
        for word in WORDS.values():
            self._verdicts.labels(word)

    def asked(self, code: int, seconds: float | None = None) -> None:
        """Counts an answered request; refusals are no part of the histogram."""
        self._requests.labels(str(code)).inc()
        if seconds is not None:
            self._seconds.observe(seconds)

    def judged(self, verdicts: Sequence[Verdict]) -> None:
        """Counts verdicts, once each, whether or not anyone waited for them."""
        for verdict in verdicts:
            self._verdicts.labels(WORDS[verdict.passed]).inc()
            self._statuses.labels(verdict.status).inc()

    def page(self) -> tuple[bytes, str]:
        """The text that Prometheus reads, and its type."""
        import prometheus_client as prometheus

        found: Any = prometheus.generate_latest(self._registry)
        return found, prometheus.CONTENT_TYPE_LATEST
