"""Words that people found hard to understand do not come back into the texts of the program.

The list is the left column of a review by first-time users; the ordinary words for the same things are beside it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HARD = {
    r"[Ss]ize of everything": "Interface scale",
    r"\b[Pp]ut away\b": "Archive",
    r"\b[Bb]roke down\b": "Errors",
    r"what is known already": "Reuse earlier results",
    r"\bFrom seed\b": "First seed",
    r"\bBehind it\b": "Steps at this point",
    r"[Ss]ays of itself": "Reported by the robot",
    r"How it is reached": "Connection",
    r"What would it have done": "Counterfactual rollout",
    r"too few were not chosen": "too few episodes outside the selection",
    r"would have told": "Predictive quality",
    r"learning you\b|\bcalls you\b": "adapting to you; Alarm: forecast",
    r"(?<!text-)\b[Aa]nchors?\b": "demonstrations replayed in training, replay ratio",
    r"held-back error": "validation loss",
    r"Turn: Not|[Bb]egin again at the end|\bCut off\b|[Ss]ize at most|pictures/s": "Rotation: none, Loop, Crop, fps",
    r": by itself$|^Computes on|^Forgetting$|[Ll]argest spread": "automatic, Device …",
    r"is not recorded here": "Training log not available",
    r"Come closer|^Do again$|[Ll]et only the stretch|No stretch": "Zoom, Redo, Keep only selection, Clear selection",
    r"Bring the selected|[Pp]ut .* into the bin": "Restore, Delete",
    r"let this window in": "Authorise this window",
    r"\b1 ep\b|Call me at": "Episodes: 1; Alarm threshold / duration",
    r"when the robot errs": "when it goes wrong",
    r"Only 0 ": "No takeovers yet",
    r"as it was likely": "policy (height = probability)",
    r"person sits at|in the house\b|what came of it|stays stopped": "plain sentences; emergency stop",
}
NO_TEXT = re.compile(r"^[a-z0-9_.]+$")
"""Names of settings and columns, which stay as they were so that old files can be read."""
SCENE_TASKS = re.compile(r"Pick the block up")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string of a module that is not a docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    described = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.lineno, node.value


ANY = re.compile("|".join(HARD))


def found_in(text: str) -> list[str]:
    if NO_TEXT.match(text) or SCENE_TASKS.search(text):
        return []
    return [f"{pattern!r}, say: {better}" for pattern, better in HARD.items() if re.search(pattern, text)]


def test_no_text_of_the_program_has_a_word_that_was_found_hard() -> None:
    # Most files have none of the words anywhere, not even in a comment; to parse them all would take ten times as long.
    suspects = [path for path in sorted((ROOT / "mile_desktop").rglob("*.py")) if ANY.search(path.read_text("utf-8"))]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {each}"
        for path in suspects
        for line, text in texts(path)
        for each in found_in(text)
    ]
    assert not found


@pytest.mark.parametrize(
    "said", ["Size of everything", "Only 0 takeovers", "14 takeovers, p calls you", "raise the anchors' share"]
)
def test_the_list_finds_them(said: str) -> None:
    assert found_in(said)
    assert not found_in("anchor_share")
