"""What a worker asks of its zygote for one job: limits, and which children to make."""

import struct
from typing import NamedTuple

REQUEST = struct.Struct("<ddQQQ??")
DESCRIPTORS = 16
OWN = 5  # descriptors of a child: 0 stdin, 1 stdout, 2 stderr, 3 results, 4 job; and 5 where program and checker talk
PATIENCE = 3  # times the wall limit, for a program that works but is given little of the processor


class Order(NamedTuple):
    """Limits in seconds, bytes and processes, and whether there is a program, a checker or both."""

    cpu: float
    wall: float
    memory: int
    file: int
    processes: int
    runs: bool
    checks: bool

    def pack(self) -> bytes:
        """The order as bytes."""
        return REQUEST.pack(*self)

    @classmethod
    def unpack(cls, data: bytes) -> "Order":
        """The order that `pack` turned into `data`."""
        return cls(*REQUEST.unpack(data))
