"""The version of a scene: after an edit, the numbers in an observation or an action may mean something else."""

import hashlib
from collections.abc import Sequence

import msgspec

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.scene_file import read_head

_WITHOUT_MEANING = frozenset(
    {"title", "summary", "menu_place", "bundle", "symmetry", "cameras", "env_id", "max_steps", "bodies", "folder"}
)
"""Keys of ``scene.toml`` that change neither what an observation nor what an action means."""
_CODE = frozenset({".py", ".toml", ".urdf", ".xml"})


def scene_version(scene: str, labels: Sequence[str]) -> dict[str, str]:
    """Return two digests of ``scene`` as it is now, for ``EpisodeStart.extra``.

    ``meaning`` covers the observation's ``labels``, the action, rates and speeds: episodes that differ in it cannot be
    learned from together. ``code`` covers every line of the scene's files: a comment changes it, too.

    Raises what ``scene_info`` and ``read_head`` raise.
    """
    folder = scene_info(scene).folder
    described = msgspec.to_builtins(read_head(folder), enc_hook=str)
    meaning = {key: value for key, value in described.items() if key not in _WITHOUT_MEANING}
    code = hashlib.blake2b(digest_size=8)
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _CODE and path.is_file()):
        # The name as well, with a byte that no name holds behind it: a file that is renamed counts as changed.
        code.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    encoded = msgspec.json.encode([list(labels), meaning], order="sorted")
    return {"meaning": hashlib.blake2b(encoded, digest_size=8).hexdigest(), "code": code.hexdigest()}
