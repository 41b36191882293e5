#!/usr/bin/env python3
# peer_atom_probe.py - the three loops of atom probe calibration, as Python users write them.
# SPDX-License-Identifier: MIT
#
#     peer_atom_probe.py bowl|voltage|sequences EVENTS ITEMS REPETITIONS
#     peer_atom_probe.py about
#
# EVENTS are ions, or pulses. Of the cells, segments or pulses only ITEMS are done, evenly
# apart (pulses: the first); the time is for all of them. NumPy does what is done for many
# numbers at once; what is a loop over items there is a loop here: a mask over all ions for
# each cell, a histogram for each segment, a dict for each hit. Exit status 77: a library is
# missing.
import sys
import time

try:
    import numpy as np
    import scipy
    from scipy.signal import find_peaks
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)

BIN = 0.01


# ---- the events, the same bits as examples/atom_probe makes ----

def uniform(seed, i):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (i.astype(np.uint64) + np.uint64(1)) * np.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def make_ions(n):
    i = np.arange(int(n * 1.34) + 1000)
    a, b = 35 * (2 * uniform(1001, i) - 1), 35 * (2 * uniform(1002, i) - 1)
    inside = a * a + b * b <= 1225
    x, y = a[inside][:n], b[inside][:n]
    i = np.arange(n)
    volts = 2000 + 6000 * (i / n)
    g = np.zeros(n)
    for k in range(12):
        g += uniform(1010 + k, i)
    g -= 6
    r2, v = x * x + y * y, volts / 1000
    fv = 1 + 0.02 * (v - 5) - 0.0015 * (v - 5) * (v - 5)
    fb = 1 + 2e-5 * r2 + 1e-9 * r2 * r2 + 1e-4 * x - 5e-5 * y
    return x, y, volts, 27 * fv * fb * (1 + 4e-4 * g)


# ---- a peak ----

def bins_of(values):
    low, high = values.min(), values.max()
    n = max(10, int(np.ceil(max(high - low, BIN) / BIN)))
    return low, high, n


def peak_of(counts, edges, values):
    peaks, found = find_peaks(counts, height=0)
    if len(peaks) == 0:
        return np.mean(values)
    k = peaks[np.argmax(found["peak_heights"])]
    return 0.5 * (edges[k] + edges[k + 1])


def fast_peak(values):
    low, high, n = bins_of(values)
    if high <= low:
        return np.mean(values)
    k = ((values[values < high] - low) * (n / (high - low))).astype(np.int64)
    counts = np.bincount(np.minimum(k, n - 1), minlength=n)
    return peak_of(counts, np.linspace(low, high, n + 1), values)


# ---- the bowl ----

def cells_of(rmax):
    rings = int(np.ceil(rmax))
    edges = np.linspace(0, rmax, rings + 1)
    for k in range(rings):
        around = 2 * np.pi * max(0.5 * (edges[k] + edges[k + 1]), 0.5)
        n = int(np.clip(np.ceil(around), 8, 96))
        for j in range(n):
            yield edges[k], edges[k + 1], j * 2.0 * np.pi / n, (j + 1) * 2.0 * np.pi / n


