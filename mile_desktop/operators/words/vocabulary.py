"""The words of a language and of a scene, and how a line becomes tokens of the grammar."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, Indel

from mile_desktop.errors import UserError
from mile_desktop.paths import RESOURCES

FOLDER = RESOURCES / "words"

_PIECES = re.compile(
    r"(?:\d+(?:[.,]\d+)?|(?<!\d)\.\d+)(?:e[+-]?\d+)?|(?<!\w),\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*|[,;.!?]|\S"
)
"""Numbers, words, separators, and single other characters, which no vocabulary has.

``.5`` is a number: read as a full stop and a 5, the robot would go ten times as far. ``,5`` after a blank may be both,
so it is a piece that no vocabulary has.
"""
_ENGLISH = "en"
"""Phrases of scenes are written in it, so every other language understands it as well."""
_SEPARATORS = frozenset(",;.!?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""``1,000`` is a thousand to one person and one to another."""
_PLAIN_STOPS = ("stop",)
"""Understood in every language, also with a typing error."""
_ZERO_IN_WORD = re.compile(r"(?<=[^\W\d_])0|0(?=[^\W\d_])")
_SHORTEST_SIMILAR = 4
"""Shorter words have too many words that are merely similar; only slips of the fingers are looked for in them."""
_CLOSE_ENOUGH = 74.0
"""Similarity in % from which a word counts as a typing error: one wrong letter of four, two of eight."""
_SHORTEST_CLEAR = 3
"""A shorter word is never corrected without a question: “p” may be anything."""
_CLEARLY_AHEAD = 8.0
"""The best reading counts only if the next one is this much worse; otherwise it is a question."""
_SLIP = 100.0
"""Score of a slip of the fingers: it is more likely than any other word that is merely similar."""
_MOST_UNCLEAR = 2
"""Words of one line that may be typing errors of several words. Every combination of their readings is looked at, and
a line of fifty such words would have more than can be read in a person's life."""


