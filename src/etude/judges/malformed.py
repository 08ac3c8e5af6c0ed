"""Which assertions of a task do not say what their author meant. They are judged as Python reads them, and reported."""

from etude.programs.parse import assertion_fault
from etude.records import Tests

LARGEST = 20_000_000  # characters of trusted source that are looked at


def malformed(tests: Tests) -> list[str]:
    """The malformed assertions among the tests, each with its defect, such as the `assert f(x) == 1, 2` of MBPP."""
    found = ((test, assertion_fault(test, LARGEST)) for test in tests.assertions)
    return [f"{test.strip()[:200]}: {fault}" for test, fault in found if fault]
