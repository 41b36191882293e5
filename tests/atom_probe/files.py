#!/usr/bin/env python3
# files.py - atom-probe and its files: good ones, bad ones, and more than memory holds.
# SPDX-License-Identifier: MIT
#
# usage: files.py PROGRAM [--sanitized]
#
# Sanitizers take memory of their own: with them the limits are kept, but not looked at.
# Prints TAP. Works in a folder of its own, which must hold no leftovers in the end.
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
SANITIZED = "--sanitized" in sys.argv
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("CADRE_")}
SMALL = 40000  # ions
FEW = ["--segment", "1000", "--rounds", "1"]
tests = []


def test(function):
    tests.append(function)
    return function


class Run:
    """The program's end: status, output, and the most memory one of its processes had."""

    def __init__(self, *words, stdin=subprocess.DEVNULL, limit=None):
        def prepare():
            if limit:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with open("out", "wb") as out, open("err", "wb") as err:
            child = subprocess.Popen([PROGRAM, *words], stdin=stdin, stdout=out, stderr=err,
                                     env=ENVIRONMENT, preexec_fn=prepare)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        self.status, self.peak = child.returncode, usage.ru_maxrss * 1024
        with open("out", encoding="utf-8") as out, open("err", encoding="utf-8") as err:
            self.out, self.err = out.read(), err.read()
        os.unlink("out")
        os.unlink("err")


def good(*words, **how):
    run = Run(*words, **how)
    assert run.status == 0, f"{words}: status {run.status}: {run.err}"
    return run


def fails(status, texts, *words, **how):
    """It fails so, says so in one line, and leaves the folder as it was."""
    before = contents()
    run = Run(*words, **how)
    assert run.status == status, f"{words}: status {run.status}, not {status}: {run.err}"
    assert run.err.startswith("atom-probe: ") and run.err.count("\n") == 1, run.err
    for text in texts:
        assert text in run.err, f"{words}: no {text!r} in {run.err!r}"
    assert contents() == before, f"{words}: {before} became {contents()}"


def contents():
    return {name: os.stat(name).st_size for name in sorted(os.listdir("."))}


def data(name):
    with open(name, "rb") as file:
        return file.read()


def write(name, content):
    with open(name, "wb") as file:
        file.write(content)


def changed(records, record, field, value, order=">"):
    """A copy with one float replaced: field 4 is tof, 5 voltage, 7 and 8 x and y."""
    at = record * 44 + field * 4
    return records[:at] + struct.pack(order + "f", value) + records[at + 4:]


def widths(run):
    lines = [line for line in run.out.splitlines() if line.startswith("peak ")]
    return [float(line.split(", ")[1].split()[0]) for line in lines]


# ---- what is right ----

@test
def made_up_ions_are_the_same_whoever_makes_them():
    good("gen", "a.epos", "--ions", str(SMALL))
    assert os.stat("a.epos").st_size == SMALL * 44
    for backend in ("serial", "threads", "processes", "persistent"):
        good("gen", "b.epos", "--ions", str(SMALL), "--backend", backend, "--workers", "3")
        assert data("b.epos") == data("a.epos"), backend
    good("gen", "b.epos", "--ions", "1")
    assert data("b.epos")[28:36] == data("a.epos")[28:36]  # the first ion's place
    os.unlink("b.epos")


@test
def calibrating_sharpens_the_peak():
    run = good("calibrate", "a.epos", "plain.epos", *FEW)
    before, after = widths(run)
    assert after < before / 20, run.out
    assert "partial hits: 0\n" in run.out, run.out


@test
def same_bytes_on_any_backend_in_any_memory():
    plain = data("plain.epos")
    for words in (["--backend", "serial", "--memory", "8M"],
                  ["--backend", "threads", "--workers", "3", "--memory", "12M"],
                  ["--backend", "processes", "--workers", "2", "--memory", "9M"],
                  ["--backend", "persistent", "--workers", "2", "--memory", "9M"],
                  ["--backend", "threads", "--workers", "2", "--read", "streamed"],
                  ["--backend", "persistent", "--workers", "2", "--read", "streamed",
                   "--memory", "9M", "--scratch", "."]):
        run = good("calibrate", "a.epos", "b.epos", *FEW, "--workers", "1", *words)
        assert data("b.epos") == plain, words
        held, window = [int(w) for w in run.err.split("at most ")[1].split() if w.isdigit()]
        assert held <= window, run.err
        os.unlink("b.epos")


