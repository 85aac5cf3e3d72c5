"""Colours, sizes and the stylesheet, read from ``resources/theme``; no widgets."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from mile_desktop.paths import RESOURCES

Tone = Literal["dark", "light"]
FOLDER = RESOURCES / "theme"
_PLACEHOLDER = re.compile(r"\{(?:(?P<kind>px|size|icon):)?(?P<name>[a-z_0-9]+)\}")


class UnknownTokenError(KeyError):
    """A widget or the stylesheet uses a colour or size that ``tokens.json`` does not have."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The content of ``tokens.json`` for one tone."""

    tone: Tone
    colours: dict[str, str]
    """Name → ``#rrggbb``, aliases included."""
    sizes: dict[str, int]
    """Name → pixels at 100 %."""
    families: tuple[str, ...]
    """Font families, best first."""

    def colour(self, name: str) -> str:
        """Return the colour called ``name`` as ``#rrggbb``."""
        try:
            return self.colours[name]
        except KeyError:
            raise UnknownTokenError(
                f"There is no colour {name!r}; there are {', '.join(sorted(self.colours))}."
            ) from None

    def size(self, name: str) -> int:
        """Return the size called ``name`` in pixels at 100 %."""
        try:
            return self.sizes[name]
        except KeyError:
            raise UnknownTokenError(f"There is no size {name!r}; there are {', '.join(sorted(self.sizes))}.") from None


@cache
def load_tokens(tone: Tone) -> Tokens:
    """Read the tokens of ``tone``."""
    content = json.loads((FOLDER / "tokens.json").read_text(encoding="utf-8"))
    colours: dict[str, str] = dict(content[tone])
    # Aliases name a colour by its use; one change then reaches each place.
    colours.update({alias: colours[name] for alias, name in content["aliases"].items()})
    return Tokens(tone=tone, colours=colours, sizes=dict(content["sizes"]), families=tuple(content["families"]))


def icon_file(name: str, tone: Tone) -> Path:
    """Return the small drawing (arrow, tick) the stylesheet uses for ``tone``."""
    return FOLDER / "icons" / f"{name}-{tone}.svg"


def stylesheet(tokens: Tokens, scale: float) -> str:
    """Return ``style.qss`` with its placeholders filled in.

    Parameters
    ----------
    tokens : Tokens
        Colours and sizes.
    scale : float
        1.0 for 100 %.

    Raises
    ------
    UnknownTokenError
        If the template names a token that does not exist.
    """

    def fill(match: re.Match[str]) -> str:
        kind, name = match["kind"], match["name"]
        if kind == "px":
            return f"{scaled(int(name), scale)}px"
        if kind == "size":
            return f"{scaled(tokens.size(name), scale)}px"
        if kind == "icon":
            return f'url("{icon_file(name, tokens.tone).as_posix()}")'
        return tokens.colour(name)

    template = (FOLDER / "style.qss").read_text(encoding="utf-8")
    # Comments may contain braces, which would be taken for placeholders.
    without_comments = re.sub(r"/\*.*?\*/", "", template, flags=re.DOTALL)
    return _PLACEHOLDER.sub(fill, without_comments)


def scaled(pixels: int, scale: float) -> int:
    """Return ``pixels`` at ``scale``; at least one, so that thin lines do not vanish."""
    return 0 if pixels == 0 else max(1, round(pixels * scale))
