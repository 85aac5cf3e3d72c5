"""The view of a scene and of cameras, used by several pages: pictures, their layout, and what is painted over them.

Widgets: ``frame_canvas`` (one scene, orbited by mouse) and ``picture_canvas`` (scene and cameras). Painting without
widgets: ``overlay``, ``tile_paint``, ``symbols``. Rules and geometry: ``tiles``, ``orbit``, ``projection``,
``discrete_actions``, ``phase_style``. ``orbit_controller`` turns mouse events into camera messages.
"""
