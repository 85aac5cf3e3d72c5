"""When which small view is drawn: often enough to be believed, and never at the price of the large one."""

from collections import deque

SMALL_SHARE = 0.15
"""Share of the drawing that small views may have while the scene moves."""
_PERIOD_S = 0.3
"""How often each small view is drawn at most."""
_OLDEST_S = 0.5
"""How old a small view may become while the scene moves, even if it then takes more than its share: a person who
drives would otherwise look at the past. Three views then cost six quick pictures of 6 ms (software) a second."""


class SmallViews:
    """The order and the times of the small views. Pure arithmetic on times its caller measures; for one thread."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.size = (200, 150)
        """Width and height, px."""
        self._waiting: deque[int] = deque()
        self._rough: set[int] = set()
        self._next_s = 0.0

    def show(self, names: tuple[str, ...], size: tuple[int, int]) -> None:
        """Draw the cameras ``names`` in ``size`` from now on."""
        self.names, self.size = names, size
        self._waiting.clear()
        self._rough.clear()
        self._next_s = 0.0

    def scene_changed(self) -> None:
        """Draw every view again."""
        # Waiting views come first: otherwise a scene that keeps moving would starve the last one.
        self._waiting.extend(index for index in range(len(self.names)) if index not in self._waiting)

    def settled(self) -> None:
        """Draw views that were drawn roughly once more: the scene rests now."""
        self._waiting.extend(index for index in sorted(self._rough) if index not in self._waiting)

    def due(self, now_s: float) -> bool:
        """Return whether a view waits and may be drawn now."""
        return bool(self._waiting) and now_s >= self._next_s

    def take(self) -> int:
        """Return the number of the view to draw now."""
        return self._waiting.popleft()

    def drew(self, index: int, began_s: float, wall_s: float, *, moving: bool, share: float) -> None:
        """Count a view drawn from ``began_s`` on for ``wall_s``; ``share``: processor cores that drawing may use."""
        if moving:
            self._rough.add(index)
        else:
            self._rough.discard(index)
        # By the clock and not by processor time: on a busy machine a slow small view must not delay the large one.
        rest_s = wall_s / (SMALL_SHARE * share) if moving else 0.0
        count = max(1, len(self.names))
        # Divided by their number, so that each small view keeps its own period.
        self._next_s = began_s + max(_PERIOD_S / count, min(rest_s, _OLDEST_S / count))
