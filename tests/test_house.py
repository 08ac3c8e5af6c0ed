"""The house rules that a tool can check: sizes, names, start-up time, and that nothing heavy is imported early."""

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "etude"
FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_files_and_functions_keep_their_size(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") <= 500
    assert file.stem not in {"utils", "helpers", "common", "manager", "misc"}
    assert ast.get_docstring(ast.parse(text)), "every module says what it is for"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 50, node.name


@pytest.mark.parametrize("name", ["loop.py", "protocols.py"])
def test_the_loop_and_the_contracts_fit_on_a_page(name: str) -> None:
    assert (SOURCE / name).read_text().count("\n") <= 160


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); from etude.cli import main; main(['--help']); "
        "took = time.perf_counter() - start; "
        "heavy = {'torch', 'transformers', 'numpy', 'pydantic', 'rich', 'pyarrow'} & set(sys.modules); "
        "print(took, sorted(heavy), file=sys.stderr)"
    )
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.stderr.strip().endswith("[]"), done.stderr
        assert "Verbs" in done.stdout
    assert min(times) < 0.6, "0.3 s of the clock on a quiet machine; the machine of a test is not quiet"


def test_judging_works_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from etude.cli import main\n"
        f"sys.exit(main(['judge', '{tmp_path}/s.jsonl', '--tasks', 'jsonl:{tmp_path}/t.jsonl', '--json']))"
    )
    (tmp_path / "t.jsonl").write_text(
        '{"task_id": "a", "prompt": "Add.", "entry_point": "f", "calls": [{"args": [1, 2], "expected": 3}]}\n'
    )
    (tmp_path / "s.jsonl").write_text('{"task_id": "a", "solution": "def f(x, y):\\n    return x + y\\n"}\n')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert '"passed": 1' in done.stdout, done.stdout + done.stderr
