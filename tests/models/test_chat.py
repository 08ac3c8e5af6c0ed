"""Models that are asked in turns: the same prompt for sampling and for training, and the reply read as a chat's."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etude.errors import InputError
from etude.learners.tokens import encode
from etude.models.decoding import Group, drafted
from etude.models.drafts import Reader
from etude.models.huggingface import HuggingFace
from etude.models.reply import program_of
from etude.models.scoring import score_tokens
from etude.models.tokens import Style, has_template, prompt_tokens
from etude.models.turns import continuation, kept
from etude.records import Example, Request, Sampling, TaskView
from tests.models.conftest import PROMPTS, Folders

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<eos>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
GREEDY = Sampling(temperature=0.0, max_tokens=12, stop=("\n",))


@pytest.fixture
def chatty(folders: Folders, tmp_path: Path) -> Path:
    """A causal model with a chat template beside its tokenizer."""
    folder = tmp_path / "chatty"
    shutil.copytree(folders.llama, folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def model(folder: Path, style: Style = "auto", **settings: Any) -> HuggingFace:
    return HuggingFace(path=str(folder), device="cpu", style=style, **settings)


def written_by_transformers(found: HuggingFace, ids: list[int]) -> str:
    import torch

    loaded = found.loaded
    asked = torch.tensor([ids])
    out = loaded.network.generate(asked, attention_mask=torch.ones_like(asked), do_sample=False, max_new_tokens=12)
    return str(loaded.tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True))


@pytest.mark.parametrize("style", ["auto", "chat", "completion"])
def test_a_prompt_is_a_turn_where_the_tokenizer_has_a_template_or_as_it_is_told(chatty: Path, style: Style) -> None:
    found, chat = model(chatty, style), style != "completion"
    tokenizer = found.loaded.tokenizer
    text = f"<user>{PROMPTS[0]}<eos><assistant>" if chat else PROMPTS[0]
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    [done] = found.generate([Request(prompt=PROMPTS[0], sampling=GREEDY)])
    assert done.prompt_tokens == len(ids)
    assert done.text == kept(PROMPTS[0], GREEDY.stop, written_by_transformers(found, ids), chat=chat)
    assert found.caps.chat is chat


@pytest.mark.parametrize("style", ["auto", "chat", "completion"])
def test_a_row_is_trained_after_the_very_tokens_it_was_drawn_after(chatty: Path, style: Style) -> None:
    tokenizer = model(chatty).loaded.tokenizer
    row = Example(prompt=PROMPTS[0], target="\n    return a + b", program="", task_id="t")
    encoded = encode([row], tokenizer, end=0, room=200, encoder_decoder=False, style=style)
    assert encoded.rows[0].prompt == prompt_tokens(tokenizer, PROMPTS[0], style=style)
    assert encoded.rows[0].target[-1] == 0
    [done] = model(chatty, style).generate([Request(prompt=PROMPTS[0], sampling=GREEDY)])
    assert done.prompt_tokens == len(encoded.rows[0].prompt)


def test_a_tokenizer_without_a_template_continues_and_says_so_where_it_shall_chat(folders: Folders) -> None:
    assert not has_template(folders.llama)
    assert not folders.model("llama").caps.chat
    with pytest.raises(InputError, match="no chat template"):
        list(folders.model("llama", style="chat").generate([Request(prompt="x", sampling=GREEDY)]))


def test_a_template_in_the_tokenizers_own_settings_counts(chatty: Path) -> None:
    (chatty / "chat_template.jinja").unlink()
    assert not has_template(chatty)
    tokenizer = model(chatty).loaded.tokenizer
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(chatty)
    assert has_template(chatty)


def test_a_template_that_refuses_one_turn_is_a_users_error(chatty: Path) -> None:
    (chatty / "chat_template.jinja").write_text("{{ raise_exception('a system prompt, please') }}")
    with pytest.raises(InputError, match="a system prompt, please") as caught:
        list(model(chatty).generate([Request(prompt="x", sampling=GREEDY)]))
    assert "completion" in caught.value.fix


def test_a_style_of_your_own_names_other_samples(chatty: Path) -> None:
    assert len({model(chatty, style).fingerprint for style in ("auto", "chat", "completion")}) == 3


def test_what_a_template_adds_counts_for_the_room(chatty: Path) -> None:
    """96 positions, a token a byte at most: the text alone would fit, its turn does not."""
    tokenizer = model(chatty).loaded.tokenizer
    text = "é" * 20
    size = len(prompt_tokens(tokenizer, text, style="completion"))
    assert model(chatty, "completion").fits(text, 96 - size)
    assert not model(chatty, "chat").fits(text, 96 - size)


def test_stop_strings_wait_until_a_chat_has_ended(folders: Folders, chatty: Path) -> None:
    """What is in front of the first stop string may be prose; the reader decides, not the decoder."""
    asked = Request(prompt=PROMPTS[0], sampling=replace(GREEDY, stop=("a", "e", " ", "\n"), max_tokens=12))
    [chat], [plain] = (list(model(chatty, style).generate([asked])) for style in ("chat", "completion"))
    assert chat.completion_tokens == 12
    assert plain.completion_tokens < 12


@pytest.mark.parametrize("name", ["llama", "t5"])
def test_log_probabilities_are_those_that_scoring_gives(folders: Folders, name: str) -> None:
    found = folders.model(name, logprobs=True)
    settings = Sampling(temperature=1.3, max_tokens=9, seed=3)
    requests = [Request(prompt=prompt, sample_index=index, sampling=settings) for prompt in PROMPTS for index in (0, 1)]
    plain = {(c.request.prompt, c.request.sample_index): c.text for c in folders.model(name).generate(requests)}
    for done in found.generate(requests):
        assert done.text == plain[(done.request.prompt, done.request.sample_index)]
        assert done.logprobs is not None
        assert len(done.logprobs) == done.completion_tokens
    loaded = found.loaded
    ids = prompt_tokens(loaded.tokenizer, PROMPTS[0], encoder_decoder=loaded.encoder_decoder)
    group = Group(tokens=tuple(ids), limit=9, requests=tuple(requests[:2]))
    for draft in drafted(loaded, Reader(loaded.tokenizer), [group], logprobs=True):
        [scored] = score_tokens(loaded, ids, [draft.tokens])
        assert draft.logprobs == pytest.approx(scored, abs=1e-3)


@pytest.mark.parametrize(
    ("prompt", "said", "rest"),
    [
        ("Write f.\n```python", "\ndef f():\n    pass\n```", ("\ndef f():\n    pass\n```", True)),
        (
            "Write f.\n```python",
            "\ndef f():\n    pass\n```\nIt passes.",
            ("\ndef f():\n    pass\n```\nIt passes.", True),
        ),
        ("Write f.\n```python", "```python\ndef f():\n    pass\n```", ("\ndef f():\n    pass\n```", True)),
        ("Write f.", "\ndef f():\n    pass\n```", ("", False)),
        ("Write f.\n```python", "Sure:\n```py\ndef f():\n    pass\n```", ("def f():\n    pass", False)),
    ],
)
def test_a_reply_that_closes_the_prompts_fence_is_its_content(prompt: str, said: str, rest: tuple[str, bool]) -> None:
    assert continuation(prompt, said) == rest


def test_a_trained_answer_reads_back_as_its_program() -> None:
    """The target of an instruct row, said in a turn of a chat by a model that has learned it."""
    view = TaskView(task_id="t", kind="instruct", prompt="Write f.", entry_point="f")
    text = kept("Write f.\n```python", ("\n```",), "\ndef f():\n    return 1\n```", chat=True)
    assert program_of(text, view) == "def f():\n    return 1\n"
