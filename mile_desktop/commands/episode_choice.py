"""The value of ``--episodes``, which several commands share."""

from pathlib import Path

from mile_desktop.commands.command import CommandError


def episode_ids(text: str) -> tuple[str, ...]:
    """Read ``--episodes``: ids with commas, or ``@FILE`` with one id a line; raises ``CommandError``."""
    # A selection of many episodes would exceed the length of a command line.
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise CommandError(f"--episodes: {text[1:]} cannot be read ({error.strerror}).") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"--episodes: {text[1:]} is not a text file with one episode id per line.") from error
        return tuple(line.strip() for line in lines if line.strip())
    return tuple(name for name in text.split(",") if name)
