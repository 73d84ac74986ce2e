"""`python -m synthesis`: see `commands`."""

import sys

from synthesis.commands import main

sys.exit(main())
