"""The folder of a study: a workspace with the protocol, the participants and the study's identity in it."""

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

import mile_desktop
from mile_desktop.errors import UserError
from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.errors import translated
from mile_desktop.storage.ids import now
from mile_desktop.storage.workspace import DATABASE, Workspace
from mile_desktop.study.names import StructT, StudyFileError
from mile_desktop.study.participants import Participant, ParticipantFile
from mile_desktop.study.protocol import Protocol, decode_protocol, find_protocol

PROTOCOL_FILE = "study.toml"
IDENTITY_FILE = "study.json"
PARTICIPANTS_FILE = "participants.json"
LABELS = "study"
"""Key of ``EpisodeStart.extra``: participant, step, block, condition and round of an episode."""

_LOCK_FILE = "participants.lock"
_LOCK_S = 10.0


class StudyFolderError(UserError):
    """The folder is no study, or cannot become one."""


class StudyIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What a study is, apart from its protocol."""

    format: int = 1
    created_at: str
    software_version: str
    protocol_digest: str
    """Of the protocol's bytes: a protocol must not change while the study runs."""
    salt: str
    """From it and the code an export makes the names of participants; it never leaves the folder."""


class StudyFolder:
    """A study on the disk; light, and used by window and commands alike.

    Every change of a participant is read, changed and written under a lock, so that a command and the window cannot
    overwrite each other's changes.

    Raises
    ------
    StudyFolderError, StudyFileError
        The folder holds no study, or one of its files is damaged or was changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()
        path = self.folder / PROTOCOL_FILE
        if not path.is_file() or not (self.folder / IDENTITY_FILE).is_file():
            raise StudyFolderError(
                f"There is no study in {folder}; make one with `mile-desktop study new`, or check the path."
            )
        content = path.read_bytes()
        self.identity = _decoded(self.folder / IDENTITY_FILE, StudyIdentity)
        if _digest(content) != self.identity.protocol_digest:
            raise StudyFileError(
                path,
                "",
                "another protocol than the one the study was made with",
                "the same to the last byte; put the old one back, or make a new study",
            )
        self.protocol: Protocol = decode_protocol(content, path)
        self.participants()  # a damaged file is reported now and not in front of a participant

    @classmethod
    def create(cls, folder: Path, protocol: str) -> "StudyFolder":
        """Make a study with a protocol (a file or the name of one that ships) in a new or empty folder.

        Raises
        ------
        StudyFileError
            The protocol cannot be used.
        StudyFolderError, WorkspaceError
            The folder holds something else, or cannot be written to.
        """
        source = find_protocol(protocol)
        content = source.read_bytes()
        decode_protocol(content, source)  # before anything is made
        place = folder.expanduser().absolute()
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise StudyFolderError(f"{folder} is not an empty folder; a study needs one of its own.")
        with _emptied_after_failure(place), Workspace.open(place), translated(place):
            identity = StudyIdentity(
                created_at=now(),
                software_version=mile_desktop.__version__,
                protocol_digest=_digest(content),
                salt=secrets.token_hex(16),
            )
            write_durably(place / PROTOCOL_FILE, content)
            write_durably(place / PARTICIPANTS_FILE, _encoded(ParticipantFile()))
            # Last: a folder with an identity is a complete study.
            write_durably(place / IDENTITY_FILE, _encoded(identity))
        return cls(place)

    @classmethod
    def is_study(cls, folder: Path) -> bool:
        """Whether ``folder`` holds a study."""
        return (folder / IDENTITY_FILE).is_file() and (folder / DATABASE).is_file()

    def participants(self) -> ParticipantFile:
        """Read the participants."""
        return _decoded(self.folder / PARTICIPANTS_FILE, ParticipantFile)

    def participant(self, code: str) -> Participant:
        """Return one participant; raises ``ParticipantError``."""
        return self.participants().find(code)

    def add_participant(self, *, simulated: bool = False) -> Participant:
        """Add a participant with the next code and the row of the square that the fewest have."""
        with self._locked():
            file, new = self.participants().added(len(self.protocol.square), simulated=simulated)
            self._write(file)
        return new

    def change(self, code: str, change: Callable[[Participant], Participant]) -> Participant:
        """Change one participant on the disk, and return the new value."""
        with self._locked():
            file = self.participants()
            changed = change(file.find(code))
            self._write(file.replaced(changed))
        return changed

    def remove(self, code: str) -> None:
        """Forget a participant and count the withdrawal; the data must be erased before."""
        with self._locked():
            self._write(self.participants().without(code))

    def _write(self, file: ParticipantFile) -> None:
        with translated(self.folder):
            write_durably(self.folder / PARTICIPANTS_FILE, _encoded(file))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self.folder / _LOCK_FILE, timeout=_LOCK_S, thread_local=False)
        with translated(self.folder):
            try:
                lock.acquire()
            except Timeout as error:
                raise StudyFolderError(
                    f"Another process has been writing to {self.folder} for {_LOCK_S:.0f} s; end it and try again."
                ) from error
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _emptied_after_failure(place: Path) -> Iterator[None]:
    """Remove what was made in ``place``, an empty folder, where the block fails: the same folder can be tried again."""
    try:
        yield
    except BaseException:
        for made in place.iterdir() if place.is_dir() else ():
            if made.is_dir():
                shutil.rmtree(made, ignore_errors=True)
            else:
                made.unlink(missing_ok=True)
        raise


def _encoded(value: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def _decoded(path: Path, kind: type[StructT]) -> StructT:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise StudyFileError(path, "", f"no readable file ({error.strerror or error})", "one of this study") from error
    except msgspec.MsgspecError as error:
        raise StudyFileError(path, "", f"a damaged file ({error})", "the file as the program wrote it") from error


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
