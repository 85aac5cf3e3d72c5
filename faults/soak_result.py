"""What a soak found, as it is kept."""

from pathlib import Path

import msgspec

from faults.soak_samples import Sample

RESULTS = Path(__file__).parent / "results" / "soak.json"


class SoakResult(msgspec.Struct, frozen=True):
    """What a soak found; kept as JSON."""

    minutes: float
    seed: int
    counts: dict[str, int]
    samples: list[Sample]
    problems: list[str]
