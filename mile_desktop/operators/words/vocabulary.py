"""The words of a language and of a scene, and how a line becomes tokens of the grammar."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rapidfuzz import fuzz, process

from mile_desktop.errors import UserError
from mile_desktop.paths import RESOURCES

FOLDER = RESOURCES / "words"

_PIECES = re.compile(r"\d+(?:[.,]\d+)?(?:e[+-]?\d+)?|[^\W\d_]+(?:['’-][^\W\d_]+)*|[,;.!?]|\S")
"""Numbers, words, separators, and single other characters, which no vocabulary has."""
_SEPARATORS = frozenset(",;.!?")
_SHORTEST_TYPO = 4
"""Shorter words have too many neighbours one letter away."""
_CLOSE_ENOUGH = 74.0
"""Similarity in % from which a word counts as a typing error: one wrong letter of four, two of eight."""
_CLEARLY_AHEAD = 8.0
"""The best reading counts only if the next one is this much worse; otherwise it is a question."""


class VocabularyError(UserError):
    """A file of words is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the grammar."""

    kind: str
    value: str
    typed: str
    """What the person typed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A line as tokens; or, with ``problem``, what could not be read; or choices of what was meant."""

    tokens: tuple[Token, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    ask: tuple[str, ...] = ()
    problem: str = ""


class _Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    directions: dict[str, list[str]]
    tokens: dict[str, list[str]]
    frames: dict[str, list[str]]
    units: dict[str, list[str]]
    numbers: dict[str, list[str]]
    ignored: dict[str, list[str]]


def languages() -> tuple[str, ...]:
    """Return the languages that ship, for example ``("de", "en")``."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def language_titles() -> tuple[tuple[str, str], ...]:
    """Return (name, title) of each language, for a menu; raises ``VocabularyError`` for a damaged file."""
    return tuple((name, _read(FOLDER / f"{name}.toml").title) for name in languages())


class Vocabulary:
    """The words of one language, with the names of a scene's targets and its own phrases.

    Parameters
    ----------
    language
        One of ``languages()``.
    targets
        Name that a person types → name in the observation's labels.
    phrases
        A scene's own commands: what is typed → the line that it stands for.

    Raises
    ------
    VocabularyError
        There is no such language, or its file is wrong.
    """

    def __init__(
        self,
        language: str = "en",
        *,
        targets: Mapping[str, str] | None = None,
        phrases: Mapping[str, str] | None = None,
    ) -> None:
        known = _read(FOLDER / f"{language}.toml")
        self._entries: dict[tuple[str, ...], Token] = {}
        for kind, groups in (("DIRECTION", known.directions), ("FRAME", known.frames), ("UNIT", known.units)):
            for value, words in groups.items():
                self._add(kind, value, words)
        for value, words in known.numbers.items():
            self._add("NUMBER", value, words)
        for kind, words in known.tokens.items():
            self._add(kind, kind.lower(), words)
        # Known, so that they are no typing error, and without a kind, so that they give no token.
        self._add("", "", known.ignored.get("words", []))
        # Last: a later entry replaces an earlier one, so the names of a scene win over words of the language.
        for name, label in (targets or {}).items():
            self._add("TARGET", label, [name])
        self._phrases = {_words(typed): line for typed, line in (phrases or {}).items()}
        self._longest = max(map(len, (*self._entries, *self._phrases)), default=1)
        self._single = tuple(key[0] for key in self._entries if len(key) == 1)

    def _add(self, kind: str, value: str, entries: Sequence[str]) -> None:
        for entry in entries:
            self._entries[_words(entry)] = Token(kind, value, entry)

    def stops(self, line: str) -> bool:
        """Whether a word of ``line`` means stop; works for a line of any kind, however wrong the rest is."""
        found = (self._entries.get((piece,)) for piece in _PIECES.findall(_folded(line)))
        return any(token is not None and token.kind == "STOP" for token in found)

    def read(self, line: str) -> Reading:
        """Return the tokens of ``line``; correct an unknown word only where one reading is clearly ahead."""
        pieces = _PIECES.findall(_folded(self._expanded(line)))
        tokens: list[Token] = []
        corrected: list[tuple[str, str]] = []
        at = 0
        while at < len(pieces):
            token, used = self._longest_entry(pieces, at)
            if token is None:
                piece = pieces[at]
                readings = self._near(piece)
                if not readings:
                    return Reading(problem=f"“{piece}” is not a word I know. {self._examples()}")
                if len(readings) > 1:
                    choices = (" ".join((*pieces[:at], each, *pieces[at + 1 :])) for each in readings[:3])
                    return Reading(ask=tuple(choices))
                token = self._entries[(readings[0],)]
                corrected.append((piece, readings[0]))
            at += used
            if token.kind:
                tokens.append(token)
        return Reading(tuple(tokens), tuple(corrected))

    def _expanded(self, line: str) -> str:
        """Replace a scene's own phrase; a line is a phrase as a whole or not at all."""
        return self._phrases.get(_words(line), line)

    def _longest_entry(self, pieces: Sequence[str], at: int) -> tuple[Token | None, int]:
        piece = pieces[at]
        if piece in _SEPARATORS:
            return Token("THEN", "then", piece), 1
        if piece[0].isdigit():
            return Token("NUMBER", piece.replace(",", "."), piece), 1
        # The longest first: "a bit" is one entry, although "a" alone is one, too.
        for length in range(min(self._longest, len(pieces) - at), 0, -1):
            found = self._entries.get(tuple(pieces[at : at + length]))
            if found is not None:
                return found, length
        return None, 1

    def _near(self, word: str) -> list[str]:
        """Return the known words that ``word`` may be a typing error of: one where it is clear, several where not."""
        if len(word) < _SHORTEST_TYPO or not word.isalpha():
            return []
        found = process.extract(word, self._single, scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH, limit=6)
        # By meaning: several spellings of one word are one reading and no question.
        best: dict[tuple[str, str], tuple[str, float]] = {}
        for known, score, _ in found:
            token = self._entries[(known,)]
            best.setdefault((token.kind, token.value), (known, score))
        ranked = sorted(best.values(), key=lambda each: -each[1])
        return [known for known, score in ranked if score > ranked[0][1] - _CLEARLY_AHEAD]

    def _examples(self) -> str:
        names = sorted({" ".join(key) for key, token in self._entries.items() if token.kind == "TARGET"})
        towards = f", towards {names[0]}" if names else ""
        return f"Try for example: left a bit, 3 cm up, open, close, slower, again, undo{towards}, stop."


def _read(path: Path) -> _Language:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_Language)
    except FileNotFoundError:
        raise VocabularyError(
            f"There are no words for the language {path.stem!r}; expected one of {', '.join(languages())}."
        ) from None
    except (msgspec.DecodeError, OSError) as error:
        raise VocabularyError(f"{path}: found no readable list of words ({error}).") from error


def _folded(line: str) -> str:
    # The compatibility form makes full-width digits and ligatures the plain characters of the tables.
    return unicodedata.normalize("NFKC", line).casefold()


def _words(entry: str) -> tuple[str, ...]:
    return tuple(_pieces_of_words(entry))


def _pieces_of_words(entry: str) -> Iterator[str]:
    for piece in _PIECES.findall(_folded(entry)):
        if piece not in _SEPARATORS:
            yield piece
