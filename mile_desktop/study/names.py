"""Names in study files, and how such a file is read: an error names file, key, what was found and what is expected."""

import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.paths import DOCUMENTS

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,39}$")]
"""Lower-case letters, digits, dash and underscore: names become columns and file names."""

StructT = TypeVar("StructT", bound=msgspec.Struct)

_AT = re.compile(r" - at `\$\.?(?P<key>[^`]*)`$")
_PART = re.compile(r"[^.\[\]]+|\[\d+\]")
_LONGEST = 60


class StudyFileError(UserError):
    """A file of a study is missing or wrong: file, key, what was found and what is expected."""

    def __init__(self, path: Path, key: str, found: str, expected: str) -> None:
        place = f"{path}: {key}" if key else str(path)
        super().__init__(f"{place}: found {found}, expected {expected}.")


def read_toml(path: Path, kind: type[StructT]) -> StructT:
    """Read a TOML file as ``kind``; raises ``StudyFileError``."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyFileError(path, "", f"no readable file ({error.strerror or error})", "a TOML file") from error
    return decode_toml(content, path, kind)


def decode_toml(content: bytes, path: Path, kind: type[StructT]) -> StructT:
    """Return the content of ``path`` as ``kind``; raises ``StudyFileError``."""
    try:
        table = msgspec.toml.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StudyFileError(path, "", f"something that is not TOML ({error})", "a TOML file") from error
    return convert_table(table, path, kind)


def convert_table(table: dict[str, Any], path: Path, kind: type[StructT]) -> StructT:
    """Return ``table``, the content of ``path``, as ``kind``; raises ``StudyFileError``."""
    try:
        return msgspec.convert(table, type=kind)
    except msgspec.ValidationError as error:
        raise _explained(path, table, str(error), kind) from error


def _explained(path: Path, table: dict[str, Any], text: str, kind: type[msgspec.Struct]) -> StudyFileError:
    """Turn msgspec's sentence, which names a type but not the value, into one with the value."""
    place = _AT.search(text)
    key = place["key"] if place else ""
    text = _AT.sub("", text)
    if "missing required field" in text:
        name = text.split("`")[-2]
        return StudyFileError(path, f"{key}.{name}".lstrip("."), "nothing", "a value")
    if "unknown field" in text:
        name = text.split("`")[-2]
        return StudyFileError(
            path, f"{key}.{name}".lstrip("."), "this key", f"only the keys of {DOCUMENTS / 'study.md'}"
        )
    expected = text.removeprefix("Expected ").split(", got")[0]
    if text.startswith("Invalid enum value"):
        expected = " or ".join(repr(each) for each in _choices(kind, key)) or "another value"
    return StudyFileError(path, key, _shown(_value_at(table, key)), expected.replace("`", ""))


def _choices(kind: type[msgspec.Struct], key: str) -> tuple[object, ...]:
    """Return the values that are allowed at msgspec's path, where they are listed in the type."""
    node: msgspec.inspect.Type = msgspec.inspect.type_info(kind)
    for part in _PART.findall(key):
        match node:
            case msgspec.inspect.StructType(fields=fields):
                node = next(field.type for field in fields if field.encode_name == part)
            case msgspec.inspect.VarTupleType(item_type=item):
                node = item
            case msgspec.inspect.TupleType(item_types=items):
                node = items[int(part[1:-1])]
        if isinstance(node, msgspec.inspect.UnionType):
            # ``X | None``: the table that is written is X.
            node = next(each for each in node.types if not isinstance(each, msgspec.inspect.NoneType))
    return tuple(node.values) if isinstance(node, msgspec.inspect.LiteralType) else ()


def _value_at(table: object, key: str) -> object:
    """Return the value that msgspec's path names, as far as it exists."""
    found = table
    for part in _PART.findall(key):
        if part.startswith("[") and isinstance(found, list):
            found = found[int(part[1:-1])]
        elif isinstance(found, dict) and part in found:
            found = found[part]
        else:
            break
    return found


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
