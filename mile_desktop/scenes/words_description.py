"""The table of ``scene.toml`` about commands in words; imports no simulator."""

import msgspec


class WordsDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names and phrases that a person may type in this scene, beside the words of the language."""

    targets: dict[str, str] = {}
    """What a person calls a thing → its name in the observation's labels (``socket`` → ``hole``), for *towards*."""
    phrases: dict[str, str] = {}
    """The scene's own commands → the line that each stands for: ``turn it off`` → ``close, down until it touches``."""
