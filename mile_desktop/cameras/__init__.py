"""Live cameras: where pictures come from, the process that fetches them, and the videos that are kept."""

import os

LARGEST_SIDE = 8192
"""Pictures with a longer side are refused before they are decoded: one of 30,000 × 30,000 would take 3 GB."""

# OpenCV reads these once, when it is imported; its decoders then compare them with a picture's header. Every module of
# the program that decodes pictures from outside is in this package, so this line runs first.
for _name in ("WIDTH", "HEIGHT"):
    os.environ.setdefault(f"OPENCV_IO_MAX_IMAGE_{_name}", str(LARGEST_SIDE))
