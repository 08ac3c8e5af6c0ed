"""Which token comes next: a sample's own random numbers, and the choice they make.

Every sample has its own stream of uniform numbers, keyed by the run's seed, the prompt and the sample's index, so a
text does not depend on what else is in its batch; an engine that draws by itself is given a seed from that stream. It
knows nothing of batches, texts or stop strings.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etude.records import Request


def uniforms(request: Request, count: int) -> NDArray[np.float32]:
    """The first `count` uniform numbers in [0, 1) of one sample; more of them begin with fewer."""
    digest = hashlib.sha256(request.prompt.encode("utf-8", "surrogatepass")).digest()
    words = [int.from_bytes(digest[place : place + 4], "little") for place in range(0, 32, 4)]
    key = np.random.SeedSequence([request.sampling.seed % 2**64, request.sample_index, *words])
    return np.random.Generator(np.random.Philox(key)).random(count).astype(np.float32)


def seed_of(request: Request) -> int:
    """A sample's own seed of 31 bits, from the same stream of numbers as local sampling: run's seed, prompt, index."""
    high, low = uniforms(request, 2).tolist()
    return int(high * 2**16) << 15 | int(low * 2**15)


def choose(logits: Any, temperature: float, top_p: float, draws: Any) -> Any:
    """Token ids by inverse distribution function, which is several times faster than `torch.multinomial`.

    Args:
        logits: (batch, vocabulary).
        temperature: 0 takes the likeliest token.
        top_p: Keeps the smallest set of likeliest tokens whose probability reaches it (nucleus sampling,
            Holtzman et al. 2020).
        draws: (batch, 1) uniform numbers.

    Returns:
        (batch,) token ids.
    """
    import torch

    if temperature <= 0:
        return logits.argmax(-1)
    chances = (logits.float() / temperature).softmax(-1)
    if top_p < 1:
        chances = _nucleus(chances, top_p)
    sums = chances.cumsum(-1)
    total = sums[:, -1:].contiguous()
    chosen = torch.searchsorted(sums, draws * total, right=True)
    # A draw that rounds up to the total would fall behind the last token with any probability at all.
    return chosen.minimum(torch.searchsorted(sums, total)).squeeze(-1)


def _nucleus(chances: Any, top_p: float) -> Any:
    ordered, places = chances.sort(dim=-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    return chances.scatter(-1, places, ordered.masked_fill(before >= top_p, 0.0))
