"""Start MILE Desktop's window: ``python main.py`` (options: ``--help``)."""

import sys

if __name__ == "__main__":
    from mile_desktop.app import main

    sys.exit(main())
