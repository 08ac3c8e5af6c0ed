"""Several rows in one sequence, so that little is padded and short rows fill a batch; no row sees another.

Positions begin again at 0 with every row. From that transformers' attention knows where a row begins, and gives it a
block of the mask of its own (flash attention: a sequence of its own). Whether a network really keeps rows apart is
tried before it is trained, by comparing the loss of a packed batch with that of its rows alone.
"""

import bisect
from collections.abc import Sequence
from typing import Any

from etude.errors import RecipeError
from etude.learners.loss import answer_loss
from etude.learners.tokens import IGNORED, Collate, Row, length, marked, padded

Pack = tuple[Row, ...]

AGREE = 1e-4  # what float32 sums in another order may differ by, relative


def pack(rows: Sequence[Row], room: int) -> list[Pack]:
    """The rows in sequences of at most `room` tokens, each row put where it leaves the least space.

    Rows of a sequence stand in their order; a sequence stands where its first row did.
    """
    order = sorted(range(len(rows)), key=lambda place: (-length(rows[place]), place))
    spaces: list[tuple[int, int]] = []  # (tokens left, number of the sequence), least space first
    members: list[list[int]] = []
    for place in order:
        size = length(rows[place])
        found = bisect.bisect_left(spaces, (size, -1))
        if found == len(spaces):
            spaces.append((max(room, size), len(members)))
            members.append([])
            spaces.sort()
            found = bisect.bisect_left(spaces, (size, -1))
        left, number = spaces.pop(found)
        members[number].append(place)
        bisect.insort(spaces, (left - size, number))
    return [tuple(rows[place] for place in own) for own in sorted(map(sorted, members))]


def packed_collator(pad: int, *, prompt_weight: float = 0.0) -> Collate:
    """The function that makes a batch of packed sequences: as `tokens.collator`, with positions and without a mask.

    `position_ids` (sequences x tokens; int64) begin at 0 with every row, and with the padding at the end.
    """

    def collate(packs: Sequence[Pack]) -> dict[str, Any]:
        import torch

        parts = [[marked(row, prompt_weight) for row in own] for own in packs]
        ids, labels, weights = ([[item for part in own for item in part[kind]] for own in parts] for kind in range(3))
        widest = max(map(len, ids))
        places = [[at for part in own for at in range(len(part[0]))] for own in parts]
        places = [own + list(range(widest - len(own))) for own in places]
        return {
            "input_ids": torch.tensor(padded(ids, pad)),
            "position_ids": torch.tensor(places),
            "labels": torch.tensor(padded(labels, IGNORED)),
            "weights": torch.tensor(padded(weights, 0.0), dtype=torch.float32),
        }

    return collate


def require_apart(
    network: Any, packs: Sequence[Pack], packed: Collate, alone: Collate, accepts: frozenset[str]
) -> None:
    """Refuses to pack for a network whose attention lets the rows of a sequence see each other.

    Args:
        packs: A batch to try it on.
        packed, alone: Collators for sequences and for rows.
        accepts: Names of the network's forward arguments.

    Raises:
        RecipeError: The loss of the packed batch is not that of its rows.
    """
    import torch

    training = network.training
    network.eval()
    with torch.no_grad():
        if "position_ids" not in accepts:
            raise _refused("it takes no position_ids")
        together = float(answer_loss(network, _placed(packed(packs), network), accepts))
        each = sum(float(answer_loss(network, _placed(alone([row]), network), accepts)) for own in packs for row in own)
    network.train(training)
    if abs(together - each) > AGREE * max(abs(each), 1.0) * (300 if network.dtype == torch.bfloat16 else 1):
        raise _refused(f"the loss of a packed batch is {together:.4f}, that of its rows alone {each:.4f}")


def _refused(why: str) -> RecipeError:
    return RecipeError(
        f"rows cannot be packed for this network: {why}",
        expected="an attention that keeps rows with positions of their own apart",
        fix="learner.packing = false; with flash attention, batch_size = 1 and a longer max_length",
    )


def _placed(batch: dict[str, Any], network: Any) -> dict[str, Any]:
    return {name: item.to(network.device) for name, item in batch.items()}
