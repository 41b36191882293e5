#!/usr/bin/env python3
# resumed.py - cadre map goes on with a journal, whatever has become of its inputs.
# SPDX-License-Identifier: MIT
"""A run with a journal is run again with inputs in the same order, in another one, with new
ones between, without some, repeated, and with another number of jobs at a time. What a job
puts out has its number in the run in which it ran, so an output says whether it is that of
a run before: each job that was done has to have the output that it had then.

With --records N a journal of so many jobs is written here, by the documented schema, and
cadre goes on from that."""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile

MASK = (1 << 64) - 1


class Model:
    """What each job, known by its input and its place among equal ones, has put out."""

    def __init__(self):
        self.first = {}

    def expected(self, inputs):
        """The output, and how many jobs were done before."""
        seen, lines, before = collections.Counter(), [], 0
        for number, value in enumerate(inputs, 1):
            job = (value, seen[value])
            seen[value] += 1
            before += job in self.first
            lines.append(f"{value} {self.first.setdefault(job, number)}\n")
        return "".join(lines), before


def run(cadre, folder, inputs, jobs, options=()):
    child = subprocess.run([cadre, "map", "--journal", "j", f"-j{jobs}", *options,
                            "printf", "%s %s\\n", "{}", "{#}"], cwd=folder,
                           input="".join(f"{value}\n" for value in inputs), text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    return child.stdout, child.stderr, child.returncode


def edits(rng, inputs):
    """Inputs as a user changes them, each with a name."""
    n = len(inputs)
    some = sorted(rng.sample(range(n), n // 20), reverse=True)
    middle = rng.randrange(n)
    yield "the same order", list(inputs)
    yield "two parts changed places", inputs[middle:] + inputs[:middle]
    yield "backwards", inputs[::-1]
    shuffled = list(inputs)
    rng.shuffle(shuffled)
    yield "shuffled", shuffled
    kept = list(inputs)
    for at in some:
        del kept[at]
    yield "some removed", kept
    yield "a long part removed", inputs[:n // 3] + inputs[n // 2:]
    more = list(inputs)
    for at in some[:20]:
        more.insert(at, f"new{at}")
    yield "some inserted", more
    yield "new ones first", ["newer", "newest"] + inputs
    yield "repeated", inputs + [rng.choice(inputs) for _ in range(20)]
    yield "neighbours changed places", [inputs[i ^ 1] for i in range(n & ~1)]
    yield "one of them very often", [inputs[0]] * 30 + inputs
    yield "the same order again", list(inputs)


def check_edits(cadre, rng):
    inputs = [str(rng.choice((i, i, i, i // 2, rng.randrange(40)))) for i in range(600)]
    with tempfile.TemporaryDirectory(prefix="cadre-resumed-") as folder:
        model = Model()
        for name, now in [("at first", inputs), *edits(rng, inputs)]:
            expected, before = model.expected(now)
            out, err, status = run(cadre, folder, now, rng.randint(1, 4))
            said = f"cadre: {before} job{' was' if before == 1 else 's were'} done before"
            wrong = []
            if status or out != expected:
                wrong.append(f"exit status {status}; {first_difference(out, expected)}")
            if (before > 0) != (said in err):
                wrong.append(f"{before} were done before: {err}")
            yield name, wrong


def first_difference(out, expected):
    for number, (a, b) in enumerate(zip(out.split("\n"), expected.split("\n")), 1):
        if a != b:
            return f"line {number} is {a!r}, expected {b!r}"
    return f"{len(out)} bytes, expected {len(expected)}"


# ---- a journal made here ----

def mix(h):
    h ^= h >> 33
    h = h * 0xff51afd7ed558ccd & MASK
    h ^= h >> 33
    h = h * 0xc4ceb9fe1a85ec53 & MASK
    return h ^ h >> 33


def hash_of(start, data):
    h = 0xcbf29ce484222325 ^ start
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 & MASK
    return mix(h ^ len(data))


def digest(start, data):
    h = start ^ len(data) * 0x9e3779b97f4a7c15 & MASK
    whole = len(data) & ~7
    for at in range(0, whole, 8):
        h = (h ^ int.from_bytes(data[at:at + 8], "little")) * 0xff51afd7ed558ccd & MASK
        h ^= h >> 32
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * 0xc4ceb9fe1a85ec53 & MASK
    return mix(h)


def signed(number):
    return number - (1 << 64) if number >> 63 else number


def record(number, command, words):
    key, out = b"%d\0" % number, b"%d %d\n" % (number, number)
    line = words + key + key
    total = digest(command ^ number * 0xd6e8feb86659fd93 & MASK, key)
    for part, size in (line, 0), (out, len(out)), (b"", 0):
        total = digest(total ^ size, part)
    return (number, signed(hash_of(command, key)), 1, key, 0, "done", number, line, 0, 0, 0,
            1, 1.5, 0.25, 0.125, 4436, out, None, len(out), 0, 1, signed(total))


def check_records(cadre, records):
    """From a journal of one job, which says how cadre writes it, to one of many."""
    with tempfile.TemporaryDirectory(prefix="cadre-resumed-") as folder:
        run(cadre, folder, ["1"], 1)
        with contextlib.closing(sqlite3.connect(os.path.join(folder, "j"))) as db:
            template, = db.execute("SELECT template FROM command").fetchone()
            made = db.execute("SELECT * FROM job").fetchone()
            words = b"printf\0%s %s\\n\0"
            command = hash_of(0, template.encode())
            mine = record(1, command, words)
            places = [i for i, name in enumerate(db.execute("SELECT * FROM job").description)
                      if name[0] not in ("began", "seconds", "cpu", "peak_kib", "seed")]
            wrong = [f"column {i} is {made[i]!r}, expected {mine[i]!r}" for i in places
                     if made[i] != mine[i]]
            yield "a record as it is documented", wrong
            with db:
                marks = ", ".join("?" * len(mine))
                db.executemany(f"INSERT INTO job VALUES ({marks})",
                               (record(i, command, words) for i in range(2, records + 1)))
        inputs = [str(i) for i in range(1, records + 1)]
        expected = "".join(f"{i} {i}\n" for i in range(1, records + 1))
        out, err, status = run(cadre, folder, inputs, 3)
        wrong = []
        if status or out != expected:
            wrong.append(f"exit status {status}; {first_difference(out, expected)}")
        if f"cadre: {records} jobs were done before" not in err:
            wrong.append(err)
        yield f"{records} records", wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cadre", type=pathlib.Path, required=True)
    parser.add_argument("--records", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "little")
    print(f"# --seed {seed}")
    cadre, n, failed = args.cadre.absolute(), 0, False
    for check in check_edits(cadre, random.Random(seed)), check_records(cadre, args.records):
        for name, wrong in check:
            n += 1
            failed = failed or bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {n} - {name}")
            for line in wrong:
                print(f"# {line}")
            sys.stdout.flush()
    print(f"1..{n}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