@test
def from_a_pipe():
    with subprocess.Popen(["cat", "a.epos"], stdout=subprocess.PIPE) as cat:
        good("calibrate", "-", "b.epos", *FEW, stdin=cat.stdout)
    assert data("b.epos") == data("plain.epos")
    os.unlink("b.epos")


@test
def a_mass_for_each_ion():
    good("calibrate", "a.epos", "b.pos", *FEW, "--mass", "26.982")
    content = data("b.pos")
    assert len(content) == SMALL * 16
    masses = [m[0] for m in struct.iter_unpack(">12xf", content)]
    near = sum(abs(m - 26.982) < 0.2 for m in masses)
    assert near > 0.5 * SMALL, near
    os.unlink("b.pos")


@test
def partial_hits_stay():
    nan = changed(changed(data("a.epos"), 7, 7, float("nan")), 7, 8, float("nan"))
    write("b.epos", nan)
    run = good("calibrate", "b.epos", "c.epos", *FEW)
    assert "partial hits: 1\n" in run.out, run.out
    record = struct.unpack(">9f2I", data("c.epos")[7 * 44:8 * 44])
    assert record[4] > 0 and record[7] != record[7], record
    os.unlink("b.epos")
    os.unlink("c.epos")


@test
def an_existing_file_is_replaced_and_a_link_kept():
    write("b.epos", b"before")
    os.chmod("b.epos", 0o640)
    os.symlink("b.epos", "link.epos")
    good("calibrate", "a.epos", "link.epos", *FEW)
    assert os.path.islink("link.epos") and data("b.epos") == data("plain.epos")
    assert os.stat("b.epos").st_mode & 0o777 == 0o640
    os.unlink("link.epos")
    os.unlink("b.epos")


@test
def rows_of_hits_as_csv():
    good("recover", "--pulses", "2000", "--out", "rows.csv")
    one = data("rows.csv")
    assert one.startswith(b"sequence_index,chunk_index,") and one.count(b"\n") > 2000
    good("recover", "--pulses", "2000", "--out", "rows.csv", "--batch", "7",
         "--backend", "processes", "--workers", "2")
    assert data("rows.csv") == one
    os.unlink("rows.csv")


@test
def cells_and_segments_as_csv():
    for words in (["voltage", "--segment", "1000"], ["bowl", "--sample", "5"]):
        good(*words, "--ions", "20000", "--out", "b.csv")
        assert data("b.csv").count(b"\n") > 20
        os.unlink("b.csv")


# ---- what is not ----

@test
def bad_files():
    a = data("a.epos")
    nan, n = float("nan"), SMALL
    swapped = b"".join(a[i:i + 4][::-1] for i in range(0, 44000, 4))
    how = (["--memory", "20M"], ["--backend", "processes"], ["--read", "streamed"])
    for i, (name, content, texts) in enumerate((
            ("empty.epos", b"", ["empty.epos is empty"]),
            ("cut.epos", a[:-20], [f"cut.epos: record {n - 1} is torn: 24 of its 44 bytes",
                                   "--torn keep"]),
            ("short.epos", a[:43], ["short.epos: record 0 is torn: 43 of its 44 bytes"]),
            ("nan.epos", changed(a, 20000, 4, nan),
             ["nan.epos: record 20000: the time of flight is nan"]),
            ("x.epos", changed(a, 3, 7, nan),
             ["x.epos: record 3: x on the detector is nan"]),
            ("far.epos", changed(a, 3, 8, 1e9),
             ["far.epos: record 3: y on the detector is 1e+09"]),
            ("low.epos", changed(a, 9, 5, -2000), ["record 9: the voltage is -2000"]),
            ("inf.epos", changed(a, 9, 4, float("inf")), ["record 9: ", "is inf"]),
            ("little.epos", swapped, ["little.epos: record ", "little-endian"]),
            ("few.epos", a[:44 * 50], ["few.epos: ", "too few to calibrate with"]),
            ("text.h5", b"no HDF5\n" * 100, ["text.h5: "]),
            ("a.pos", a[:1600], ["a.pos: POS files have no voltage"]))):
        write(name, content)
        write("kept.epos", b"before")
        status = 1 if name in ("a.pos", "text.h5") else 2
        fails(status, texts, "calibrate", name, "kept.epos", "--workers", "2", *how[i % 3])
        assert data("kept.epos") == b"before"
        os.unlink(name)
    os.unlink("kept.epos")


@test
def the_first_bad_record_is_reported_whoever_finds_it():
    content = changed(changed(data("a.epos"), 25000, 4, -1), 10000, 4, 0)
    write("b.epos", content)
    for workers in ("1", "2"):
        fails(2, ["b.epos: record 10000: the time of flight is 0"], "calibrate", "b.epos",
              "--backend", "threads", "--workers", workers, "--memory", "30M")
    os.unlink("b.epos")


