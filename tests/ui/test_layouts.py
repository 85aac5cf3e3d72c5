"""On no page do visible controls cover each other or lose their text, in small windows and at 200 %."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.shell.sidebar import PAGES
from mile_desktop.ui.supervise.model import EpisodeAction
from tests.ui.layout_faults import layout_faults
from tests.ui.supervise.examples import session, status, taken

_PHASES = (Phase.AUTONOMOUS, Phase.STOPPED)
"""Each has buttons that the other has not."""


def _situations(parts: Composition) -> Iterator[str]:
    """Show every page, and on Supervise each set of buttons with and without the Learn panel."""
    window, supervise = parts.application.window, parts.supervise.page
    for page in (each.page for each in PAGES):
        window.show_page(page)
        if page != "supervise":
            yield page
            continue
        for with_panel in (True, False):
            panel = window.panel
            assert panel is not None
            if panel.isHidden() is with_panel:
                window.toggle_panel()
            for phase in _PHASES:
                supervise.handle(session())
                supervise.handle(status(phase=phase))
                supervise.handle(taken(3))
                yield f"{page}, {phase}, {'with' if with_panel else 'without'} panel"


_WINDOWS = ((840, 774, 1.0), (840, 480, 1.0), (1366, 768, 2.0), (840, 774, 2.0))
"""Width and height, px, and scale. The smallest window at 200 % has the room of 420 × 387 at 100 %."""


@pytest.mark.timeout(400)  # eight pages and panels in four sizes: 15 s, and many times that on a busy machine
def test_no_controls_cover_each_other_or_are_cut_off(still_window: Composition, store: PreferenceStore) -> None:
    # One window for all sizes: to build it takes longer than to look at every page of it.
    window = still_window.application.window
    faults: dict[str, list[str]] = {}
    for width, height, scale in _WINDOWS:
        store.change(ui_scale=scale)
        window.resize(width, height)
        for situation in _situations(still_window):
            for _ in range(3):  # a row that needs another line asks for another height, and all are placed again
                QApplication.processEvents()
            if found := layout_faults(window):
                faults[f"{width}×{height} at {scale}: {situation}"] = found
    assert not faults, "\n".join(f"{where}: {found}" for where, found in faults.items())


def test_another_scale_at_the_same_size_is_laid_out_again(still_window: Composition, store: PreferenceStore) -> None:
    window = still_window.application.window
    window.resize(1100, 760)
    QApplication.processEvents()
    for scale in (2.0, 1.0):
        store.change(ui_scale=scale)
        for _ in range(3):
            QApplication.processEvents()
        assert not layout_faults(window)


def test_stop_never_has_to_be_scrolled_to(still_window: Composition, store: PreferenceStore) -> None:
    window, stop = still_window.application.window, still_window.supervise.page.controls.button(EpisodeAction.STOP)
    for width, height, scale in _WINDOWS:
        store.change(ui_scale=scale)
        window.resize(width, height)
        for _ in range(3):
            QApplication.processEvents()
        assert stop.visibleRegion().boundingRect() == stop.rect(), f"{width}×{height} at {scale}"


def test_a_panel_that_is_asked_for_without_room_becomes_a_window_and_comes_back(
    still_window: Composition, store: PreferenceStore
) -> None:
    window = still_window.application.window
    panel = window.panel
    assert panel is not None
    store.change(ui_scale=2.0)
    window.resize(1366, 768)
    if not panel.isHidden():
        window.toggle_panel()
    window.toggle_panel()
    assert panel.isVisible()
    assert panel.isFloating()
    store.change(ui_scale=1.0)
    assert panel.isVisible()
    assert not panel.isFloating()
    panel.setFloating(True)  # a person wants it as a window
    window.resize(1360, 768)
    QApplication.processEvents()
    assert panel.isFloating()
