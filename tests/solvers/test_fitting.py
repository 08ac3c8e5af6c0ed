"""Prompts that fit into a small context: the question gives way, its tests and the answer's marker do not."""

import pytest

from etude.ledger import Ledger
from etude.models.scripted import Scripted
from etude.records import Call, Exchange, TaskView, Tests
from etude.sandbox import Sandbox
from etude.solvers.fitting import GAP, fitted
from etude.workbench import Bench

ANSWER = 64
POSITIONS = 512
ENDS = "```python"


class Words(Scripted):
    """A model whose context holds so many words."""

    def fits(self, prompt: str, max_tokens: int) -> bool:
        return len(prompt.split()) + max_tokens <= POSITIONS


@pytest.fixture(scope="module")
def jail():
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def bench(tmp_path, jail):
    ledger = Ledger(tmp_path / "run")
    yield lambda model: Bench(model, jail, ledger)
    ledger.close()


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """A real folder of a Llama with 512 positions."""
    torch = pytest.importorskip("torch", reason="models need the train extra")
    transformers = pytest.importorskip("transformers", reason="models need the train extra")
    from tests.models.conftest import make_tokenizer

    folder = tmp_path_factory.mktemp("fitting") / "llama"
    tokenizer = make_tokenizer(pad=False)
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=POSITIONS, eos_token_id=0, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def view(words: int, **more) -> TaskView:
    prompt = "Return what is given. " + "word " * words + "Give the last words back."
    shown = Tests(calls=(Call(args=(1,), expected=1),))
    return TaskView(
        **{"task_id": "t", "kind": "instruct", "prompt": prompt, "entry_point": "f", "shown": shown, **more}
    )


def test_a_question_of_ten_thousand_tokens_fits_a_real_small_context(llama, bench):
    from etude.models.huggingface import HuggingFace
    from etude.models.tokens import prompt_tokens

    model = HuggingFace(path=str(llama), device="cpu")
    prompt = fitted("instruct.v1", view(10_000), bench(model), ANSWER)
    length = len(prompt_tokens(model.loaded.tokenizer, prompt))
    assert POSITIONS - ANSWER - 20 < length <= POSITIONS - ANSWER, "no room is left unused"
    assert prompt.rstrip().endswith(ENDS)
    assert "assert f(1) == 1" in prompt
    assert "defines `f`" in prompt
    assert prompt.startswith("Return what is given.")
    assert "Give the last words back." in prompt
    assert GAP in prompt


def test_of_a_repair_the_feedback_stays_whole_and_the_program_gives_way_last(llama, bench):
    from etude.models.huggingface import HuggingFace
    from etude.models.tokens import prompt_tokens

    model = HuggingFace(path=str(llama), device="cpu")
    program = "def f(x):\n" + "".join(f"    x = x + {n}\n" for n in range(200)) + "    return x\n"
    said = "f(1) returned 19901, expected 1"
    prompt = fitted("repair-instruct.v1", view(10_000), bench(model), ANSWER, program=program, feedback=said)
    assert len(prompt_tokens(model.loaded.tokenizer, prompt)) + ANSWER <= POSITIONS
    assert said in prompt
    assert "assert f(1) == 1" in prompt
    assert "def f(x):\n    x = x + 0\n" in prompt
    assert "return x\n```" not in prompt, "the end of a program is cut first"
    assert prompt.rstrip().endswith(ENDS)


def test_the_program_is_whole_where_shortening_the_question_is_enough(bench):
    program = "def f(x):\n    return x + 1\n"
    asked = {"program": program, "feedback": "f(1) returned 2, expected 1"}
    prompt = fitted("repair-instruct.v1", view(5_000), bench(Words()), ANSWER, **asked)
    assert program.strip() in prompt
    assert POSITIONS - ANSWER - 3 <= len(prompt.split()) <= POSITIONS - ANSWER


def test_a_prompt_that_fits_is_not_touched(bench):
    short, roomy = view(20), Scripted()
    assert fitted("instruct.v1", short, bench(Words()), ANSWER) == fitted("instruct.v1", short, bench(roomy), ANSWER)
    assert GAP not in fitted("instruct.v1", view(10_000), bench(roomy), ANSWER), "a model that cannot say has room"


def test_worked_examples_stay_whole(bench):
    prompt = fitted("few-shot.v1", view(5_000), bench(Words()), ANSWER)
    bare = fitted("few-shot.v1", view(0), bench(Scripted()), ANSWER)
    assert prompt.startswith(bare[: bare.index("Return what is given.")])
    assert len(prompt.split()) + ANSWER <= POSITIONS
    assert prompt.rstrip().endswith(ENDS)


def test_a_script_s_examples_stay_too(bench):
    shown = Tests(stdio=(Exchange(stdin="3 4\n", stdout="7\n"),))
    prompt = fitted("instruct.v1", view(5_000, entry_point="", shown=shown), bench(Words()), ANSWER)
    assert "reads from standard input" in prompt
    assert "3 4" in prompt
    assert len(prompt.split()) + ANSWER <= POSITIONS


def test_code_that_is_to_be_continued_is_never_cut_here(bench):
    code = view(0, kind="complete", prompt="def f(x):\n" + "    x = x\n" * 2_000)
    assert fitted("complete.v1", code, bench(Words()), ANSWER).startswith(code.prompt.rstrip())
