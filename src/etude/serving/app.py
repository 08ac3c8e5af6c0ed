"""The application: /judge, /health, /ready, /metrics, / (what this judge is), and /openapi.json."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etude.errors import EtudeError, InputError
from etude.records import Json
from etude.rewards.referee import Decided, Referee
from etude.serving.bodies import EXAMPLE, Answer, Ask, Refusal, answer
from etude.serving.docket import ClosingError, Docket, FullError
from etude.serving.gate import Gate
from etude.serving.metrics import Metrics

if TYPE_CHECKING:
    from fastapi import FastAPI

PAGE = "Programs are judged in a jail by hidden tests; no reply tells a test. POST /judge takes a batch."
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "No bearer token, or another one."},
    413: {"model": Refusal, "description": "The body, or the batch, is larger than the server takes."},
    422: {"model": Refusal, "description": "Not a batch of programs, or a task that is not in the set."},
    429: {"model": Refusal, "description": "The queue is full; Retry-After says for how many seconds."},
    503: {"model": Refusal, "description": "The server is going down; Retry-After says when to ask again."},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the server takes on.

    Attributes:
        workers: Batches decided at once.
        queue: Programs that may wait or run together.
        batch: Programs in one request.
        largest: Bytes of one request.
    """

    workers: int = 1
    queue: int = 1024
    batch: int = 256
    largest: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Bench:
    """The judge behind the application: who decides, under which protocol, and what has been taken on."""

    referee: Referee
    about: dict[str, Json]
    bounds: Bounds
    docket: Docket
    metrics: Metrics

    @property
    def protocol(self) -> str:
        """The digest that goes with every answer."""
        return str(self.about["protocol"])


def bench(referee: Referee, about: dict[str, Json], bounds: Bounds) -> Bench:
    """A bench with an empty docket."""
    docket = Docket(referee, workers=bounds.workers, most=bounds.queue)
    return Bench(referee, about, bounds, docket, Metrics(lambda: docket.depth, bounds.queue))


def application(court: Bench, token: str = "", clock: Callable[[], float] = time.perf_counter) -> Any:
    """The ASGI application.

    Args:
        court: The judge.
        token: The bearer token that is asked for, or "".
        clock: For the latency histogram.
    """
    import fastapi
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, Response

    app = fastapi.FastAPI(title="Étude judge", version=court.protocol, docs_url=None, redoc_url=None, description=PAGE)
    app.add_middleware(Gate, largest=court.bounds.largest, token=token, refused=court.metrics.asked)

    @app.post("/judge", response_model=Answer, responses=REFUSALS, summary="Verdicts on a batch of programs")
    async def judge(ask: Ask) -> Any:
        start = clock()
        try:
            decided = await asyncio.wrap_future(_taken(court, ask))
        except EtudeError as error:
            return _refusal(error, court, JSONResponse)
        except Exception:
            court.metrics.asked(500)
            raise
        court.metrics.asked(200, clock() - start)
        return Response(answer(court.protocol, ask.items, decided).model_dump_json(), media_type="application/json")

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Any, error: Any) -> Any:
        court.metrics.asked(422)
        return JSONResponse({"detail": _where(error.errors())}, status_code=422)

    _pages(app, court)
    app.openapi()["components"]["schemas"]["Answer"]["examples"] = [EXAMPLE]
    return app


def _pages(app: "FastAPI", court: Bench) -> None:
    """What may be asked besides verdicts."""
    from fastapi.responses import JSONResponse, Response

    @app.get("/health", summary="The process is alive")
    async def health() -> dict[str, bool]:
        return {"alive": True}

    @app.get("/ready", summary="There is room for a program")
    async def ready() -> Any:
        depth = court.docket.depth
        found = not court.docket.closing and depth < court.bounds.queue
        state = {"ready": found, "depth": depth, "limit": court.bounds.queue}
        return JSONResponse(state, status_code=200 if found else 503)

    @app.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    async def metrics() -> Any:
        text, kind = court.metrics.page()
        return Response(text, media_type=kind)

    @app.get("/", summary="What this judge is")
    async def about() -> dict[str, Any]:
        return court.about


def _taken(court: Bench, ask: Ask) -> "Future[list[Decided]]":
    """The batch on the docket; its verdicts are counted when they are there, whether or not anyone still waits."""
    if len(ask.items) > court.bounds.batch or len(ask.items) > court.bounds.queue:
        most = min(court.bounds.batch, court.bounds.queue)
        raise TooManyError(f"{len(ask.items)} programs in one request", expected=f"{most} at most")
    court.referee.known([item.task_id for item in ask.items])
    future = court.docket.take([item.written() for item in ask.items], partial=ask.partial)
    future.add_done_callback(lambda done: _counted(court, done))
    return future


class TooManyError(EtudeError):
    """One request holds more programs than a request may."""


def _counted(court: Bench, done: "Future[list[Decided]]") -> None:
    if not done.cancelled() and done.exception() is None:
        court.metrics.judged([item.verdict for item in done.result()])


def _refusal(error: EtudeError, court: Bench, response: Any) -> Any:
    """The answer to a request that was not taken: what the client may do about it is in the status code."""
    codes = {FullError: 429, ClosingError: 503, TooManyError: 413, InputError: 422}
    code = codes.get(type(error), 500)
    court.metrics.asked(code)
    wait = getattr(error, "wait", None)
    headers = {"Retry-After": str(math.ceil(wait))} if wait is not None else None
    return response({"detail": str(error)}, status_code=code, headers=headers)


def _where(errors: Any) -> str:
    """What is wrong with a body, by place, without the body's own text."""
    named = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in errors[:10]]
    more = f"; … and {len(errors) - 10} more" if len(errors) > 10 else ""
    return "; ".join(named) + more
