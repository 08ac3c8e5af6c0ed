"""Tokens per second: our sampler, which reads a prompt once for all its samples, beside transformers' ways, in one run.

    python benchmarks/sampling.py [--prompts 64] [--samples 4,10] [--rounds 3] [--width 0]
    python benchmarks/sampling.py --contenders generate,static,continuous,compiled --width 512

One thread. The lab's model, whose samples end when they are done; with --width one of random weights, whose samples all
have the same length. Timings are noisy: read the ratio, the median over interleaved rounds. What a contender does once
(compiling, reserving its blocks) happens in a round that does not count, with the same prompts.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from etude.config import located
from etude.lab.pretrain import new_model
from etude.models.huggingface import HuggingFace
from etude.models.tokens import prompt_tokens
from etude.records import Request, Sampling
from etude.sources.lab import Lab

TOKENS = 48
BATCH = 256
LAB = "package:etude.lab/model"


def main() -> None:
    """Prints one row per number of samples and contender."""
    import torch

    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--samples", default="4,10")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--width", type=int, default=0, help="width of a model of random weights; 0 is the lab's model")
    parser.add_argument("--contenders", default="generate", help=f"some of {', '.join(CONTENDERS)}")
    options = parser.parse_args()
    unknown = set(options.contenders.split(",")) - {*CONTENDERS}
    if unknown:
        parser.error(f"unknown contenders {', '.join(sorted(unknown))}; there are {', '.join(CONTENDERS)}")
    prompts = [task.view().prompt for task in Lab(split="validation").propose(None, options.prompts)]
    with _model(options.width) as model:
        print(f"{sum(weight.numel() for weight in model.loaded.network.parameters()) / 1e6:.1f} million parameters")
        for samples in map(int, options.samples.split(",")):
            _compare(model, prompts, samples, options.contenders.split(","), options.rounds)


def _compare(model: HuggingFace, prompts: list[str], samples: int, contenders: list[str], rounds: int) -> None:
    rates: dict[str, list[float]] = {"ours": [], **{name: [] for name in contenders}}
    for round in range(rounds + 1):
        for name, found in rates.items():
            start = time.perf_counter()
            written = CONTENDERS[name](model, prompts, samples, round)
            found.append(written / (time.perf_counter() - start))
    mine = rates["ours"][1:]
    for name, (_, *found) in rates.items():
        ratio = statistics.median(one / other for one, other in zip(mine, found, strict=True))
        rate = statistics.median(found)
        print(f"{len(prompts)} x {samples:>2} samples: {name:>10} {rate:7.0f} tokens/s, ours is {ratio:.2f} times")


@contextmanager
def _model(width: int) -> Iterator[HuggingFace]:
    if not width:
        yield HuggingFace(path=located(LAB), batch_size=BATCH)
        return
    tokenizer = HuggingFace(path=located(LAB)).loaded.tokenizer
    with tempfile.TemporaryDirectory() as folder:
        new_model(tokenizer, 0, width).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        yield HuggingFace(path=folder, batch_size=BATCH)


def ours(model: HuggingFace, prompts: list[str], samples: int, seed: int) -> int:
    """Tokens that our sampler writes."""
    sampling = Sampling(temperature=1.0, max_tokens=TOKENS, seed=seed)
    requests = [
        Request(prompt=text, sample_index=index, sampling=sampling) for text in prompts for index in range(samples)
    ]
    return sum(item.completion_tokens for item in model.generate(requests))


def generate(model: HuggingFace, prompts: list[str], samples: int, seed: int, **more: Any) -> int:
    """Tokens of `generate()`: left-padded batches of as many sequences, counted up to the end token."""
    import torch

    torch.manual_seed(seed)
    tokenizer, network, total = model.loaded.tokenizer, model.loaded.network, 0
    per = max(1, BATCH // samples)
    ordered = sorted(prompts, key=lambda text: len(prompt_tokens(tokenizer, text)))
    for start in range(0, len(ordered), per):
        batch = tokenizer(ordered[start : start + per], return_tensors="pt", padding=True, padding_side="left")
        with torch.inference_mode():
            rows = network.generate(
                **batch,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                max_new_tokens=TOKENS,
                num_return_sequences=samples,
                **more,
            )[:, batch["input_ids"].shape[1] :]
        ended = (rows == tokenizer.eos_token_id).int()
        total += int(((ended.cumsum(1) - ended) == 0).sum())
    return total


def static(model: HuggingFace, prompts: list[str], samples: int, seed: int) -> int:
    """Tokens of `generate()` with a cache of a fixed size."""
    return generate(model, prompts, samples, seed, cache_implementation="static", disable_compile=True)


def compiled(model: HuggingFace, prompts: list[str], samples: int, seed: int) -> int:
    """Tokens of `generate()` with a cache of a fixed size and a compiled network."""
    from transformers import CompileConfig

    settings = CompileConfig(mode="default")
    settings._compile_all_devices = True  # else only accelerators are compiled for, and no public setting says so
    return generate(model, prompts, samples, seed, cache_implementation="static", compile_config=settings)


def continuous(model: HuggingFace, prompts: list[str], samples: int, seed: int) -> int:
    """Tokens of transformers' continuous batching, with blocks for as many sequences."""
    from transformers import GenerationConfig
    from transformers.generation.configuration_utils import ContinuousBatchingConfig

    tokenizer, network = model.loaded.tokenizer, model.loaded.network
    ids = [prompt_tokens(tokenizer, text) for text in prompts]
    asked = GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_k=0,
        max_new_tokens=TOKENS,
        num_return_sequences=samples,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    per_sequence = -(-(max(map(len, ids)) + TOKENS) // 32)
    blocks = ContinuousBatchingConfig(
        page_size=32, num_blocks=BATCH * per_sequence, max_batch_tokens=BATCH, max_requests_per_batch=BATCH, seed=seed
    )
    found = network.generate_batch(ids, generation_config=asked, continuous_batching_config=blocks)
    return sum(len(item.generated_tokens) for item in found.values())


CONTENDERS: dict[str, Callable[[HuggingFace, list[str], int, int], int]] = {
    "ours": ours,
    "generate": generate,
    "static": static,
    "compiled": compiled,
    "continuous": continuous,
}


if __name__ == "__main__":
    main()
