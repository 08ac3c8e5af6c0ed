"""The interpreter's own code on huge pages, so that a child does not have to find it again page by page.

A child shares its parent's memory, but not the kernel's table of pages that came from a file: it takes a fault for
every stretch of the interpreter's code it runs through first, some forty of them. A copy on a few huge anonymous pages
is shared in one go. This changes where the code lies and nothing of what it does; where huge pages cannot be had
everything stays as it is.
"""

import ctypes
from collections.abc import Iterator

HUGE = 2 << 20
READ, WRITE, EXECUTE = 1, 2, 4
PRIVATE, ANONYMOUS = 2, 32
MAY_MOVE, FIXED = 1, 2
HUGE_PAGES = 14
NAMES = ("libpython", "bin/python")


def gather_code() -> int:
    """Moves the interpreter's code to huge pages. The caller must have one thread only.

    Returns:
        The bytes moved; 0 where nothing could be.
    """
    try:
        return sum(_moved(start, size) for start, size in list(_stretches()))
    except (OSError, AttributeError, ValueError):  # no such calls or files: another kernel
        return 0


def _stretches() -> Iterator[tuple[int, int]]:
    """Start and size of the whole huge pages within the interpreter's read-only mappings."""
    ends: dict[str, tuple[int, int]] = {}
    with open("/proc/self/maps") as file:
        for line in file:
            place, rights, _, _, _, *name = line.split(maxsplit=5)
            path = name[0].strip() if name else ""
            if "w" in rights or not any(part in path for part in NAMES):
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            known = ends.get(path, (start, start))
            ends[path] = (known[0] if known[1] == start else start, end)
    for start, end in ends.values():
        first, last = -(-start // HUGE) * HUGE, end // HUGE * HUGE
        if first < last:
            yield first, last - first


def _moved(start: int, size: int) -> int:
    address, length, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    library = ctypes.PyDLL(None, use_errno=True)
    library.mmap.restype = library.mremap.restype = address
    library.mmap.argtypes = [address, length, number, number, number, ctypes.c_long]
    library.mremap.argtypes = [address, length, length, number, address]
    library.madvise.argtypes = library.mprotect.argtypes = [address, length, number]
    library.munmap.argtypes = [address, length]
    room = library.mmap(None, size + HUGE, READ | WRITE, PRIVATE | ANONYMOUS, -1, 0)
    if room in (None, ctypes.c_void_p(-1).value):
        return 0
    copy = -(-room // HUGE) * HUGE
    library.madvise(copy, size, HUGE_PAGES)
    ctypes.memmove(copy, start, size)
    if _is_huge(copy) and library.mprotect(copy, size, READ | EXECUTE) == 0:
        library.mremap(copy, size, size, MAY_MOVE | FIXED, start)
        return size
    library.munmap(room, size + HUGE)
    return 0


def _is_huge(address: int) -> bool:
    """Whether the mapping that holds an address really has huge pages."""
    inside = False
    with open("/proc/self/smaps") as file:
        for line in file:
            first = line.split(maxsplit=1)[0]
            if "-" in first:
                start, end = (int(part, 16) for part in first.split("-"))
                inside = start <= address < end
            elif inside and first == "AnonHugePages:":
                return int(line.split()[1]) > 0
    return False
