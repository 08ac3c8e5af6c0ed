"""What all tests share: where benchmark data lies, and one thread per process."""

import gc
import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

ROOT = Path(__file__).parent.parent
os.environ.setdefault("SSL_CERT_DIR", str(ROOT / "tests"))  # no certificates: nothing is to be asked but loopback
LOADED = pytest.StashKey[int]()
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
}
"""For `etude` in a process of its own that must find the parts of the tests."""


def require(*modules: str, reason: str = "") -> None:
    """Skips a test file where a library is not installed. It is not imported: not every process comes to need it."""
    for name in modules:
        if importlib.util.find_spec(name) is None:
            pytest.skip(reason or f"{name} is not installed", allow_module_level=True)


def interruptible() -> None:
    """For a child that is to be stopped by Ctrl-C: a shell's background jobs are born deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no process is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What is loaded stays, and no collection of garbage looks at it again: a Trainer begins with a whole one."""
    if len(sys.modules) > item.config.stash.get(LOADED, 0) + 300:
        gc.collect()
        gc.freeze()
        item.config.stash[LOADED] = len(sys.modules)


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """The path of a benchmark file; skips the test with the reason where it is absent."""
    folder = Path(os.environ.get("ETUDE_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"no benchmark data at {path}; set ETUDE_DATA to the folder that holds it")
        return path

    return find
