"""Tokens per second: our sampler, which reads a prompt once for all its samples, beside `generate()`, in one run.

    python benchmarks/sampling.py [--prompts 64] [--samples 4,10] [--rounds 3]

One thread, the lab's model. Timings are noisy: read the ratio, the median over interleaved rounds.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

from etude.config import located
from etude.models.huggingface import HuggingFace
from etude.models.tokens import prompt_tokens
from etude.records import Request, Sampling
from etude.sources.lab import Lab

TOKENS = 48


def main() -> None:
    """Prints one row per number of samples."""
    import torch

    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--samples", default="4,10")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    model = HuggingFace(path=located("package:etude.lab/model"), batch_size=256)
    prompts = [task.view().prompt for task in Lab(split="validation").propose(None, options.prompts)]
    for samples in map(int, options.samples.split(",")):
        ours: list[float] = []
        theirs: list[float] = []
        for round in range(options.rounds):
            ours.append(_rate(partial(_ours, model, prompts, samples, round)))
            theirs.append(_rate(partial(_theirs, model, prompts, samples)))
        ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
        print(
            f"{len(prompts)} prompts x {samples:>2} samples: ours {statistics.median(ours):7.0f} tokens/s, "
            f"generate() {statistics.median(theirs):7.0f} tokens/s, ratio {ratio:.2f}"
        )


def _rate(work: Callable[[], int]) -> float:
    start = time.perf_counter()
    return work() / (time.perf_counter() - start)


def _ours(model: HuggingFace, prompts: list[str], samples: int, seed: int) -> int:
    sampling = Sampling(temperature=1.0, max_tokens=TOKENS, seed=seed)
    requests = [
        Request(prompt=text, sample_index=index, sampling=sampling) for text in prompts for index in range(samples)
    ]
    return sum(item.completion_tokens for item in model.generate(requests))


def _theirs(model: HuggingFace, prompts: list[str], samples: int) -> int:
    """The same through transformers: left-padded batches of as many sequences, tokens counted up to the end token."""
    import torch

    loaded = model.loaded
    tokenizer, network, total = loaded.tokenizer, loaded.network, 0
    per = max(1, 256 // samples)
    ordered = sorted(prompts, key=lambda text: len(prompt_tokens(tokenizer, text)))
    for start in range(0, len(ordered), per):
        batch = tokenizer(ordered[start : start + per], return_tensors="pt", padding=True, padding_side="left")
        with torch.inference_mode():
            rows = network.generate(
                **batch, do_sample=True, temperature=1.0, top_k=0, max_new_tokens=TOKENS, num_return_sequences=samples
            )[:, batch["input_ids"].shape[1] :]
        ended = (rows == tokenizer.eos_token_id).int()
        total += int(((ended.cumsum(1) - ended) == 0).sum())
    return total


if __name__ == "__main__":
    main()
