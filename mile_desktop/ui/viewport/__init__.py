"""The view of a scene or of cameras: pictures, how they are arranged, and what is painted over them."""
