"""Values of arguments that need more than a number: each function reads one, for ``argparse``. Light."""

import argparse
import json

_LARGEST_PORT = 65535


def takeover_place(text: str) -> tuple[str, int]:
    """Read ``EPISODE:STEP``."""
    episode, _, row = text.rpartition(":")
    if not episode or not row.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a takeover; write EPISODE:STEP, for example ep-1a2b:57")
    return episode, int(row)


def port(text: str) -> int:
    """Read a port. The largest one is not allowed, because the pictures are served at the next port."""
    if not (text.isdigit() and int(text) < _LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; choose 0 to {_LARGEST_PORT - 1}")
    return int(text)


def watchdog_s(text: str) -> float:
    """Read the seconds of silence after which a robot holds."""
    seconds = float(text)
    if not 0.1 <= seconds <= 5.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 5 s")
    return seconds


def picture_rate(text: str) -> float:
    """Read how many pictures a second a camera makes."""
    rate_hz = float(text)
    if not 0.5 <= rate_hz <= 60.0:
        raise argparse.ArgumentTypeError(f"a camera rate of {text} Hz is not possible; choose 0.5 to 60")
    return rate_hz


def picture_size(text: str) -> tuple[int, int]:
    """Read ``640x480``."""
    # The limits keep a mistyped size from filling the memory with pictures.
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 16 <= int(width) <= 3840 and 16 <= int(height) <= 2160):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write for example 640x480")
    return int(width), int(height)


def keyword_arguments(text: str) -> dict[str, object]:
    """Read keyword arguments, written as one JSON object."""
    try:
        found: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f'{text!r} is not a JSON object; write for example {{"g": 5.0}}')
    return found
