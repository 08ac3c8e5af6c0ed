"""The compile server: a jailed process that turns program text into code objects, and never runs any.

Compiling in a process that was forked a moment ago costs ten to twenty times as much as here, in page faults alone.
What is too large or too slow for it, or ends it, is compiled by the program's own child instead, within its limits.
"""

import marshal
import os
import resource
import signal
import warnings

from . import faults, frames, kernel, wire

SECONDS = 0.5  # processor time for one request; honest programs take less than a thousandth of it
MEMORY = 1 << 30
OWN = 3

CODE, FAULT, ELSEWHERE = b"c", b"f", b"-"
"""What an answer is: marshalled code, the described fault of a text that is no program, or that it must be tried
elsewhere."""


def serve(line: int) -> None:
    """Answers requests until the worker hangs up. A request that takes too long ends this process by SIGVTALRM.

    Args:
        line: Descriptor of a socket. A request is a frame with a marshalled list of (text, file name, mode); it is
            answered by a frame that holds a frame for each.
    """
    os.dup2(line, OWN)
    kernel.close_from(OWN + 1)
    for descriptor in range(OWN):
        os.close(descriptor)  # a warning of the compiler must not end up in a program's output
    warnings.simplefilter("ignore")
    kernel.drop_capabilities()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    while (request := frames.receive(OWN)) is not None:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        answer = b"".join([frames.framed(_compiled(*item)) for item in marshal.loads(request)])
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        frames.send(OWN, answer)


def _compiled(text: str, name: str, mode: str) -> bytes:
    try:
        return CODE + marshal.dumps(compile(text, name, mode, dont_inherit=True))
    except (MemoryError, RecursionError):
        return ELSEWHERE  # the limits of this process, not the program's
    except Exception as error:
        return FAULT + wire.encode(faults.describe(error))
