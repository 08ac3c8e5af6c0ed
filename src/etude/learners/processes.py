"""One learning in several processes, as `accelerate launch` or `torchrun` start them: who is who, and who waits.

It starts no process and imports torch only where several are at work.
"""

import os
from typing import Any


def world() -> int:
    """How many processes train together: 1 outside a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this is the process that reads and writes for all."""
    return int(os.environ.get("RANK", "0")) == 0


def wait() -> None:
    """Waits until every process is here."""
    if world() > 1:
        import torch

        if torch.distributed.is_initialized():
            torch.distributed.barrier()


def least(number: int) -> int:
    """The least of the numbers that the processes give; all of them must ask."""
    if world() == 1:
        return number
    import torch

    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    found = torch.tensor(number, device=device)
    torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MIN)
    return int(found)


def whole_weights(trainer: Any) -> dict[str, Any] | None:
    """All weights of a network that several processes have trained, on the main process's CPU; else None.

    Every process must call it: each may hold a part of them.
    """
    if world() == 1:
        return None
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    return {name: item.detach().cpu() for name, item in weights.items()} if is_main() else None
