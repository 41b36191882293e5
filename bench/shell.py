# shell.py - the subject `shell`: cadre map beside other ways to run a command for each input.
# SPDX-License-Identifier: MIT
#
# Whole programs are timed, from their start to their end. The loop of posix_spawn is what
# Linux can do: it keeps no output, no order and no count of what fails.
import os
import shutil
import subprocess
import tempfile
import time
from statistics import median

JOBS = 4000
PIPE_MIB = 256
STARTS = 20

# label, command, the goal: at most so many times this one's time
COMMANDS = [
    ("cadre map -j2", "{cadre} map -j2 true <{inputs}", None),
    ("cadre map -j2, with a journal", "rm -f {journal}*; {cadre} map -j2 --journal {journal} "
     "true <{inputs}", None),
    ("a loop of posix_spawn, two at a time", "{spawn} {jobs} 2", 1.1),
    ("xargs -P2 -n1", "xargs -P2 -n1 true <{inputs}", 1),
    ("GNU parallel -j2", "{parallel} -j2 true <{inputs}", 0.2),
]
PIPES = [
    ("cadre map --pipe", "{cadre} map -j2 --pipe cat <{data} >/dev/null", None),
    ("cadre map --pipe-part", "{cadre} map -j2 --pipe-part -a {data} cat >/dev/null", None),
    ("GNU parallel --pipe", "{parallel} -j2 --pipe cat <{data} >/dev/null", 1),
    ("GNU parallel --pipe-part", "{parallel} -j2 --pipe-part -a {data} cat >/dev/null", 1),
]
START = [("cadre map, no inputs", "i=0; while [ $i -lt %d ]; do {cadre} map true :::; "
          "i=$((i + 1)); done" % STARTS, None),
         ("true", "i=0; while [ $i -lt %d ]; do /bin/true; i=$((i + 1)); done" % STARTS, None)]


class Shell:
    name = "shell"
    title = "commands for inputs, in a shell"

    def measure(self, runner):
        with tempfile.TemporaryDirectory(prefix="cadre-bench-") as folder:
            names = fill(folder, runner)
            return {part: [measure_row(row, names, runner) for row in rows]
                    for part, rows in (("commands", COMMANDS), ("pipes", PIPES),
                                       ("starts", START))}

    def show(self, result):
        yield from show_part(f"`true` for each of {JOBS} inputs (s)", result["commands"])
        yield from show_part(f"{PIPE_MIB} MiB of lines through blocks (s)", result["pipes"])
        yield f"starting, of {STARTS} (ms each; the goal is that cadre takes 3 ms at most)"
        for row in result["starts"]:
            if row["rounds"]:
                yield f"  {row['label']:40}{1000 * min(row['rounds']) / STARTS:10.2f}"
        yield ""


def fill(folder, runner):
    """The files that commands read, and the programs' paths."""
    jobs = 40 if runner.quick else JOBS
    mib = 1 if runner.quick else PIPE_MIB
    inputs, data = os.path.join(folder, "inputs"), os.path.join(folder, "data")
    with open(inputs, "w", encoding="utf-8") as file:
        file.writelines(f"{i}\n" for i in range(1, jobs + 1))
    with open(data, "wb") as file:
        line = b"%063d\n"
        block = b"".join(line % i for i in range(1 << 14))
        for _ in range(mib):
            file.write(block)
    return {"cadre": os.path.join(os.path.dirname(runner.programs), "cadre"),
            "spawn": os.path.join(runner.programs, "bench-spawn"),
            "parallel": shutil.which("parallel"), "jobs": jobs, "inputs": inputs,
            "data": data, "journal": os.path.join(folder, "journal"), "home": folder}


def measure_row(row, names, runner):
    label, command, goal = row
    measured = {"label": label, "goal": goal, "rounds": []}
    if "{parallel}" in command and not names["parallel"]:
        return measured
    open(os.path.join(names["home"], "will-cite"), "w", encoding="utf-8").close()
    for _ in range(runner.rounds):
        begun = time.monotonic()
        done = subprocess.run(["sh", "-c", command.format(**names)], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True,
                              env={**runner.environment, "PARALLEL_HOME": names["home"]})
        measured["rounds"].append(time.monotonic() - begun)
        if done.returncode:
            runner.failures.append(f"{label}: exit status {done.returncode}: {done.stderr}")
    return measured


def show_part(title, rows):
    first = rows[0]["rounds"]
    yield f"{title}; cadre's time over each one's, the median of the rounds"
    for row in rows:
        if not row["rounds"]:
            yield f"  {row['label']:40}{'not installed':>16}"
            continue
        ratio = median(ours / theirs for ours, theirs in zip(first, row["rounds"]))
        text = f"  {row['label']:40}{min(row['rounds']):10.3f}{ratio:8.2f}"
        if row["goal"]:
            word = "reached" if ratio <= row["goal"] else "MISSED"
            text += f"   goal: {row['goal']} at most: {word}"
        yield text
    yield ""
