"""The tests that look at everything: every row of the published sets, the whole corpora in every set-up.

    make proof PART=whole          # or: python proofs/whole.py --out runs/proof-whole

`make test` looks at a share of each; these take some five minutes of two cores more. Benchmark data lies in the folder
ETUDE_DATA (default ../shared/data). Writes pytest's report to OUT/report.xml; exit code 1 where a test fails.
Those that this machine cannot run (a language that is not installed) are skipped, and named.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Runs them and counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-whole"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    report = options.out.resolve() / "report.xml"
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "whole",
        "-n",
        "2",
        "-rs",
        "--durations=0",
        f"--junitxml={report}",
        "tests",
    ]
    done = subprocess.run(tests, cwd=ROOT, check=False)
    counted = ElementTree.parse(report).getroot()[0].attrib
    print({name: counted[name] for name in ("tests", "failures", "errors", "skipped", "time")})
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
