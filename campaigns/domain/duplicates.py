"""Finds identities that may occur twice in a file, in fixed memory, before the import begins.

A Bloom filter over the whole file leaves a small set of candidates (true duplicates and under one per cent of
others); only for these has the import to remember which line came first.
"""

MOST_CANDIDATES = 300_000
_LEAST_BITS, _MOST_BITS = 1 << 20, 1 << 28


class TooManyDuplicates(ValueError):
    """So many identities occur more than once that the wrong column must have been chosen."""


class DuplicateFinder:
    """`add` every identity of the file in any order; `candidates` then holds each one that may occur twice."""

    def __init__(self, expected: int) -> None:
        bits = _LEAST_BITS
        while bits < min(expected * 32, _MOST_BITS):
            bits *= 2
        self._mask = bits - 1
        self._bits = bytearray(bits // 8)
        self.candidates: set[str] = set()

    def add(self, identity: str) -> None:
        """Note one more occurrence. Raises `TooManyDuplicates` rather than letting memory grow with the file."""
        digest = hash(identity)
        first, second = digest & self._mask, (digest >> 29) & self._mask
        bits = self._bits
        first_bit, second_bit = 1 << (first & 7), 1 << (second & 7)
        first >>= 3
        second >>= 3
        if bits[first] & first_bit and bits[second] & second_bit:
            self.candidates.add(identity)
            if len(self.candidates) > MOST_CANDIDATES:
                raise TooManyDuplicates
        else:
            bits[first] |= first_bit
            bits[second] |= second_bit
