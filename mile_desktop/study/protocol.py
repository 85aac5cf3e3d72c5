"""The protocol of a study: ``study.toml``, everything that is decided before the first participant comes."""

from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from mile_desktop.learning.method_info import METHODS
from mile_desktop.paths import RESOURCES
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.study.latin_square import balanced_square
from mile_desktop.study.names import Name, StudyFileError, decode_toml
from mile_desktop.study.questionnaires import Questionnaire

PROTOCOLS = RESOURCES / "studies"
"""The protocols and populations that ship."""
SHIPPED = "takeover-prediction"
FORMAT = 1

Start = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Starts = Annotated[tuple[Start, ...], msgspec.Meta(min_length=1, max_length=200)]
Minutes = Annotated[float, msgspec.Meta(ge=0.0, le=600.0)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Device = Literal["any", "gamepad", "keyboard", "screen", "words"]
Measure = Literal[
    "success_per_human_step",
    "success_per_minute",
    "success",
    "human_steps",
    "takeovers",
    "tlx",
    "success_per_minute_last_round",
    "success_last_round",
    "human_steps_last_round",
]
MEASURES: tuple[str, ...] = get_args(Measure)
LAST_ROUND = "_last_round"
"""End of the measures of the last round of a block: what the policy is worth that was retrained in the block."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file; a key that is not known is an error, because it is mostly a typing error."""


class Texts(Part, frozen=True, kw_only=True):
    """What participants read, in Markdown."""

    consent: Text
    instructions: Text
    debriefing: Text


class Practice(Part, frozen=True, kw_only=True):
    """Episodes before the first block, until the criterion is met; they are recorded and marked, and never analysed."""

    scene: Name
    policy: Text = "initial"
    starts: Starts
    """Used in order; after the last one it begins again at the first."""
    successes: Annotated[int, msgspec.Meta(ge=1)] = 2
    """The criterion: so many successes …"""
    within: Annotated[int, msgspec.Meta(ge=1)] = 3
    """… among the last so many episodes."""
    at_most: Annotated[int, msgspec.Meta(ge=1, le=200)] = 8
    """After so many episodes the study goes on, and the record says that the criterion was not met."""


class Condition(Part, frozen=True, kw_only=True):
    """What differs between blocks."""

    name: Name
    policy: Text = "initial"
    """A policy's id in the workspace, a folder, ``initial`` or ``expert``."""
    method: str = ""
    """Learning method with which the policy is retrained between the rounds of a block; empty: it stays as it is."""
    show_p: bool
    """Whether the strip with p(intervene) is shown."""
    calls: bool
    """Whether the alarm calls the participant."""
    threshold: Annotated[float, msgspec.Meta(ge=0.02, le=0.98)] = 0.7
    """Line of the alarm."""
    device: Device = "any"
    """The only device that may take over."""


class Block(Part, frozen=True, kw_only=True):
    """One position in the order: its scene and starts do not depend on the condition that falls on it."""

    scene: Name
    starts: Starts
    rounds: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Equal parts; between two of them the policy is retrained, where the condition names a method."""
    minutes: Minutes = 0.0
    """Time limit: after so many minutes no further episode of the block begins; 0: none."""


class Break(Part, frozen=True, kw_only=True):
    """A pause between two blocks."""

    after_block: Annotated[int, msgspec.Meta(ge=1)]
    minutes: Minutes
    text: Text = "Please take a break."


class Comparison(Part, frozen=True, kw_only=True):
    """One comparison that was planned; every other one is reported as looked at afterwards."""

    measure: Measure
    conditions: tuple[Name, Name]


class Protocol(Part, frozen=True, kw_only=True):
    """A whole study."""

    format: Literal[1]
    name: Name
    title: Text
    question: Text
    """What the study asks, in one or two sentences; it heads the report."""
    texts: Texts
    practice: Practice | None = None
    conditions: Annotated[tuple[Condition, ...], msgspec.Meta(min_length=1, max_length=12)]
    blocks: Annotated[tuple[Block, ...], msgspec.Meta(min_length=1, max_length=48)]
    breaks: tuple[Break, ...] = ()
    questionnaires: tuple[Questionnaire, ...] = ()
    planned: tuple[Comparison, ...] = ()
    reference: str = "mile, ensemble"
    """The predictor of takeovers that is compared with each of the others; these comparisons are planned, too."""
    alpha: Annotated[float, msgspec.Meta(gt=0.0, lt=0.5)] = 0.05

    @property
    def square(self) -> tuple[tuple[int, ...], ...]:
        """The balanced Latin square over the conditions."""
        return balanced_square(len(self.conditions))

    def order(self, row: int) -> tuple[Condition, ...]:
        """Return the condition of each block for a row of the square."""
        chosen = self.square[row % len(self.square)]
        # More blocks than conditions: the same order again, so that the repetitions are balanced as well.
        return tuple(self.conditions[chosen[block % len(chosen)]] for block in range(len(self.blocks)))

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures of this protocol; without rounds the last one is the whole block, and is not counted twice."""
        rounds = any(block.rounds > 1 for block in self.blocks)
        return tuple(each for each in MEASURES if rounds or not each.endswith(LAST_ROUND))

    def condition(self, name: str) -> Condition:
        """Return the condition of that name; raises ``KeyError``."""
        for each in self.conditions:
            if each.name == name:
                return each
        raise KeyError(name)

    @property
    def scenes(self) -> tuple[str, ...]:
        """The scenes of the blocks, each once."""
        return tuple(dict.fromkeys(block.scene for block in self.blocks))


def find_protocol(reference: str) -> Path:
    """Return the path of a protocol: a file, or the name of one that ships. Raises ``StudyFileError``."""
    path = Path(reference)
    if path.is_file():
        return path
    shipped = PROTOCOLS / f"{reference}.toml"
    if shipped.is_file():
        return shipped
    ships = ", ".join(shipped_protocols())
    raise StudyFileError(path, "", "no file", f"a protocol file or the name of one that ships ({ships})")


def shipped_protocols() -> tuple[str, ...]:
    """Return the names of the protocols that ship."""
    return tuple(sorted(path.stem for path in PROTOCOLS.glob("*.toml") if not path.stem.startswith("population")))


def read_protocol(path: Path) -> Protocol:
    """Read and check a protocol; raises ``StudyFileError`` with file, key, found and expected."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyFileError(path, "", f"no readable file ({error.strerror or error})", "a protocol") from error
    return decode_protocol(content, path)


def decode_protocol(content: bytes, path: Path) -> Protocol:
    """Return the protocol in ``content``, which is that of ``path``; raises ``StudyFileError``."""
    protocol = decode_toml(content, path, Protocol)
    for key, found, expected in (*_name_faults(protocol), *_block_faults(protocol), *_scene_faults(protocol)):
        raise StudyFileError(path, key, found, expected)
    return protocol


def _name_faults(protocol: Protocol) -> list[tuple[str, str, str]]:
    """Find names that are used twice or that do not exist."""
    faults = []
    for key, names in (
        ("conditions", [each.name for each in protocol.conditions]),
        ("questionnaires", [each.name for each in protocol.questionnaires]),
        *((f"questionnaires[{n}].items", [i.name for i in q.asked]) for n, q in enumerate(protocol.questionnaires)),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        faults += [(f"{key}.name", f"{name!r} twice", "a name of its own for each") for name in twice]
    known = {each.name for each in protocol.conditions}
    for number, comparison in enumerate(protocol.planned):
        key = f"planned[{number}].conditions"
        faults += [
            (key, repr(name), f"one of {', '.join(sorted(known))}")
            for name in comparison.conditions
            if name not in known
        ]
        if comparison.measure not in protocol.measures:
            expected = "a measure of the whole block, because no block has rounds"
            faults.append((f"planned[{number}].measure", repr(comparison.measure), expected))
        if comparison.conditions[0] == comparison.conditions[1]:
            faults.append((key, repr(list(comparison.conditions)), "two different conditions"))
    methods = [info.name for info in METHODS]
    faults += [
        (f"conditions[{n}].method", repr(each.method), f"one of {', '.join(methods)}, or nothing")
        for n, each in enumerate(protocol.conditions)
        if each.method and each.method not in methods
    ]
    return faults


def _block_faults(protocol: Protocol) -> list[tuple[str, str, str]]:
    """Find blocks, breaks and a practice that cannot be run as they are."""
    faults = []
    conditions = len(protocol.conditions)
    if len(protocol.blocks) % conditions:
        expected = f"as many as there are conditions ({conditions}), or a multiple, so that the order can be balanced"
        faults.append(("blocks", f"{len(protocol.blocks)} blocks", expected))
    for number, block in enumerate(protocol.blocks):
        if len(set(block.starts)) < len(block.starts):
            faults.append((f"blocks[{number}].starts", str(list(block.starts)), "each start once"))
        if len(block.starts) % block.rounds:
            expected = f"a divisor of the number of starts ({len(block.starts)})"
            faults.append((f"blocks[{number}].rounds", str(block.rounds), expected))
    places = [each.after_block for each in protocol.breaks]
    last = len(protocol.blocks) - 1
    for number, place in enumerate(places):
        if place > last:
            faults.append((f"breaks[{number}].after_block", str(place), f"a number from 1 to {last}"))
        if places.count(place) > 1:
            faults.append((f"breaks[{number}].after_block", f"{place} twice", "one break after a block"))
    practice = protocol.practice
    if practice is not None and practice.successes > min(practice.within, practice.at_most):
        expected = "at most practice.within and practice.at_most"
        faults.append(("practice.successes", str(practice.successes), expected))
    return faults


def _scene_faults(protocol: Protocol) -> list[tuple[str, str, str]]:
    """Find scenes that are not installed."""
    installed = {info.name for info in scenes()}
    used = [(f"blocks[{number}].scene", block.scene) for number, block in enumerate(protocol.blocks)]
    if protocol.practice is not None:
        used.append(("practice.scene", protocol.practice.scene))
    expected = f"one of {', '.join(sorted(installed))}"
    return [(key, repr(scene), expected) for key, scene in used if scene not in installed]
