# shell.py - the subject `shell`: cadre map beside other ways to run a command for each input.
# SPDX-License-Identifier: MIT
#
# Whole programs are timed, from their start to their end, in turns: a machine that changes
# its speed changes it for all. GNU parallel takes so long for a job that it gets fewer, and
# a smaller file. The loop of posix_spawn is what Linux can do: it keeps no output, no order
# and no count of what fails. How many rounds there are compare.py says.
import os
import shutil
import subprocess
import tempfile
import time
from statistics import median

from compare import settled

JOBS = 600
FEW_JOBS = 100
PIPE_MIB = 128
FEW_MIB = 32
STARTS = 20

# label, command, how many jobs, MiB or starts, the goal: at most so many times the time of
# this one for each
COMMANDS = [
    ("cadre map -j2", "{cadre} map -j2 true <{inputs}", JOBS, None),
    ("cadre map -j2, with a journal", "rm -f {journal}*; {cadre} map -j2 --journal {journal} "
     "true <{inputs}", JOBS, None),
    ("a loop of posix_spawn, two at a time", "{spawn} {jobs} 2", JOBS, 1.1),
    ("xargs -P2 -n1", "xargs -P2 -n1 true <{inputs}", JOBS, 1),
    ("GNU parallel -j2", "{parallel} -j2 true <{few}", FEW_JOBS, 0.2),
]
PIPES = [
    ("cadre map --pipe", "{cadre} map -j2 --pipe cat <{data} >/dev/null", PIPE_MIB, None),
    ("cadre map --pipe-part", "{cadre} map -j2 --pipe-part -a {data} cat >/dev/null", PIPE_MIB, None),
    ("GNU parallel --pipe", "{parallel} -j2 --pipe cat <{less} >/dev/null", FEW_MIB, 1),
    ("GNU parallel --pipe-part", "{parallel} -j2 --pipe-part -a {less} cat >/dev/null", FEW_MIB, 1),
]
START = [("cadre map, no inputs", "i=0; while [ $i -lt %d ]; do {cadre} map true :::; "
          "i=$((i + 1)); done" % STARTS, STARTS, None),
         ("true", "i=0; while [ $i -lt %d ]; do /bin/true; i=$((i + 1)); done" % STARTS,
          STARTS, None)]


class Shell:
    name = "shell"
    title = "commands for inputs, in a shell"

    def measure(self, runner):
        with tempfile.TemporaryDirectory(prefix="cadre-bench-") as folder:
            names = fill(folder, runner)
            return {part: measure_table(rows, names, runner)
                    for part, rows in (("commands", COMMANDS), ("pipes", PIPES),
                                       ("starts", START))}

    def show(self, result):
        yield from show_part(f"`true` for each of {JOBS} inputs (of {FEW_JOBS} for GNU "
                             "parallel), ms a job", result["commands"])
        yield from show_part(f"{PIPE_MIB} MiB of lines ({FEW_MIB} for GNU parallel) through "
                             "blocks, ms a MiB", result["pipes"])
        yield f"starting, of {STARTS} (ms each; the goal is that cadre takes 3 ms at most)"
        for row in result["starts"]:
            if row["rounds"]:
                yield f"  {row['label']:40}{1000 * min(row['rounds']):10.2f}"
        yield ""


def fill(folder, runner):
    """The files that commands read, and the programs' paths."""
    jobs, few = (40, 4) if runner.quick else (JOBS, FEW_JOBS)
    sizes = {"data": 1, "less": 1} if runner.quick else {"data": PIPE_MIB, "less": FEW_MIB}
    names = {name: os.path.join(folder, name) for name in ("inputs", "few", *sizes, "journal")}
    for name, count in (("inputs", jobs), ("few", few)):
        with open(names[name], "w", encoding="utf-8") as file:
            file.writelines(f"{i}\n" for i in range(1, count + 1))
    block = b"".join(b"%063d\n" % i for i in range(1 << 14))
    for name, mib in sizes.items():
        with open(names[name], "wb") as file:
            for _ in range(mib):
                file.write(block)
    open(os.path.join(folder, "will-cite"), "w", encoding="utf-8").close()
    return {"cadre": os.path.join(os.path.dirname(runner.programs), "cadre"),
            "spawn": os.path.join(runner.programs, "bench-spawn"),
            "parallel": shutil.which("parallel"), "jobs": jobs, "home": folder, **names}


def measure_table(rows, names, runner):
    """Seconds for each job, MiB or start, round by round."""
    measured = [{"label": label, "goal": goal, "rounds": []} for label, _, _, goal in rows]
    for turn in range(runner.rounds):
        if turn >= runner.few and all_settled(measured):
            break
        for row, (_, command, count, _) in zip(measured, rows):
            if "{parallel}" not in command or names["parallel"]:
                row["rounds"].append(timed(row["label"], command, names, runner) / count)
    return measured


def all_settled(rows):
    return all(settled(ratios(rows[0], row), row["goal"])
               for row in rows if row["goal"] and row["rounds"])


def ratios(first, row):
    """Of cadre's time, the first row's, to another's."""
    return [ours / theirs for ours, theirs in zip(first["rounds"], row["rounds"])]


def timed(label, command, names, runner):
    began = time.monotonic()
    done = subprocess.run(["sh", "-c", command.format(**names)], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True,
                          env={**runner.environment, "PARALLEL_HOME": names["home"]})
    if done.returncode:
        runner.failures.append(f"{label}: exit status {done.returncode}: {done.stderr}")
    return time.monotonic() - began


def show_part(title, rows):
    rounds = len(rows[0]["rounds"])
    yield f"{title}; cadre's time over each one's, the median of {rounds} rounds"
    for row in rows:
        if not row["rounds"]:
            yield f"  {row['label']:40}{'not installed':>16}"
            continue
        ratio = median(ratios(rows[0], row))
        text = f"  {row['label']:40}{1000 * min(row['rounds']):10.3f}{ratio:8.2f}"
        if row["goal"]:
            word = "reached" if ratio <= row["goal"] else "MISSED"
            text += f"   goal: {row['goal']} at most: {word}"
        yield text
    yield ""
