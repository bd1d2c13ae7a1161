"""`python -m desk …` is the `desk` command."""

import sys

from .cli import main

sys.exit(main())
