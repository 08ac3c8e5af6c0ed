"""From a task set to a server that listens: where, for whom, and how it ends.

Only loopback unless another address is asked for, and there only with a token unless that, too, is waived. On SIGTERM
or Ctrl-C it closes its door, finishes what it has begun, and ends.
"""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from etude.config import Part
from etude.errors import EtudeError, InputError, MissingError
from etude.measurement import Measurement, digest
from etude.measuring import exam_digest, settings
from etude.models.reply import PARSER
from etude.protocols import Judge
from etude.records import Job, Json
from etude.rewards.referee import Referee
from etude.serving.app import Bench, Bounds, application, bench

CONNECTIONS = 1024
BACKLOG = 1024
PROBE = Job(source="def one():\n    return 1\n", asks=("one()",))


def listen(
    referee: Referee,
    bounds: Bounds,
    *,
    name: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str = "",
    open_to_all: bool = False,
    grace: float = 300.0,
    say: Callable[[dict[str, Json]], None],
) -> None:
    """Serves until a signal ends it; then finishes what it has begun and closes the referee.

    Args:
        referee: Who decides.
        bounds: What the server takes on.
        name: The task set's text, for whoever asks what this judge is.
        host: The address to listen on.
        port: 0 for any that is free.
        token: The bearer token that is asked for, or "".
        open_to_all: Listen beyond loopback without a token.
        grace: Seconds that requests under way get after the signal.
        say: Is told the address and the rest once it listens.

    Raises:
        EtudeError: The address is not loopback and there is no token.
        InputError: The address cannot be listened on.
        MissingError: A library is not installed, or the sandbox answers nothing.
    """
    require_safe(host, token, open_to_all)
    _uvicorn()
    with referee, _door(host, port) as door:
        court = bench(referee, about(referee, name, bounds), bounds)
        _probe(referee)
        say({"url": _url(host, door), **court.about})
        try:
            _run(court, door, token, grace)
        except KeyboardInterrupt:
            pass  # the server has ended in order by now and passes the signal on
        finally:
            court.docket.close()


def require_safe(host: str, token: str, open_to_all: bool) -> None:
    """Lets an address pass that only this machine reaches, or that a token guards, or that was waived.

    Raises:
        EtudeError: It is none of these.
    """
    if not (token or open_to_all or _loopback(host)):
        raise EtudeError(
            f"{host} is reached from other machines, and no token is asked for",
            expected="--host 127.0.0.1, or a token",
            fix="--token-from NAME, an environment variable that holds a token; or --open, if the network is trusted",
        )


def about(referee: Referee, name: str, bounds: Bounds) -> dict[str, Json]:
    """What this judge is: task set, exam, protocol, isolation, bounds. Nothing of a hidden test but a hash of all."""
    tasks = list(referee.tasks.values())
    level = str(referee.sandbox.isolation.get("level", ""))
    return {
        "tasks": name,
        "count": len(tasks),
        "exam": exam_digest(tasks),
        "protocol": digest(protocol(referee.judge, level)),
        "isolation": level,
        "queue": bounds.queue,
        "batch": bounds.batch,
        "largest": bounds.largest,
    }


def protocol(judge: Judge, level: str) -> Measurement:
    """How a verdict of this server is reached: nothing is drawn, so only judge, reply parser and isolation count."""
    return Measurement(
        estimator="verdict/1",
        solver={},
        prompts={},
        parser=PARSER,
        stop={},
        temperature=None,
        top_p=None,
        max_tokens=None,
        judge=settings(judge, Part(use=type(judge).__name__)),
        sandbox=level,
    )


def _run(court: Bench, door: socket.socket, token: str, grace: float) -> None:
    uvicorn = _uvicorn()
    config = uvicorn.Config(
        application(court, token),
        log_level="warning",
        access_log=False,
        backlog=BACKLOG,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=max(1, round(grace)),
    )
    uvicorn.Server(config).run(sockets=[door])


def _uvicorn() -> Any:
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise MissingError(
            f"serving needs {error.name}", expected="the extra `serve`", fix="pip install 'etude[serve]'"
        ) from None
    return uvicorn


def _door(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen on {host}, port {port}: {error}", expected="a free port", fix="another --port, or --port 0"
        ) from None


def _probe(referee: Referee) -> None:
    """Has the sandbox run something before anyone is let in."""
    [run] = referee.sandbox.run([PROBE])
    if run.status != "ok" or run.answers[0].value != 1:
        raise MissingError(f"the sandbox gives no answer: {run.status} {run.detail}", fix="etude doctor")


def _url(host: str, door: socket.socket) -> str:
    port = door.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
