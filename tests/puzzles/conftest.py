"""One worker for all tests of puzzles."""

from collections.abc import Iterator

import pytest

from etude.sandbox import Sandbox


@pytest.fixture(scope="session")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox
