#!/usr/bin/env bash
# Prints the interpreter to build the virtual environment with, and says beforehand when the installation takes long.
# Usage: tools/find_python.sh [INTERPRETER]   (without one: Python 3.11 where it is found, because PyBullet has wheels for it)
set -euo pipefail

# ensurepip: Debian puts it into a package of its own, and venv alone can be imported without it
runs() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

chosen="${1:-}"
if [ -z "$chosen" ]; then
  for candidate in python3.11 python3 python3.12 python3.13; do
    if command -v "$candidate" >/dev/null && runs "$candidate"; then chosen="$candidate"; break; fi
  done
fi
if [ -z "$chosen" ] || ! command -v "$chosen" >/dev/null; then
  echo "MILE Desktop needs Python 3.11 or newer${chosen:+; $chosen was not found}. On Debian or Ubuntu: sudo apt-get install python3.11 python3.11-venv. Or name one with PYTHON=..." >&2
  exit 1
fi
version="$("$chosen" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo "no Python")"
if ! runs "$chosen"; then
  if "$chosen" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$chosen (Python $version) lacks venv or ensurepip. On Debian or Ubuntu: sudo apt-get install python$version-venv. Or name another with PYTHON=..." >&2
  else
    echo "MILE Desktop needs Python 3.11 or newer; $chosen is $version. On Debian or Ubuntu: sudo apt-get install python3.11 python3.11-venv. Or name another with PYTHON=..." >&2
  fi
  exit 1
fi
if "$chosen" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
  missing=""
  command -v c++ >/dev/null || missing=" g++"
  # by its version: python3-dev has the headers of the distribution's own Python only
  "$chosen" -c 'import pathlib, sysconfig, sys; sys.exit(not pathlib.Path(sysconfig.get_paths()["include"], "Python.h").is_file())' || missing="$missing python$version-dev"
  if [ -n "$missing" ]; then
    echo "PyBullet has no wheel for Python $version, and this is missing to compile it: sudo apt-get install$missing. Or install Python 3.11 and run make again." >&2
    exit 1
  fi
  echo "PyBullet has no wheel for Python $version: pip will compile it, which takes 10 to 20 minutes. With Python 3.11 it takes seconds (PYTHON=python3.11)." >&2
fi
echo "$chosen"
