# mdoc.py - what a manual page says: its names, prototypes, fields, flags and examples.
# SPDX-License-Identifier: MIT
import collections
import pathlib
import re
import shlex

ESCAPES = {r"\e": "\\", r"\-": "-", r"\&": "", r"\(aq": "'", r"\(dq": '"', r"\(ti": "~",
           r"\(ha": "^", r"\(ga": "`", r"\(lq": '"', r"\(rq": '"'}
ESCAPE = re.compile(r"\\(?:\(..|.)")
PUNCTUATION = set(".,:;()[]?!")

Prototype = collections.namedtuple("Prototype", "line name text")
Field = collections.namedtuple("Field", "line struct text")
Program = collections.namedtuple("Program", "line text stdin stdout")


class Broken(Exception):
    """A page that cannot be read; says where."""


def plain(text):
    """The characters that a line of a page stands for."""
    return ESCAPE.sub(lambda m: ESCAPES.get(m[0], m[0]), text)


def words(line):
    """A macro line as its arguments, the macro first; quotes are taken off."""
    lexer = shlex.shlex(line[1:], posix=True)
    lexer.whitespace_split = True
    lexer.quotes, lexer.escape, lexer.commenters = '"', "", ""
    try:
        return list(lexer)
    except ValueError as why:
        raise Broken(f"{line!r}: {why}") from None


class Line:
    """A line of a page, with its number and the section and subsection it is in."""

    def __init__(self, number, text, section, subsection):
        self.number, self.text = number, text
        self.section, self.subsection = section, subsection
        self.words = words(text) if text.startswith(".") and text[1:2] != "\\" else []
        self.macro = self.words[0] if self.words else ""

    def after(self, macro):
        """What follows each `macro` on the line; "Fl l , Fl \\-label" has l and --label."""
        return [plain(after) for before, after in zip(self.words, self.words[1:])
                if before == macro and after not in PUNCTUATION]


class Page:
    def __init__(self, path, root):
        self.path = pathlib.Path(path)
        self.shown = self.path.relative_to(root)
        self.name, self.volume = self.path.stem, self.path.suffix[1:]
        self.raw = self.path.read_text().splitlines()
        self.lines = list(self._read())

    def _read(self):
        section = subsection = ""
        literal = False
        for number, text in enumerate(self.raw, 1):
            if literal and text != ".Ed":
                line = Line(number, "", section, subsection)
                line.text = text
                yield line
                continue
            try:
                line = Line(number, text, section, subsection)
            except Broken as why:
                raise Broken(f"{self.shown}:{number}: {why}") from None
            if line.macro == "Sh":
                section, subsection = " ".join(line.words[1:]), ""
            elif line.macro == "Ss":
                subsection = " ".join(line.words[1:])
            literal = line.macro == "Bd"
            line.section, line.subsection = section, subsection
            yield line

    def at(self, number):
        return f"{self.shown}:{number}"

    def names(self):
        return {line.words[1]: line.number for line in self.lines
                if line.section == "NAME" and line.macro == "Nm"}

    def prototypes(self):
        """Of the synopsis: functions and function types as they stand in a header."""
        result, opened = "", None
        for line in self.lines:
            if line.section != "SYNOPSIS":
                continue
            if line.macro == "Ft":
                result = " ".join(line.words[1:])
            elif line.macro == "Fo":
                opened = (line.number, line.words[1], [])
            elif line.macro == "Fa" and opened:
                opened[2].extend(line.words[1:])
            elif line.macro == "Fc":
                yield self._prototype(result, *opened)
                opened = None
            elif line.macro == "Fn" and not line.words[1].startswith("CADRE_"):
                yield self._prototype(result, line.number, line.words[1], line.words[2:])

    @staticmethod
    def _prototype(result, number, name, arguments):
        return Prototype(number, name, f"{result} {name}({', '.join(arguments)})")

    def fields(self):
        """The items of subsections called "Fields of cadre_..."."""
        for line in self.lines:
            if line.subsection.startswith("Fields of ") and line.macro == "It":
                for declaration in line.after("Fa"):
                    yield Field(line.number, line.subsection.split()[-1], declaration)

    def structs(self):
        return {line.subsection.split()[-1]: line.number for line in self.lines
                if line.macro == "Ss" and line.subsection.startswith("Fields of ")}

    def marked(self, *macros):
        """(line number, word) of what these macros mark, outside of examples."""
        for line in self.lines:
            if line.section != "EXAMPLES":
                for macro in macros:
                    for word in line.after(macro):
                        yield line.number, word

    def item(self, word):
        """The text of the list item that begins with `word`, up to the next item."""
        text = None
        for line in self.lines:
            if line.macro in ("It", "El", "Sh", "Ss") and text is not None:
                return text
            if line.macro == "It" and word in line.words:
                text = ""
            if text is not None:
                text += plain(" ".join(line.words) if line.words else line.text) + "\n"
        return text

    def tokens(self, pattern):
        """(line number, token) wherever the pattern occurs, in text and examples."""
        for number, text in enumerate(self.raw, 1):
            if number > 2:
                for token in re.findall(pattern, plain(text)):
                    yield number, token

    # ---- examples ----

    def displays(self):
        """(line number, text before it, lines) of the literal displays in EXAMPLES."""
        before, block = "", None
        for line in self.lines:
            if line.section != "EXAMPLES":
                continue
            if line.macro == "Bd":
                block = (line.number, before, [])
            elif line.macro == "Ed":
                yield block
                before, block = "", None
            elif block:
                block[2].append(line.text)
            elif not line.macro:
                before += line.text + "\n"

    def programs(self):
        """Displays that have a main, each with what it is said to read and to print."""
        program = None
        for number, before, lines in self.displays():
            text = "".join(self._literal(number + i, t) + "\n"
                           for i, t in enumerate(lines, 1))
            if "int main(" in text:
                if program:
                    yield program
                program = Program(number, text, "", None)
            elif program and re.search(r"\binput\b", before):
                program = program._replace(stdin=text)
            elif program and re.search(r"\bprints\b", before):
                program = program._replace(stdout=text)
        if program:
            yield program

    def _literal(self, number, text):
        for escape in ESCAPE.findall(text):
            if escape not in ESCAPES:
                raise Broken(f"{self.at(number)}: {escape} in an example: write \\e for a "
                             "backslash")
        return plain(text)


def pages(root, volume):
    folder = pathlib.Path(root) / "doc" / "man"
    return [Page(path, root) for path in sorted(folder.glob("*." + volume))]
