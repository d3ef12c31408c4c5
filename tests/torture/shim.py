"""The file that tests/torture/shim.c maps."""

import mmap
import struct

NOBODY, OURS, LIBFCGI = 0, 1, 2
NAMES = ("whose", "count", "at", "for_ever", "failed", "live", "large", "trims", "skew", "caller")
SIZE = 8 * len(NAMES) + 56


class Shim:
    def __init__(self, path):
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), SIZE)

    def __getitem__(self, name):
        return struct.unpack_from("<q", self.map, 8 * NAMES.index(name))[0]

    def __setitem__(self, name, value):
        struct.pack_into("<q", self.map, 8 * NAMES.index(name), value)

    def arm(self, whose, at, for_ever=False):
        """From now on the at-th allocation fails, and perhaps all behind it."""
        self["whose"] = NOBODY
        self["count"], self["failed"] = 0, 0
        self["at"], self["for_ever"] = at, int(for_ever)
        self.map[8 * len(NAMES):SIZE] = bytes(56)
        self["whose"] = whose

    def disarm(self):
        self["whose"] = NOBODY

    def caller(self):
        """Whose allocation failed first."""
        name = self.map[8 * len(NAMES):SIZE].rstrip(b"\0").decode()
        return f"{name}+{self['caller']:#x}"