_MOST_PIECES = 24
"""Words of a line in which known words are tried as slips; the line is read at every key."""


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
    """A line as tokens; or, with ``problem``, what could not be read; or lines of which one was meant."""

    tokens: tuple[Token, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    unclear: str = ""
    """The word that is a typing error of several words."""
    readings: tuple[tuple[str, str], ...] = ()
    """(known word, the line with it) for each word that ``unclear`` may be."""
    problem: str = ""

    @property
    def must_ask(self) -> bool:
        """Whether ``unclear`` is too short to be corrected without a question."""
        return 0 < len(self.unclear) < _SHORTEST_CLEAR


class _Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    examples: str
    """Commands that a refusal proposes."""
    directions: dict[str, list[str]]
    tokens: dict[str, list[str]]
    frames: dict[str, list[str]]
    units: dict[str, list[str]]
    numbers: dict[str, list[str]]
    ignored: dict[str, list[str]]
    names: dict[str, list[str]] = {}
    """Name of a scene, in English → what it is called in this language."""
    phrases: dict[str, list[str]] = {}
    """Phrase of a scene, in English → how this language says it."""


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
        self._known = known
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
            self._add("TARGET", label, [name, *known.names.get(name, [])])
        self._phrases: dict[tuple[str, ...], str] = {}
        for typed, line in (phrases or {}).items():
            self._phrases.update({_words(each): line for each in (typed, *known.phrases.get(typed, []))})
        self._longest = max(map(len, self._entries), default=1)
        self._parts = frozenset(word for key in (*self._entries, *self._phrases) for word in key)
        self._parts_of_longer = frozenset(word for key in self._entries if len(key) > 1 for word in key)
        self._things = _names_of_things() - self._parts
        self._long_parts = sorted(word for word in self._parts if len(word) >= _SHORTEST_SIMILAR)
        self._english = Vocabulary(_ENGLISH, targets=targets, phrases=phrases) if language != _ENGLISH else None
        self._english_stops = frozenset(_read(FOLDER / f"{_ENGLISH}.toml").tokens["STOP"])

    def _add(self, kind: str, value: str, entries: Sequence[str]) -> None:
        for entry in entries:
            self._entries[_words(entry)] = Token(kind, value, entry)

    def stops(self, line: str) -> bool:
        """Whether a word of ``line`` means stop; works for a line of any kind, however wrong the rest is."""
        folded = _folded(line)
        # The key 0 is beside o: “st0p” would otherwise be three pieces that mean nothing.
        return any(self._means_stop(piece) for piece in _PIECES.findall(_ZERO_IN_WORD.sub("o", folded)))

    def _means_stop(self, piece: str) -> bool:
        token = self._entries.get((piece,))
        if token is not None and token.kind:
            return token.kind == "STOP"
        if piece in self._english_stops:
            return True
        # A typing error of "stop" itself stops: not to understand it would be the worse mistake. Other words of stop
        # have too many neighbours ("halt", "half"), and this is asked at every key, so the beginning of a known word
        # is no typing error either.
        stops = {self.first("STOP"), *_PLAIN_STOPS}
        if piece[:1] not in {each[0] for each in stops} or any(part.startswith(piece) for part in self._parts):
            return False
        near = self._near(piece)
        return len(near) == 1 and near[0] in stops

    def first(self, kind: str, value: str = "") -> str:
        """Return how a person may type a token: the first of its words in the file of the language."""
        if kind == "FRAME":
            return self._known.frames[value][0]
        return self._known.tokens[kind][0]

    @property
    def examples(self) -> str:
        """Commands that are understood here, for a refusal."""
        targets = (" ".join(key) for key, token in self._entries.items() if token.kind == "TARGET")
        towards = [f"{self.first('TOWARDS')} {name}" for name in targets][:1]
        phrases = [" ".join(phrase) for phrase in self._phrases][-1:]
        return ", ".join((self._known.examples, *towards, *phrases, self.first("STOP")))

    def read(self, line: str) -> Reading:
        """Return the tokens of ``line``; correct an unknown word only where one reading is clearly ahead."""
        pieces = _PIECES.findall(_folded(line))
        exact = self.read_exactly(pieces)
        if exact is None and self._english is not None:
            exact = self._english.read_exactly(pieces)
        return Reading(exact) if exact is not None else self._read_corrected(pieces)

    def read_exactly(self, pieces: Sequence[str]) -> tuple[Token, ...] | None:
        """Return the tokens of pieces that are all known, folded as ``read`` folds them; None where one is not."""
        # A line is a scene's own phrase as a whole or not at all.
        phrase = self._phrases.get(tuple(piece for piece in pieces if piece not in _SEPARATORS))
        if phrase is not None:
            return self.read(phrase).tokens
        if any(map(_THOUSANDS.fullmatch, pieces)):
            return None
        tokens: list[Token] = []
        at = 0
        while at < len(pieces):
            token, used = self._longest_entry(pieces, at)
            if token is None:
                return None
            at += used
            if token.kind:
                tokens.append(token)
        return tuple(tokens)

    def _read_corrected(self, pieces: Sequence[str]) -> Reading:
        corrected: list[tuple[str, str]] = []
        fixed = list(pieces)
        # All of them before the entries are looked for, because an entry may have several words: “a litle” is one.
        for at, piece in enumerate(pieces):
            if _THOUSANDS.fullmatch(piece):
                number, sign = re.split(r"[.,]", piece)[0], "comma" if "," in piece else "point"
                return Reading(problem=f"“{piece}” may be {number} or {number} thousand; type it without the {sign}.")
            if piece in self._parts or piece in _SEPARATORS or _is_number(piece):
                continue
            if piece in self._things:
                # A thing of another scene is no typing error: “loch” would be read as “hoch”, and the robot would rise.
                return Reading(problem=f"There is no “{piece}” in this scene. Try for example: {self.examples}.")
            near = self._near(piece)
            if not near:
                return Reading(problem=self.unknown(piece))
            if len(near) > 1 or len(piece) < _SHORTEST_CLEAR:
                return self._asked_about((*fixed[:at], piece, *pieces[at + 1 :]), at, near)
            fixed[at] = near[0]
            corrected.append((piece, near[0]))
        tokens = self.read_exactly(fixed)
        if tokens is None:
            # Part of an entry without the rest of it, such as “touches” alone.
            lost = next(at for at, piece in enumerate(fixed) if self._longest_entry((piece,), 0)[0] is None)
            return Reading(problem=self._incomplete(pieces[lost], fixed[lost]))
        return Reading(tokens, tuple(corrected))

    def unknown(self, word: str) -> str:
        """Return the refusal of a line with ``word``, which is not known."""
        return f"“{word}” is not a word I know. Try for example: {self.examples}."

    def unfit(self, word: str, known: str) -> str:
        """Return the refusal of a line in which ``word`` may be ``known`` or another word, and none makes sense."""
        return f"“{word}” is not a word I know, and “{known}” does not fit there. Try for example: {self.examples}."

    def with_one_slip(self, line: str) -> tuple[str, ...]:
        """Return the lines of which one known word of ``line`` would be a slip of the fingers."""
        pieces = _PIECES.findall(_folded(line))
        if len(pieces) > _MOST_PIECES:
            return ()
        return tuple(
            " ".join((*pieces[:at], known, *pieces[at + 1 :]))
            for at, piece in enumerate(pieces)
            if piece in self._parts
            for known in sorted(self._parts)
            if _is_slip(piece, known)
        )

    def _incomplete(self, typed: str, part: str) -> str:
        """Return the refusal of ``part``, which is known only together with other words."""
        whole = [" ".join(key) for key in (*self._entries, *self._phrases) if part in key][:2]
        known = " or ".join(f"“{each}”" for each in whole)
        return (
            f"“{typed}” is known only in {known}. Try for example: {self.examples}." if whole else self.unknown(typed)
        )

    def _longest_entry(self, pieces: Sequence[str], at: int) -> tuple[Token | None, int]:
        piece = pieces[at]
        if piece in _SEPARATORS:
            return Token("THEN", "then", piece), 1
        if _is_number(piece):
            return Token("NUMBER", piece.replace(",", "."), piece), 1
        # The longest first: "a bit" is one entry, although "a" alone is one, too.
        for length in range(min(self._longest, len(pieces) - at), 0, -1):
            found = self._entries.get(tuple(pieces[at : at + length]))
            if found is not None:
                return found, length
        return None, 1

    def _near(self, word: str) -> list[str]:
        """Return the known words that ``word`` may be a typing error of: one where it is clear, several where not."""
        if not word.isalpha():
            return []
        found = {known: _SLIP for known in sorted(self._parts) if _is_slip(word, known)}
        if len(word) >= _SHORTEST_SIMILAR:
            similar = process.extract(word, self._long_parts, scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH, limit=6)
            found = {known: score for known, score, _ in similar} | found
        # By meaning: several spellings of one word are one reading and no question. Of two slips the more similar word
        # is the first choice.
        best: dict[tuple[str, str], tuple[str, float]] = {}
        for known, score in sorted(found.items(), key=lambda each: (-each[1], -fuzz.ratio(word, each[0]))):
            # A part of a longer entry is apart, because it means something else there: the “of” of “a couple of”.
            token = None if known in self._parts_of_longer else self._entries.get((known,))
            best.setdefault((token.kind, token.value) if token else ("", known), (known, score))
        ranked = list(best.values())
        return [known for known, score in ranked if score > ranked[0][1] - _CLEARLY_AHEAD]

    def _asked_about(self, pieces: Sequence[str], at: int, near: Sequence[str]) -> Reading:
        """Return a line with each of ``near`` in the place of the unclear word, or the refusal of too many of these."""
        unknown = (piece for piece in pieces[at:] if piece not in self._parts and not _is_number(piece))
        unclear = [piece for piece in unknown if len(self._near(piece)) > 1 or len(piece) < _SHORTEST_CLEAR]
        if len(unclear) > _MOST_UNCLEAR:
            words = ", ".join(f"“{each}”" for each in unclear[:3])
            return Reading(
                problem=f"{words}: each may be several words. Type them again, for example: {self.examples}."
            )
        lines = ((each, " ".join((*pieces[:at], each, *pieces[at + 1 :]))) for each in near)
        return Reading(unclear=pieces[at], readings=tuple(lines))


def _is_slip(typed: str, known: str) -> bool:
    """Whether ``typed`` is ``known`` with one letter missing or doubled, or with two neighbours swapped."""
    match len(typed) - len(known):
        case -1:
            return Indel.distance(typed, known) == 1
        case 0:
            return typed != known and OSA.distance(typed, known) == 1 and sorted(typed) == sorted(known)
        case 1:
            return any(
                typed[:at] + typed[at + 1 :] == known and typed[at] == typed[at - 1] for at in range(1, len(typed))
            )
        case _:
            return False


@lru_cache(maxsize=1)
def _names_of_things() -> frozenset[str]:
    """Return every name of a scene's thing in every language."""
    names = [_read(FOLDER / f"{each}.toml").names for each in languages()]
    words = [word for each in names for english, others in each.items() for word in (english, *others)]
    return frozenset(part for word in words for part in _words(word))


def _is_number(piece: str) -> bool:
    return piece.lstrip(".")[:1].isdigit()


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
