"""Reads pickles that hold nothing but arrays, numbers, texts and plain containers, without unpickling them.

A pickle is a program: ``pickle.load`` runs it, and what it imports and calls can be anything. Here its instructions are
only interpreted. Nothing is imported and nothing is called; the few ways in which numpy writes an array are recognised
by their names, and the array is made from the bytes that stand there. Everything else is refused.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
_FROM_BUFFER = ("numpy.core.numeric", "numpy._core.numeric")
_KINDS = frozenset("biuf")
"""Bool, integers and floats; an array of objects could hold anything."""
_MOST_MEMORY = 4 * 2**30


class PlainPickleError(ValueError):
    """The pickle holds something else than arrays, numbers, texts and plain containers, or is damaged."""


@dataclass(frozen=True, slots=True)
class _Name:
    """Something that the pickle asks to import; only looked at."""

    module: str
    name: str


@dataclass(slots=True)
class _Type:
    """A numpy type under construction."""

    code: str
    order: str = "="

    def made(self) -> np.dtype[Any]:
        try:
            found = np.dtype(self.code)
        except TypeError as error:
            raise PlainPickleError(f"an array of {self.code}") from error
        if found.kind not in _KINDS or found.hasobject:
            raise PlainPickleError(f"an array of {self.code}")
        return found.newbyteorder(">") if self.order == ">" else found


@dataclass(slots=True)
class _Array:
    """An array under construction: its values come with a later instruction."""

    values: np.ndarray[Any, Any] | None = None


_MARK = object()


@dataclass(slots=True)
class _Machine:
    """The stack and the memory of a pickle."""

    stack: list[Any] = field(default_factory=list)
    memory: dict[int, Any] = field(default_factory=dict)

    def after_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]


def read_plain_pickle(content: bytes) -> object:
    """Return what the pickle ``content`` holds: dict, list, tuple, str, bytes, bool, int, float, None, numpy arrays.

    Raises
    ------
    PlainPickleError
        It holds something else, or is damaged.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name == "STOP":
                return finished(machine.stack.pop())
            step = _STEPS.get(opcode.name)
            if step is None:
                raise PlainPickleError(f"the instruction {opcode.name}")
            step(machine, argument)
    except PlainPickleError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, MemoryError, RecursionError, OverflowError) as error:
        raise PlainPickleError(f"damaged instructions ({error})") from error
    raise PlainPickleError("no end")


def finished(item: Any) -> object:  # noqa: ANN401 - anything a pickle can hold
    """Return ``item`` with its arrays made; raise ``PlainPickleError`` for an import that is not part of an array."""
    match item:
        case _Array(values=None) | _Name() | _Type():
            raise PlainPickleError(
                f"{item.module}.{item.name}" if isinstance(item, _Name) else "an array without values"
            )
        case _Array(values=values):
            return values
        case _:
            return item


# ── instructions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _push_argument(machine: _Machine, argument: Any) -> None:  # noqa: ANN401 - of any instruction
    machine.stack.append(argument)


def _pusher(value: Any) -> Callable[[_Machine, Any], None]:  # noqa: ANN401
    def push(machine: _Machine, _: Any) -> None:  # noqa: ANN401
        machine.stack.append(value() if callable(value) else value)

    return push


def _ignore(machine: _Machine, argument: Any) -> None:  # noqa: ANN401
    """Version and length of the pickle: they change nothing."""


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    def make(machine: _Machine, _: Any) -> None:  # noqa: ANN401
        made = tuple(machine.stack[len(machine.stack) - count :])
        del machine.stack[len(machine.stack) - count :]
        machine.stack.append(made)

    return make


