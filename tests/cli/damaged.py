#!/usr/bin/env python3
# damaged.py - of a damaged journal cadre saves what is whole, and says what is not.
# SPDX-License-Identifier: MIT
"""A journal is damaged in many ways: pages and parts of them overwritten, the beginning too,
the end cut off, and so on, with and without a log that was not written back. A run on it is
refused, with the command that saves the rest, or writes what is right. After that command, a
run on the new journal writes what an undisturbed run does, runs just those jobs that the
new journal has not, and all of these were named."""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

JOBS = 60
PAGE = 4096
LONG = 30  # this job's output lies beside the journal
COMMAND = ("echo {} >>ran; if [ {} = %d ]; then seq 170000; else seq {} $(({} * 24)); fi; "
           "echo e{} >&2" % LONG)


def expected():
    parts = []
    for i in range(1, JOBS + 1):
        numbers = range(1, 170001) if i == LONG else range(i, i * 24 + 1)
        parts.append("".join(f"{n}\n" for n in numbers))
    return "".join(parts)


class Place:
    def __init__(self, cadre, folder):
        self.cadre, self.folder = cadre, pathlib.Path(folder)
        self.expected = expected()

    def run(self, journal):
        child = subprocess.run([self.cadre, "map", "--journal", journal, "-j3", COMMAND],
                               cwd=self.folder, text=True, capture_output=True, timeout=120,
                               input="".join(f"{i}\n" for i in range(1, JOBS + 1)))
        return child.stdout, child.stderr, child.returncode

    def ran(self):
        """Which jobs have run since this was asked last."""
        path = self.folder / "ran"
        numbers = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return collections.Counter(map(int, numbers))

    def copy(self, kind, journal):
        """A fresh copy of what was made first."""
        for old in self.folder.glob(f"{journal}*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        for old in self.folder.glob(f"{kind}*"):
            to = self.folder / old.name.replace(kind, journal, 1)
            shutil.copytree(old, to) if old.is_dir() else shutil.copy(old, to)
        return self.folder / journal

    def kill_while_logging(self, journal):
        """A journal whose last commits are in the log only."""
        child = subprocess.Popen([self.cadre, "map", "--journal", journal, "-j3",
                                  f"{COMMAND}; [ {{}} != {JOBS} ] || exec sleep 100"],
                                 cwd=self.folder, stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        child.stdin.write("".join(f"{i}\n" for i in range(1, JOBS + 1)))
        child.stdin.close()
        log, size, until = self.folder / f"{journal}-wal", -1, time.monotonic() + 60
        ran = self.folder / "ran"
        while time.monotonic() < until and not (
                ran.exists() and ran.read_text().count("\n") == JOBS and
                log.exists() and log.stat().st_size == size):
            size = log.stat().st_size if log.exists() else -1
            time.sleep(0.2)  # two commits are 50 ms apart
        child.send_signal(signal.SIGKILL)
        child.wait()
        self.ran()


def in_journal(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return {seq for seq, in db.execute("SELECT seq FROM job WHERE state = 'done'")}


def named(report):
    """The jobs that the report names, or has among some."""
    jobs = set()
    for line in report.splitlines():
        if match := re.match(r"job (\d+): ", line):
            jobs.add(int(match[1]))
        elif match := re.match(r"jobs (\d+) to (\d+): ", line):
            jobs.update(range(int(match[1]), int(match[2]) + 1))
        elif match := re.match(r"between job (\d+) and job (\d+): ", line):
            low, high = sorted((int(match[1]), int(match[2])))
            jobs.update(range(low + 1, high) if high > low + 1 else range(1, JOBS + 1))
        elif re.match(r"before job (\d+): ", line):
            jobs.update(range(1, JOBS + 1))
        elif re.match(r"after job \d+: |the file ends after|the command of \d+ jobs? cannot", line):
            jobs.update(range(1, JOBS + 1))
    return jobs


# ---- the damage: each gets the file's bytes, and may change them ----

def overwrite_pages(data, rng):
    for _ in range(3):
        at = rng.randrange(1, len(data) // PAGE) * PAGE
        data[at:at + PAGE] = rng.randbytes(PAGE)


def clear_sectors(data, rng):
    for _ in range(5):
        at = rng.randrange(PAGE // 512, len(data) // 512) * 512
        data[at:at + 512] = bytes(512)


def flip_bytes(data, rng):
    for _ in range(60):
        data[rng.randrange(PAGE, len(data))] ^= 1 << rng.randrange(8)


def cut_half(data, _rng):
    del data[len(data) // 2:]


def cut_some(data, rng):
    del data[-rng.randrange(1, 3 * PAGE):]


def overwrite_header(data, rng):
    data[:100] = rng.randbytes(100)


def overwrite_first_page(data, rng):
    data[:PAGE] = rng.randbytes(PAGE)


def overwrite_commands(data, rng):
    """The table's page; its index has the command, too."""
    data[PAGE:2 * PAGE] = rng.randbytes(PAGE)


def overwrite_begin(data, rng):
    """All that says what the command is."""
    data[:3 * PAGE] = rng.randbytes(3 * PAGE)


def change_shell(data, _rng):
    """In the table; its index has the shell, too. It comes after the folder's name."""
    name = re.search(rb"cadre-damaged-.{8}", data)
    data[name.end() + 3] ^= 0x80


def leave_it(_data, _rng):
    pass


DAMAGE = [("db", leave_it), ("db", overwrite_pages), ("db", clear_sectors),
          ("db", flip_bytes), ("db", cut_half),
          ("db", cut_some), ("db", overwrite_header), ("db", overwrite_first_page),
          ("db", overwrite_commands), ("db", overwrite_begin), ("db", change_shell),
          ("log", overwrite_header), ("log", leave_it)]


def check(place, kind, damage, rng):
    wrong, journal = [], place.copy(kind, "damaged")
    data = bytearray(journal.read_bytes())
    damage(data, rng)
    journal.write_bytes(data)
    kept = place.folder / "kept"
    shutil.copy(journal, kept)
    out, err, status = place.run("damaged")
    if out != place.expected[:len(out)] or (not status and len(out) != len(place.expected)):
        same = os.path.commonprefix((out, place.expected))
        wrong.append(f"a run on the damaged journal has written what is not right after "
                     f"{len(same)} bytes: {out[len(same) - 20:][:60]!r}; {status}, {err}")
    if status and "cadre journal damaged --recover NEW" not in err:
        wrong.append(f"it was refused without a word on what to do: {err}")
    place.ran()
    place.copy(kind, "damaged")
    shutil.copy(kept, journal)
    for old in place.folder.glob("new*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    child = subprocess.run([place.cadre, "journal", "damaged", "--recover", "new"],
                           cwd=place.folder, text=True, capture_output=True, timeout=120)
    if damage is overwrite_begin:
        if child.returncode != 2 or "no records that can be read" not in child.stderr:
            wrong.append(f"without its command: {child.returncode}, {child.stderr}")
        return wrong
    if child.returncode:
        return [*wrong, f"--recover ended with {child.returncode}: {child.stderr}"]
    there = in_journal(place.folder / "new")
    lost = set(range(1, JOBS + 1)) - there
    if damage in (leave_it, overwrite_header, overwrite_first_page, overwrite_commands,
                  change_shell) and \
            len(lost) > (kind == "log"):
        wrong.append(f"jobs that could be saved are lost: {lost}")
    if not lost <= named(child.stdout) and kind == "db":
        wrong.append(f"{lost - named(child.stdout)} are lost and not named: {child.stdout}")
    out, err, status = place.run("new")
    if status or out != place.expected:
        wrong.append(f"after it, a run ended with {status}, or wrote something else: {err}")
    ran = place.ran()
    if kind == "db" and ran != collections.Counter(lost):
        wrong.append(f"{sorted(ran.elements())} ran, and {sorted(lost)} were lost")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cadre", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "little")
    rng, failed, number = random.Random(seed), False, 0
    print(f"1..{len(DAMAGE) * args.rounds}\n# --seed {seed}")
    with tempfile.TemporaryDirectory(prefix="cadre-damaged-") as folder:
        place = Place(args.cadre.absolute(), folder)
        out, err, status = place.run("db")
        if status or out != place.expected:
            print(f"Bail out! the first run ended with {status}: {err}")
            return 1
        place.ran()
        place.kill_while_logging("log")
        for kind, damage in DAMAGE * args.rounds:
            number += 1
            wrong = check(place, kind, damage, rng)
            failed = failed or bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {damage.__name__} ({kind})")
            for line in wrong:
                print("# " + line.replace("\n", "\n# "))
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