@test
def a_torn_record_can_be_left_out():
    write("b.epos", data("a.epos") + b"torn")
    run = good("calibrate", "b.epos", "c.epos", *FEW, "--torn", "keep")
    assert f"record {SMALL} is torn: 4 of its 44 bytes" in run.err, run.err
    assert data("c.epos") == data("plain.epos")
    os.unlink("b.epos")
    os.unlink("c.epos")


@test
def what_cannot_be_written():
    os.mkdir("folder")
    write("mine.epos", b"mine")
    os.chmod("mine.epos", 0o444)
    for out, texts in (("none/b.epos", ["none/b.epos", "No such file"]),
                       ("folder", ["folder: the name says no format"]),
                       ("mine.epos", ["mine.epos: Permission denied"])):
        fails(1, texts, "calibrate", "a.epos", out, *FEW)
    fails(1, ["/dev/full: No space left"], "calibrate", "a.epos", "/dev/full", *FEW,
          "--out-format", "epos")
    fails(1, ["/dev/full: No space left"], "gen", "/dev/full", "--ions", "1000",
          "--out-format", "epos")
    fails(1, ["b.epos: File too large"], "calibrate", "a.epos", "b.epos", *FEW,
          limit=500000)
    fails(1, ["a working file: File too large"], "calibrate", "a.epos", "b.epos", *FEW,
          "--workers", "1", "--memory", "8M", limit=100000)
    fails(1, ["b.epos: File too large"], "gen", "b.epos", "--ions", "60000", limit=1000000)
    os.unlink("mine.epos")
    os.rmdir("folder")


@test
def what_cannot_be_read():
    fails(1, ["none.epos: No such file"], "calibrate", "none.epos", "b.epos")
    fails(1, ["a.xyz: the name says no format"], "calibrate", "a.xyz")
    os.mkdir("d.epos")
    fails(1, ["d.epos is a folder"], "calibrate", "d.epos", "b.epos")
    os.rmdir("d.epos")
    fails(1, ["8192 bytes of memory are too little for 2 workers", "KiB are needed"],
          "calibrate", "a.epos", "b.epos", "--memory", "8K", "--workers", "2", "--backend",
          "threads")


@test
def wrong_words():
    for words, text in ((["calibrate"], "calibrate needs IN"),
                        (["calibrate", "a.epos", "b", "c"], "one argument too many"),
                        (["calibrate", "a.epos", "--ions", "3"], "no option --ions"),
                        (["gen", "b.epos", "--ions", "x"], '--ions is "x"'),
                        (["gen", "b.epos", "--ions"], "--ions needs a value"),
                        (["gen", "b.epos", "--quiet=1"], "--quiet takes no value"),
                        (["voltage", "--bin", "-1"], "a number above 0"),
                        (["bowl", "--kernel", "fast"], "one of binned|scan"),
                        (["calibrate", "a.epos", "--peak", "5:4"], "two numbers"),
                        (["calibrate", "a.epos", "--memory", "3X"], "a size such as")):
        fails(64, [text], *words)
    fails(1, ["cells have mean or histogram"], "bowl", "--method", "median")
    fails(1, ["only HDF5 files have raw stops"], "gen", "b.epos", "--pulses", "5")
    fails(1, ["--rounds is 9"], "calibrate", "a.epos", "--rounds", "9")
    assert Run("nothing").status == 64
    assert "usage: atom-probe gen FILE" in good("gen", "--help").out


@test
def an_interrupt_leaves_nothing():
    before = contents()
    reading, writing = os.pipe()
    child = subprocess.Popen([PROGRAM, "calibrate", "-", "b.epos"], stdin=reading,
                             stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    os.write(writing, data("a.epos")[:4400])
    while fionread(reading) > 0 and child.poll() is None:
        time.sleep(0)  # until it has read that, and waits for more
    deadline = time.monotonic() + 60
    child.send_signal(signal.SIGINT)
    while child.poll() is None and time.monotonic() < deadline:
        try:
            child.wait(0.2)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)  # the first came between two reads
    os.close(reading)
    os.close(writing)
    assert child.wait() == 130, child.returncode
    assert contents() == before


def fionread(fd):
    import array
    import fcntl
    import termios
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


# ---- HDF5 ----

