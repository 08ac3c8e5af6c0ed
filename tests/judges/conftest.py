"""One worker for all tests of the judges, so that what a program leaves behind meets the next one."""

from collections.abc import Iterator

import pytest

from etude.sandbox import Sandbox


@pytest.fixture(scope="session")
def jail() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox
