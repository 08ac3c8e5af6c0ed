"""The grammar, the models of its rules, and the search: everything in order, nothing twice, nothing left out."""

import ast
import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.errors import InputError
from etude.puzzles.bigram import ROOT, Bigram, Uniform, fit, load, save
from etude.puzzles.deriving import answer_of, derive
from etude.puzzles.grammar import Grammar, Part
from etude.puzzles.question import Question, read_question
from etude.puzzles.search import expressions

PUZZLES = {
    "numbers": "def sat(x: int, n=3):\n    return x == n + 41",
    "lists": "def sat(x: List[int], n=3, s='ab'):\n    return sum(x) == -7 and 'z{z}' in s",
    "rows": "def sat(x: List[List[str]], i=[['a']], x2=[1.5], v=True):\n    return len(x) == 4",
    "floats": "def sat(x: float, r=[0.5, 1.5]):\n    return x < 8.25",
    "flags": "def sat(x: bool):\n    return not x",
}
SOLUTIONS = ["[j + 1 for j in range(n)]", "sorted([1, n]) * 2", "[len(word) for word in s.split()]", "[n] * (n + 1)"]


def grammar_of(name: str) -> Grammar:
    question = read_question(PUZZLES[name])
    assert question is not None
    return Grammar(question)


def learned() -> Bigram:
    grammar = grammar_of("lists")
    return fit(tree for text in SOLUTIONS if (tree := derive(text, grammar)))


def all_above(grammar, model, least):
    """Source -> probability for every expression above `least`, by trying every rule in every hole."""
    found: dict[str, float] = {}

    def fill(hole: Part, context: str, chance: float):
        rules = grammar.rules(hole)
        kinds = list(dict.fromkeys(rule.kind for rule in rules))
        shares = dict(zip(kinds, model.shares(context, kinds), strict=True))
        for rule in rules:
            own = chance * shares[rule.kind] / sum(other.kind == rule.kind for other in rules)
            if own > least:
                yield from parts(rule, list(enumerate(grammar.holes(rule, hole))), [], own)

    def parts(rule, holes, done, chance):
        if not holes:
            yield rule.fill(done), chance
            return
        number, hole = holes[0]
        for source, left in fill(hole, model.context(rule, number), chance):
            yield from parts(rule, holes[1:], [*done, source], left)

    for source, chance in fill(grammar.root, ROOT, 1.0):
        text = ast.unparse(ast.parse(source, mode="eval"))
        found[text] = max(found.get(text, 0.0), chance)
    return found


@pytest.mark.parametrize("model", [Uniform(), learned()], ids=["uniform", "bigram"])
@pytest.mark.parametrize("name", PUZZLES)
def test_the_search_gives_what_trying_everything_gives_likeliest_first(name, model):
    grammar, least = grammar_of(name), 1e-4
    expected = all_above(grammar, model, least)
    found = list(itertools.takewhile(lambda pair: pair[1] > least * (1 + 1e-9), expressions(grammar, model)))
    assert len(found) > 10
    assert len({source for source, _ in found}) == len(found)
    assert all(before[1] >= after[1] * (1 - 1e-12) for before, after in itertools.pairwise(found))
    assert {source for source, _ in found} == set(expected)
    assert all(math.isclose(chance, expected[source], rel_tol=1e-9) for source, chance in found)


@pytest.mark.parametrize("name", PUZZLES)
def test_every_expression_is_python_without_other_names_and_can_be_derived_again(name):
    grammar = grammar_of(name)
    inputs = {name for name, _ in grammar.question.inputs}
    for source, _ in itertools.islice(expressions(grammar, Uniform()), 2000):
        derivation = derive(source, grammar)
        assert derivation is not None, source
        assert ast.unparse(ast.parse(derivation.source, mode="eval")) == source
        bound = {item.id for item in ast.walk(ast.parse(source)) if isinstance(item, ast.Name)}
        assert grammar.variable not in inputs
        assert bound <= inputs | {grammar.variable} | set(dir(__builtins__)) | set(__builtins__), source


def test_expressions_have_the_type_that_is_asked_for():
    values = {"n": 3, "s": "ab"}
    typed = 0
    for source, _ in itertools.islice(expressions(grammar_of("lists"), Uniform()), 300):
        try:
            value = eval(source, dict(values))  # our own grammar's, none of a model's
        except (IndexError, ValueError, TypeError, ZeroDivisionError, OverflowError):
            continue
        typed += 1
        assert type(value) is list, source
        assert all(type(item) is int for item in value), source
    assert typed > 200


def test_the_order_is_the_same_every_time():
    runs = [list(itertools.islice(expressions(grammar_of("rows"), learned()), 500)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_inputs_and_constants_come_first_in_the_uniform_model():
    sources = [source for source, _ in itertools.islice(expressions(grammar_of("numbers"), Uniform()), 6)]
    assert sources[:2] == ["n", "41"]


def test_what_was_learned_comes_earlier():
    def among(model, number):
        return {source for source, _ in itertools.islice(expressions(grammar_of("lists"), model), number)}

    texts = {"[i + 1 for i in range(n)]", "[n] * (n + 1)"}
    assert texts <= among(learned(), 300)
    assert not texts & among(Uniform(), 900)


@given(
    st.lists(st.sampled_from(["a: input", "a: copy", "a: 1", "a: 2", "a: {a} + {a}"]), unique=True, min_size=1),
    st.floats(0.01, 0.99),
    st.dictionaries(st.sampled_from(["a: 1", "a: input", "b: 1"]), st.integers(0, 50), max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_shares_are_chances(kinds, borrowed, seen):
    for model in (Uniform(borrowed), Bigram({ROOT: seen}, base=Uniform(borrowed)), Bigram({"other": seen})):
        for context in ("", ROOT):
            shares = model.shares(context, kinds)
            assert math.isclose(sum(shares), 1.0)
            assert min(shares) > 0


def test_counts_become_shares_with_two_fallbacks():
    model = Bigram({"p": {"a: 1": 3.0}, "q": {"a: 2": 1.0}}, prior=2.0)
    # uniform 1/2 each; by type (3 + 2/2)/6 and (1 + 2/2)/6; in place p (3 + 2 * 2/3)/5 and (0 + 2 * 1/3)/5
    assert model.shares("", ["a: 1", "a: 2"]) == pytest.approx([2 / 3, 1 / 3])
    assert model.shares("p", ["a: 1", "a: 2"]) == pytest.approx([13 / 15, 2 / 15])


def test_a_model_survives_its_file_and_counts_add_up(tmp_path):
    save(learned(), tmp_path / "rules.json")
    assert load(tmp_path / "rules.json") == learned()
    twice = fit((), known=fit((derive("[n]", grammar_of("lists")),), known=learned()))
    assert sum(twice.counts[ROOT].values()) == len(SOLUTIONS) + 1


@pytest.mark.parametrize(
    "text", ["", "[]", '{"counts": {}}', '{"prior": 0, "counts": {}}', '{"prior": 1, "counts": {"a": {"b": -1}}}']
)
def test_a_file_that_is_no_model_is_refused(text, tmp_path):
    (tmp_path / "rules.json").write_text(text)
    with pytest.raises(InputError, match=r"rules\.json"):
        load(tmp_path / "rules.json")


@pytest.mark.parametrize(
    ("expression", "derived"),
    [
        ("[q * 2 for q in range(n)]", "[x * 2 for x in range(n)]"),
        ("[n for n in range(3)]", "[x for x in range(3)]"),
        ("[x for q in range(3)]", None),
        ("__import__('os')", None),
        ("[12345]", None),
        ("[3] if x else []", None),
        ("'text'", None),
        ("[a for a in [b for b in [1]]]", "[x for x in [x for x in [1]]]"),
        ("n; n", None),
        ("[", None),
    ],
)
def test_an_expression_is_derived_whatever_its_loop_variable_is_called(expression, derived):
    grammar = Grammar(Question("List[int]", (("n", "int"), ("i", "int")), ()))
    assert grammar.variable == "x"
    tree = derive(expression, grammar)
    assert (tree and ast.unparse(ast.parse(tree.source, mode="eval"))) == derived


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        ("from typing import List\n\ndef sol(n=3):\n    return [n] * 2\n", "[n] * 2"),
        ("def sol():\n    x = 1\n    return x\n", ""),
        ("def sol():\n    return\n", ""),
        ("def other():\n    return 1\n", ""),
        ("def sol(:", ""),
    ],
)
def test_the_answer_of_a_program_that_only_returns(program, answer):
    assert answer_of(program) == answer