@test
def hdf5_there_and_back():
    run = Run("gen", "a.h5", "--ions", str(SMALL), "--pulses", "2000")
    if "without libhdf5" in run.err:
        assert run.status == 1
        return
    assert run.status == 0, run.err
    good("calibrate", "a.h5", "b.epos", *FEW)
    # x and y are doubles there, and floats in EPOS: nearly the same is all there is.
    one, other = (struct.iter_unpack(">9f2I", data(f)) for f in ("plain.epos", "b.epos"))
    assert all(abs(r[4] - s[4]) < 0.01 * r[4] for r, s in zip(one, other))
    good("calibrate", "a.h5", "b.h5", *FEW, "--memory", "24M", "--workers", "2")
    good("calibrate", "b.h5", "c.epos", *FEW)
    assert data("c.epos") == data("b.epos"), "what was recorded is still there"
    assert good("recover", "a.h5").out == good("recover", "--pulses", "2000").out
    fails(2, ["b.h5 has no data set tdc/channel"], "recover", "b.h5")
    write("cut.h5", data("a.h5")[:1000000])
    fails(1, ["cut.h5: cannot open it as HDF5"], "calibrate", "cut.h5", "d.h5")
    fails(1, ["d.h5: cannot write "], "calibrate", "a.h5", "d.h5", *FEW, limit=1000000)
    for name in ("a.h5", "b.h5", "cut.h5", "b.epos", "c.epos"):
        os.unlink(name)


# ---- measuring and drawing ----

@test
def the_report_finds_the_same_bytes():
    run = good("report", "--ions", "30000", "--pulses", "3000", "--repetitions", "1", "--scan",
               "--sample", "5", "--workers", "2")
    assert run.out.count("same bytes") == 6 and " NO" not in run.out, run.out
    assert run.out.count("auto: stays serial: ") == 2, run.out
    assert run.out.count("min_items") == 2, run.out
    run = good("report", "--ions", "30000", "--pulses", "3000", "--repetitions", "1",
               "--figures")
    for figure in ("bowl.loop ", "voltage.threads-1 ", "sequences.sum ", "mean.auto-"):
        assert figure in run.out, run.out


@test
def pictures_are_drawn_whole():
    words = ["calibrate", "a.epos", *FEW, "--plots", "plots", "--mass", "26.982"]
    run = Run(*words)
    if "without cairo" in run.err:
        assert run.status == 1
        return
    assert run.status == 0, run.err
    assert sorted(os.listdir("plots")) == ["bowl.png", "peak.png", "spectrum.png",
                                           "voltage.png"]
    for name in os.listdir("plots"):
        content = data(f"plots/{name}")
        assert content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82")
        width, height = struct.unpack(">II", content[16:24])
        assert width == 1960 and 900 < height < 1100, (name, width, height)
        os.unlink(f"plots/{name}")
    os.rmdir("plots")
    write("plots", b"a file")
    fails(1, ["plots/peak.png", "Not a directory"], *words, "--quiet")
    os.unlink("plots")


# ---- more than memory holds ----

@test
def two_million_ions_in_a_tenth_of_their_size():
    """88 MB, of which 9 MiB may be in memory, workers' included."""
    base = good("calibrate", "a.epos", "b.epos", *FEW, "--workers", "1", "--backend",
                "serial", "--memory", "8M").peak
    memory = 9 << 20
    good("gen", "big.epos", "--ions", "2000000")
    words = ["--rounds", "1", "--workers", "2", "--backend", "threads"]
    run = good("calibrate", "big.epos", "b.epos", *words, "--memory", str(memory))
    assert "working files" in run.err, run.err
    assert SANITIZED or run.peak < base + memory, f"{run.peak} bytes, {base} to begin with"
    free = good("calibrate", "big.epos", "c.epos", *words, "--memory", "1G")
    assert " memory; " in free.err, free.err
    assert SANITIZED or free.peak > 2 * run.peak, (free.peak, run.peak)
    with open("b.epos", "rb") as one, open("c.epos", "rb") as other:
        while block := one.read(1 << 20):
            assert block == other.read(len(block))
        assert not other.read(1)
    for name in ("big.epos", "b.epos", "c.epos"):
        os.unlink(name)


def main():
    print(f"1..{len(tests)}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number, function in enumerate(tests, 1):
            name = function.__name__.replace("_", " ")
            try:
                function()
                print(f"ok {number} - {name}", flush=True)
            except Exception as trouble:  # each test says what it missed
                failed += 1
                print(f"not ok {number} - {name}\n# {str(trouble)[:2000]!r}", flush=True)
        os.chdir("/")
    sys.exit(failed > 0)


main()
