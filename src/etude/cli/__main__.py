"""`python -m etude.cli`: the same as the `etude` command."""

import sys

from etude.cli import main

sys.exit(main())
