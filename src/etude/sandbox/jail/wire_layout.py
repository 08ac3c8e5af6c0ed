"""The layout of a value's bytes, and its bounds: what the writer and the reader of the wire agree on.

    value     tag, payload
    sized     length (4 bytes), that many bytes
    sequence  tag, count (4 bytes), column
    mapping   tag, count (4 bytes), column of the keys, column of the values
    column    form, payload: `VARIOUS` is one value after another; the other forms pack items of one type

Numbers are little-endian. Nothing here reads or writes a value.
"""

import struct

BYTES = 64 << 20
DEPTH = 100
ITEMS = 1_000_000
"""What a value may hold: an item costs 1, a packed one a quarter, a rare type a little more."""

KEYS = 100_000
"""Keys of one table; texts are free of it. Hashes of numbers are no secret: whoever chooses them well makes
an insertion walk over all the keys that are there."""

LAYERS = 4  # how many packed items cost as much as one other
JOINED = 8 << 20  # characters can take four times their bytes; one long text is fine, a second copy in pieces is not
PART_BITS = 8_192  # of a range: its length is a division, and a division is quadratic
FRACTION_BITS = 32_768  # of each half: reducing is quadratic too
DECIMAL_CHARACTERS = 20_000
PATH_BYTES = 4_096

NONE, TRUE, FALSE, INT, BIG, FLOAT, COMPLEX = b"N", b"T", b"F", b"i", b"I", b"f", b"c"
TEXT, CODES, RAW, RAW_ARRAY, DECIMAL, FRACTION, RANGE = b"s", b"u", b"b", b"B", b"M", b"R", b"r"
LIST, TUPLE, SET, FROZEN, DEQUE = b"l", b"t", b"S", b"Z", b"Q"
DICT, COUNTER, DEFAULT, ORDERED = b"d", b"C", b"D", b"O"
DELTA, ZONE, DATE, TIME, MOMENT = b"E", b"z", b"a", b"h", b"A"
UUID, PATH, ARRAY, SCALAR, GRID = b"g", b"p", b"x", b"y", b"Y"
"""Tags. `CODES` is a text with half characters; `SCALAR` and `GRID` are numpy's scalar and array."""

VARIOUS, INTS, FLOATS, BOOLS, TEXTS = b"v", b"q", b"d", b"o", b"j"
"""Forms of a column. `TEXTS` are joined by null characters."""

JOINT = "\0"
HEAD = struct.Struct("<cI")  # a tag with a length or a count
LENGTH = struct.Struct("<I")
INTEGER = struct.Struct("<cq")
NUMBER = struct.Struct("<cd")
PAIR = struct.Struct("<cdd")
INTEGERS = struct.Struct("<cqqq")
DAY = struct.Struct("<cHBB")
CLOCK = struct.Struct("<BBBIBBq")  # hour, minute, second, microsecond, fold, whether there is a zone, its microseconds


def reducing(top: int, bottom: int) -> int:
    """About what it costs to reduce a fraction, in items."""
    return ((top.bit_length() + bottom.bit_length()) >> 9) ** 2


class WireError(Exception):
    """The bytes are not a value, or the value is too large."""


class NotPlainError(WireError):
    """The value has a type that may not cross; the message names the type."""
