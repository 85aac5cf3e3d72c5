"""Imports everything that an earlier build let scripts import; prints a JSON list of what fails.

    python old_imports.py NAMES.json

A name that was removed must fail with an ``ImportError`` that names the place of today; such names are left out.
"""

import importlib
import json
import sys
import warnings
from pathlib import Path

from mile_desktop import moved_modules


def removed(module: str, name: str) -> bool:
    return name in moved_modules.GONE.get(moved_modules.MODULES.get(module, module), {})


def missing(module: str, names: list[str]) -> list[str]:
    found = importlib.import_module(module)
    missed = []
    for name in names:
        try:
            getattr(found, name)
        except (ImportError, AttributeError) as error:
            if not removed(module, name):
                missed.append(f"{module}.{name}: {error}")
    return missed


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    earlier = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    json.dump([each for module, names in earlier.items() for each in missing(module, names)], sys.stdout)


if __name__ == "__main__":
    main()