def bowl(events, items):
    x, y, _, t = make_ions(events)
    mean = np.mean(t)

    def run():
        r, a = np.hypot(x, y), np.mod(np.arctan2(y, x), 2 * np.pi)
        cells, begun, total = list(cells_of(35.0)), time.perf_counter(), 0.0
        chosen = cells[::max(1, len(cells) // items)]
        for inner, outer, begin, end in chosen:
            inside = (r >= inner) & (r < outer) & (a >= begin) & (a < end)
            if inside.any():
                np.median(x[inside]), np.median(y[inside])
                total += fast_peak(t[inside]) / mean
        return (time.perf_counter() - begun) * len(cells) / len(chosen), total
    return run


# ---- the voltage ----

def voltage(events, items):
    _, _, v, t = make_ions(events)
    mean, n = np.mean(t), 10000

    def run():
        begun, total = time.perf_counter(), 0.0
        segments = range(0, events, n)
        chosen = segments[::max(1, len(segments) // items)]
        for first in chosen:
            ts, vs = t[first:first + n], v[first:first + n]
            low, high, count = bins_of(ts)
            edges = np.linspace(low, high, count + 1)
            centre = peak_of(np.histogram(ts, bins=edges)[0], edges, ts)
            np.mean(vs[(ts >= centre - BIN) & (ts <= centre + BIN)])
            total += centre / mean
        return (time.perf_counter() - begun) * len(segments) / len(chosen), total
    return run


# ---- sequences ----

TOF4, TOF2, SCALE, MIDDLE, LIMIT = 27.432 / 4000, 27.432 / 2000, 80.0 / 4900 * 2, 1225, 4.0


def make_records(pulses):
    """A dict for each pulse, its stops in the order of hits."""
    p = np.arange(pulses)
    u = uniform(7, p)
    ions = 1 + (u >= 0.92).astype(int) + (u >= 0.99)
    pulse = np.repeat(p, ions)
    j = np.arange(len(pulse))
    dx = np.floor((2 * uniform(8, j) - 1) * 2300).astype(int)
    dy = np.floor((2 * uniform(9, j) - 1) * 2300).astype(int)
    s = np.floor(36000 + 72000 * uniform(10, j)).astype(int)
    times = np.stack([(s + dx) // 2, (s - dx) // 2, (s + dy) // 2, (s - dy) // 2], axis=1)
    kept = uniform(11, np.arange(4 * len(j))).reshape(-1, 4) >= 0.03
    records = [[] for _ in range(pulses)]
    for i, channel in zip(*np.nonzero(kept)):
        records[pulse[i]].append((int(times[i, channel]), int(channel)))
    return [normalise(k, stops) for k, stops in enumerate(records) if stops]


def normalise(pulse, stops):
    seen, ranked = [0] * 4, []
    for t, channel in sorted(stops):
        ranked.append((seen[channel], channel, t))
        seen[channel] += 1
    ranked.sort()
    channels = [r[1] for r in ranked]
    return {"channels": channels, "time_data": [r[2] for r in ranked],
            "start_counter": pulse % 60000, "high_voltage": 0.0, "pulse": 0.0,
            "valid_event": [channels[i:i + 4] == [0, 1, 2, 3]
                            for i in range(0, len(channels), 4)]}


def position(a, b):
    return ((-0.5 * (b - a) + MIDDLE) - MIDDLE) * SCALE * 0.1


def row_of(record, index, group, tof, x, y, lines, axis, accepted, status):
    return {"sequence_index": index, "chunk_index": group,
            "parent_pulse_length": len(record["channels"]),
            "start_counter": record["start_counter"],
            "high_voltage (V)": record["high_voltage"], "pulse": record["pulse"],
            "tof (ns)": tof, "x_det (cm)": x, "y_det (cm)": y,
            "radius_cm": float(np.hypot(x, y)), "dlts": lines, "detector_axis": axis,
            "accepted": accepted, "status": status}


def partial(record, index, group, channels, times):
    rows = []
    for axis, a, b in (("x", 0, 1), ("y", 2, 3)):
        ones = [t for c, t in zip(channels, times) if c == a]
        others = [t for c, t in zip(channels, times) if c == b]
        for one, other in zip(ones, others):
            at = position(one, other)
            x, y = (at, 0.0) if axis == "x" else (0.0, at)
            where = "in" if abs(at) <= LIMIT else "outside"
            rows.append(row_of(record, index, group, (one + other) * TOF2, x, y, 2, axis,
                               abs(at) <= LIMIT, f"2 DLTS {where} detector"))
    nan = float("nan")
    return rows or [row_of(record, index, group, nan, nan, nan, 0, "none", False,
                           "unrecoverable")]


def rows_of(record, index):
    rows, channels, times = [], record["channels"], record["time_data"]
    for group, valid in enumerate(record["valid_event"]):
        c, t = channels[4 * group:4 * group + 4], times[4 * group:4 * group + 4]
        if not valid:
            rows += partial(record, index, group, c, t)
            continue
        x, y = position(t[0], t[1]), position(t[2], t[3])
        inside = abs(x) <= LIMIT and abs(y) <= LIMIT
        rows.append(row_of(record, index, group, sum(t) * TOF4, x, y, 4, "xy", inside,
                           f"4 DLTS {'in' if inside else 'outside'} detector"))
    return rows


def sequences(events, items):
    records = make_records(min(events, items))

    def run():
        rows, begun = [], time.perf_counter()
        for index, record in enumerate(records):
            rows.extend(rows_of(record, index))
        took = (time.perf_counter() - begun) * events / min(events, items)
        return took, sum(r["tof (ns)"] for r in rows if r["dlts"])
    return run


def main(way, events, items, repetitions):
    run = {"bowl": bowl, "voltage": voltage, "sequences": sequences}[way](events, items)
    times = []
    for _ in range(repetitions):
        took, total = run()
        times.append(took * 1e9)
    print(f"{way}.min {min(times):.0f} ns")
    print(f"{way}.sum {total:.17g} units")


if __name__ == "__main__":
    if sys.argv[1:] == ["about"]:
        print(f"library NumPy {np.__version__}, SciPy {scipy.__version__}")
        print(f"compiler Python {sys.version.split()[0]}")
    else:
        main(sys.argv[1], *map(int, sys.argv[2:]))
