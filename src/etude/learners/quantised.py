"""A network in four bits, for QLoRA (arXiv 2305.14314): frozen weights as 4-bit normal floats, adapters beside them.

The one place besides `etude.models.loading` that calls `from_pretrained`, for weights that are trained through and
never sampled from. It needs the package bitsandbytes and a device that it knows.
"""

import importlib.util
from pathlib import Path
from typing import Any

from etude.errors import MissingError, RecipeError
from etude.models.loading import Loaded, quiet, ready


def load_quantised(source: Path, device: str = "auto") -> Loaded:
    """The causal network of a folder in 4 bit, ready for adapters to be trained on it.

    Raises:
        MissingError: bitsandbytes is not installed, or there is no GPU.
        RecipeError: The model is an encoder-decoder.
    """
    import torch
    import transformers

    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingError(
            'quantize = "4bit" wants the package bitsandbytes, which is not installed',
            fix='pip install bitsandbytes, or learner.quantize = ""',
        )
    if device == "auto" and not torch.cuda.is_available():
        raise MissingError('quantize = "4bit" wants a GPU, and this machine has none', fix='learner.quantize = ""')
    place = torch.device("cuda" if device == "auto" else device)
    config: Any = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    with quiet(transformers):
        if transformers.AutoConfig.from_pretrained(source, local_files_only=True).is_encoder_decoder:
            raise RecipeError("quantize is for causal models; this one is an encoder-decoder", fix="quantize = ''")
        network = transformers.AutoModelForCausalLM.from_pretrained(
            source, quantization_config=config, device_map={"": place}, local_files_only=True, trust_remote_code=False
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, local_files_only=True)
    return ready(_prepared(network), tokenizer)


def _prepared(network: Any) -> Any:
    import peft

    return peft.prepare_model_for_kbit_training(network, use_gradient_checkpointing=False)