def _tuple(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    machine.stack.append(tuple(machine.after_mark()))


def _list(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    machine.stack.append(machine.after_mark())


def _dict(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    items = machine.after_mark()
    machine.stack.append(dict(zip(items[::2], items[1::2], strict=True)))


def _append(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    item = machine.stack.pop()
    _target(machine, list).append(item)


def _appends(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    items = machine.after_mark()
    _target(machine, list).extend(items)


def _set_item(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    value, key = machine.stack.pop(), machine.stack.pop()
    _target(machine, dict)[key] = value


def _set_items(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    items = machine.after_mark()
    _target(machine, dict).update(zip(items[::2], items[1::2], strict=True))


def _target(machine: _Machine, kind: type[Any]) -> Any:  # noqa: ANN401
    if type(machine.stack[-1]) is not kind:
        raise PlainPickleError(f"a {type(machine.stack[-1]).__name__} that is filled like a {kind.__name__}")
    return machine.stack[-1]


def _remember(machine: _Machine, argument: Any) -> None:  # noqa: ANN401
    # MEMOIZE names no place and takes the next one.
    machine.memory[len(machine.memory) if argument is None else int(argument)] = machine.stack[-1]


def _recall(machine: _Machine, argument: Any) -> None:  # noqa: ANN401
    machine.stack.append(machine.memory[int(argument)])


def _global(machine: _Machine, argument: Any) -> None:  # noqa: ANN401
    module, _, name = str(argument).partition(" ")
    machine.stack.append(_expected(_Name(module, name)))


def _stack_global(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(_expected(_Name(str(module), str(name))))


def _expected(name: _Name) -> _Name:
    known = {
        *((module, function) for module in _NUMPY for function in ("_reconstruct", "scalar")),
        *((module, "_frombuffer") for module in _FROM_BUFFER),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
        ("__builtin__", "bytes"),
    }
    if (name.module, name.name) not in known:
        raise PlainPickleError(f"{name.module}.{name.name}")
    return name


def _reduce(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    """Make what a call stands for: only numpy's own calls for arrays, types and numbers are known."""
    arguments, function = machine.stack.pop(), machine.stack.pop()
    if not isinstance(function, _Name) or not isinstance(arguments, tuple):
        raise PlainPickleError("a call")
    match function.name, arguments:
        case "dtype", (str(code), *_):
            machine.stack.append(_Type(code))
        case "_reconstruct", (_Name(name="ndarray"), *_):
            machine.stack.append(_Array())
        case "scalar", (_Type() as kind, bytes(content)):
            machine.stack.append(_array(kind, (), content, "C").item())
        case "_frombuffer", (bytes() | bytearray() as content, _Type() as kind, tuple(shape), str(order)):
            machine.stack.append(_Array(_array(kind, shape, bytes(content), order)))
        case "bytes", ():
            machine.stack.append(b"")
        case "encode", (str(text), "latin1"):
            # how protocols before 3, which have no bytes, write them
            machine.stack.append(text.encode("latin1"))
        case _:
            raise PlainPickleError(f"a call of {function.module}.{function.name} that is not numpy's")


def _build(machine: _Machine, _: Any) -> None:  # noqa: ANN401
    """Give an array its values, or a type the order of its bytes."""
    state = machine.stack.pop()
    match machine.stack[-1], state:
        case _Type() as kind, (_, str(order), *_):
            kind.order = order
        case _Array() as array, (_, tuple(shape), _Type() as kind, bool(fortran), bytes(content)):
            array.values = _array(kind, shape, content, "F" if fortran else "C")
        case _:
            raise PlainPickleError("an object with a state of its own")


def _array(kind: _Type, shape: tuple[Any, ...], content: bytes, order: str) -> np.ndarray[Any, Any]:
    # −1 would let numpy choose the size, and a bool counts as an int.
    if any(not isinstance(size, int) or size < 0 for size in shape):
        raise PlainPickleError(f"an array of shape {shape}")
    # From the bytes that are there: a shape that says more than them is an error, and never takes memory.
    flat = np.frombuffer(content, kind.made())
    return flat.reshape(shape, order="F" if order == "F" else "C")


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), _ignore),
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
         "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
        _push_argument,
    ),
    "NONE": _pusher(None),
    "NEWTRUE": _pusher(True),
    "NEWFALSE": _pusher(False),
    "MARK": _pusher(_MARK),
    "EMPTY_DICT": _pusher(dict),
    "EMPTY_LIST": _pusher(list),
    "EMPTY_TUPLE": _pusher(tuple),
    "TUPLE": _tuple,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "LIST": _list,
    "DICT": _dict,
    "APPEND": _append,
    "APPENDS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    **dict.fromkeys(("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"), _remember),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _recall),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "BUILD": _build,
}  # fmt: skip
"""Name of an instruction → what it does; those that are not here are refused."""
