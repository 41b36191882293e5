#!/usr/bin/env python3
# killed.py - cadre map, killed at any moment and run again, ends as if nothing had been.
# SPDX-License-Identifier: MIT
"""A run with a journal is killed with SIGKILL so many times before its end, at random moments
that are spread over it, and run again until it is through. Then its output is that of a
run that nobody disturbed, and no job whose end was in the journal has run again."""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

PATIENCE = 120


def done_jobs(journal):
    """Numbers of the jobs that the journal says are done. WAL is read by a copy's owner:
    nobody has it open any more."""
    with contextlib.closing(sqlite3.connect(journal)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            return {seq for seq, in db.execute("SELECT seq FROM job WHERE state = 'done'")}
        except sqlite3.OperationalError:
            return set()  # it was killed before there were tables


class Run:
    def __init__(self, cadre, folder, jobs, rng):
        self.cadre, self.folder, self.jobs, self.rng = cadre, folder, jobs, rng
        self.ran = folder / "ran"
        self.journal = folder / "journal"
        self.errors = open(folder / "errors", "ab")

    def start(self):
        # each job says that it began, by a write that is one
        command = [self.cadre, "map", "--journal", self.journal, f"-j{self.rng.randint(1, 4)}",
                   "--no-summary", "echo {} >>ran; echo {}; seq {} $(({} + {} % 300))"]
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=self.errors)

    def feed(self, child):
        numbers = "".join(f"{i}\n" for i in range(1, self.jobs + 1))
        return child.communicate(numbers.encode(), timeout=PATIENCE)[0]

    def counts(self):
        if not self.ran.exists():
            return collections.Counter()
        return collections.Counter(self.ran.read_text().split())

    def disturbed(self, moment):
        """Kill it once so many more jobs have begun, and a random while later."""
        child, before = self.start(), sum(self.counts().values())
        reader = subprocess.Popen(["cat"], stdin=child.stdout, stdout=subprocess.DEVNULL)
        child.stdout.close()
        try:
            child.stdin.write("".join(f"{i}\n" for i in range(1, self.jobs + 1)).encode())
            child.stdin.close()
        except BrokenPipeError:
            pass
        until = time.monotonic() + PATIENCE
        while child.poll() is None and sum(self.counts().values()) - before < moment and \
                time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(self.rng.random() * 0.02)
        child.send_signal(signal.SIGKILL)
        child.wait()
        reader.wait()
        return child.returncode == -signal.SIGKILL


def undisturbed(jobs):
    lines = []
    for i in range(1, jobs + 1):
        lines.append(f"{i}\n" + "".join(f"{k}\n" for k in range(i, i + i % 300 + 1)))
    return "".join(lines).encode()


def ran_again(done, before, after):
    return any(after[str(i)] != before[str(i)] for i in done)


def one(cadre, jobs, kills, rng):
    """What is wrong; None: nothing."""
    with tempfile.TemporaryDirectory(prefix="cadre-killed-") as folder:
        run = Run(cadre, pathlib.Path(folder), jobs, rng)
        for left in range(kills, 0, -1):
            done, before = done_jobs(run.journal), run.counts()
            rest = jobs - len(done)
            killed = run.disturbed(rng.randint(0, min(2 * rest // (left + 1), rest // 2)))
            if not killed and rest > jobs // 10:
                return f"it ended with {rest} jobs to be run, {left} kills before its time"
            if ran_again(done, before, run.counts()):
                return "a job that was done ran again"
        done, before = done_jobs(run.journal), run.counts()
        child = run.start()
        output = run.feed(child)
        if child.returncode:
            return (f"the last run ended with {child.returncode}: "
                    + (run.folder / "errors").read_text()[-500:])
        if ran_again(done, before, run.counts()):
            return "a job that was done ran again"
        if output != undisturbed(jobs):
            return "the output is another one"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cadre", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kills", type=int, default=4, help="of each round")
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "little")
    print(f"1..{args.rounds}\n# --seed {seed}")
    rng, failed = random.Random(seed), False
    for number in range(1, args.rounds + 1):
        wrong = one(args.cadre.absolute(), args.jobs, args.kills, rng)
        failed = failed or wrong is not None
        print(f"{'not ok' if wrong else 'ok'} {number} - killed {args.kills} times")
        if wrong:
            print(f"# {wrong}")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
