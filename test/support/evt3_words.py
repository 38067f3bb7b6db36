"""EVT 3.0 for the tests: a stream as cameras send it, padding, and a slow decoder."""

import numpy as np

from omnibind_ros.sensors import evt3

RESERVED = (0x1, 0x9, 0xB, 0xC, 0xD)


def data(words, order="<u2"):
    return np.asarray(words, np.uint16).astype(order).view(np.uint8)


def slow_decode(words):
    """Decode word by word, as the format's description reads; (x, y, t, p) of each event."""
    events, high, low, row, base, polarity = [], None, None, None, None, 0
    for word in map(int, words):
        kind, value = word >> 12, word & 0xFFF
        if kind == 0x8:
            if high is not None and value != high:
                low = 0
            high = value
        elif kind == 0x6 and high is not None:
            low = value
        elif kind == 0x0:
            row = value & 0x7FF
        elif kind == 0x3:
            base, polarity = value & 0x7FF, value >> 11
        columns = []
        if kind == 0x2:
            columns = [(value & 0x7FF, value >> 11)]
        elif kind in (0x4, 0x5) and base is not None:
            size = 12 if kind == 0x4 else 8
            columns = [(base + i, polarity) for i in range(size) if value >> i & 1]
            base += size
        if low is not None and row is not None:
            events += [(x, row, high << 12 | low, p) for x, p in columns]
    return events


def stream(rng, count, width=640, height=480, start=None):
    """Return EVT3 words as a camera sends them: time every few rows, vectors where pixels touch."""
    time = int(rng.integers(0, 1 << 23)) if start is None else start
    words = [0x8000 | time >> 12, 0x6000 | time & 0xFFF]
    while len(words) < count:
        before, time = time, time + int(rng.integers(0, 400))
        if time >> 12 != before >> 12 or rng.random() < 0.1:
            words.append(0x8000 | time >> 12 & 0xFFF)
        words += [0x6000 | time & 0xFFF, int(rng.integers(0, height))]
        for _ in range(int(rng.integers(1, 4))):
            head = int(rng.integers(0, 2)) << 11 | int(rng.integers(0, width - 32))
            if rng.random() < 0.4:
                masks = rng.integers(0, (1 << 12, 1 << 12, 1 << 8))
                words += [
                    0x3000 | head,
                    *(t | int(m) for t, m in zip((0x4000, 0x4000, 0x5000), masks, strict=True)),
                ]
            else:
                words.append(0x2000 | head)
    return words


def padded(rng, words, share):
    """Put reserved words between others, such that they are about this share of all."""
    out = []
    for word in words:
        while rng.random() < share:
            out.append(int(rng.choice(RESERVED)) << 12 | int(rng.integers(0, 1 << 12)))
        out.append(word)
    return out


def decode_evt3(*packet):
    """Return the events that the package's decoder finds, without the number of reserved words."""
    return evt3.decode_evt3(*packet)[0]


def rows(columns):
    return list(zip(*(column.tolist() for column in columns[:4]), strict=True))
