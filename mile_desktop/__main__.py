"""``python -m mile_desktop``: the command line."""

import sys

from mile_desktop.cli import main

if __name__ == "__main__":
    sys.exit(main())
