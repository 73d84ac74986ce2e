"""`python -m watermark`: see `commands.py`."""

import sys

from watermark.commands import main

if __name__ == "__main__":
    sys.exit(main())
