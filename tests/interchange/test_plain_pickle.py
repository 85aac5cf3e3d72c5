import collections
import pickle
import random
import subprocess
from fractions import Fraction

import numpy as np
import pytest

from mile_desktop.interchange.plain_pickle import PlainPickleError, finished, read_plain_pickle

PLAIN = {
    "rows": [np.arange(6.0) + row for row in range(3)],
    "matrix": np.asfortranarray(np.arange(12).reshape(3, 4)),
    "big endian": np.arange(3, dtype=">i4"),
    "empty": np.zeros((0, 3), np.float32),
    "numbers": [np.int64(1), 0, np.float32(0.5), True, np.bool_(False), None, 2**70],
    "texts": ("ä", b"x", 2.5),
}


class Runs:
    """Runs a program when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[list[str]]]:
        return subprocess.call, (["touch", "/tmp/unpickled"],)


class Stateful:
    def __init__(self) -> None:
        self.x = 1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_numbers_texts_and_containers_are_read(protocol: int) -> None:
    found = read_plain_pickle(pickle.dumps(PLAIN, protocol=protocol))
    assert isinstance(found, dict)
    assert list(found) == list(PLAIN)
    for row, expected in zip(found["rows"], PLAIN["rows"], strict=True):
        np.testing.assert_array_equal(finished(row), expected)
    for name in ("matrix", "big endian", "empty"):
        array = finished(found[name])
        np.testing.assert_array_equal(array, PLAIN[name])
        assert array.dtype == PLAIN[name].dtype  # type: ignore[union-attr]
    assert found["numbers"] == [1, 0, 0.5, True, False, None, 2**70]
    assert found["texts"] == ("ä", b"x", 2.5)


@pytest.mark.parametrize(
    ("held", "named"),
    [
        (Runs(), "subprocess.call"),
        ({"state": [1, Runs()]}, "subprocess.call"),
        (np.array([Runs()], object), "subprocess.call"),
        (Stateful(), "Stateful"),
        (collections.OrderedDict(a=1), "collections.OrderedDict"),
        (Fraction(1, 2), "fractions.Fraction"),
        ({1, 2}, "EMPTY_SET"),
        (print, "builtins.print"),
        (np.array(["a"]), "U1"),
        (np.array([None]), "an object with a state of its own"),
    ],
)
def test_everything_else_is_named_and_nothing_of_it_runs(
    held: object, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pickle.dumps(held)
    monkeypatch.setattr(subprocess, "call", lambda _: pytest.fail("it ran"))
    with pytest.raises(PlainPickleError, match=named):
        finished(read_plain_pickle(content))


def test_a_shape_that_says_more_than_its_bytes_takes_no_memory() -> None:
    content = pickle.dumps(np.zeros(3, np.float32)).replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85")
    with pytest.raises(PlainPickleError, match="damaged"):
        read_plain_pickle(content)


def test_changed_bytes_give_a_value_or_this_error_and_nothing_else() -> None:
    chance, content = random.Random(5), pickle.dumps(PLAIN)
    refused = 0
    for _ in range(1500):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            read_plain_pickle(bytes(changed[: chance.choice((len(changed), chance.randrange(len(changed))))]))
        except PlainPickleError:
            refused += 1
    assert refused > 500
