# headers.py - what the public headers declare, each with the place where they do.
# SPDX-License-Identifier: MIT
import bisect
import pathlib
import re

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(CADRE_\w+)(\(\w[^)]*\))?"
                    r"((?:\\\n|[^\n])*)", re.M)
UNDEF = re.compile(r"^[ \t]*#[ \t]*undef[ \t]+(CADRE_\w+)", re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
FUNCTION = re.compile(r"\bCADRE_API\s+([^;{}]+?)\s*(?:CADRE_PRINTF\([^)]*\))?\s*;")
CALLBACK = re.compile(r"\b(typedef\s[^;{}()]*?\b(cadre_\w+)\([^;{}]*\))\s*;")
STRUCT = re.compile(r"\bstruct\s+(cadre_\w+)\s*\{([^{}]*)\}")
ENUM = re.compile(r"\benum\s+(cadre_\w+)\s*\{([^{}]*)\}")
TYPE = re.compile(r"\btypedef\s+struct\s+cadre_\w+\s+(cadre_\w+)\s*;")
TAG = re.compile(r"\b(?:struct|enum)\s+(cadre_\w+)")
ROW = re.compile(r"\bX\(((?:\"[^\"]*\"|[^)\"])*)\)")


def blank(match):
    """As many lines of nothing, so that places stay what they are."""
    return re.sub(r"[^\n]", " ", match[0])


def tokens(declaration):
    return re.findall(r"\w+|\.\.\.|[^\s\w]", declaration)


def same(a, b):
    return tokens(a) == tokens(b)


def split(text, separator):
    """At separators outside of parentheses and quotes; pieces with their places."""
    depth, quoted, start = 0, False, 0
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        depth += (c in "([") - (c in ")]")
        if c == separator and depth == 0 and not quoted:
            yield start, text[start:i]
            start = i + 1
    yield start, text[start:]


def declared_name(declarator):
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", declarator)
    if pointer:
        return pointer[1]
    return re.findall(r"\w+", re.sub(r"\[.*", "", declarator))[-1]


class Header:
    def __init__(self, path, root):
        self.shown = pathlib.Path(path).relative_to(root)
        self.text = COMMENT.sub(blank, pathlib.Path(path).read_text())
        self.code = DIRECTIVE.sub(blank, self.text)
        self.ends = [m.start() for m in re.finditer("\n", self.text)]

    def at(self, place):
        return f"{self.shown}:{bisect.bisect_left(self.ends, place) + 1}"

    def functions(self):
        for m in FUNCTION.finditer(self.code):
            prototype = " ".join(m[1].split())
            yield re.search(r"(cadre_\w+)\s*\(", prototype)[1], (self.at(m.start()), prototype)

    def callbacks(self):
        for m in CALLBACK.finditer(self.code):
            yield m[2], (self.at(m.start()), " ".join(m[1].split()))

    def fields(self):
        """(struct, field): (place, declaration)."""
        for m in STRUCT.finditer(self.code):
            for start, declaration in split(m[2], ";"):
                place = m.start(2) + start + len(declaration) - len(declaration.lstrip())
                for name, text in self._declarators(declaration):
                    yield (m[1], name), (self.at(place), text)

    @staticmethod
    def _declarators(declaration):
        """ "uint64_t done, total" is two."""
        parts = [part.strip() for _, part in split(" ".join(declaration.split()), ",")]
        if not parts[0]:
            return
        yield declared_name(parts[0]), parts[0]
        for part in parts[1:]:
            base = re.match(r"((?:const |struct |unsigned )*\w+)", parts[0])[1]
            yield declared_name(part), f"{base} {part}"

    def rows(self):
        """Of lists that are macros, CADRE_CODES(X): constant: (place, list, arguments)."""
        for m in DEFINE.finditer(self.text):
            for row in ROW.finditer(m[3]) if m[2] == "(X)" else ():
                arguments = [a.strip().replace('" "', "") for _, a in split(row[1], ",")]
                yield ("CADRE_" + arguments[0],
                       (self.at(m.start(3) + row.start()), m[1], arguments))

    def constants(self):
        gone = set(UNDEF.findall(self.text))
        for m in DEFINE.finditer(self.text):
            if m[1] not in gone and not m[1].endswith("_H"):
                yield m[1], self.at(m.start())
        for name, (place, _, _) in self.rows():
            yield name, place
        for m in ENUM.finditer(self.code):
            for value in re.finditer(r"\b(CADRE_\w+)\b(?!\()(?=\s*(?:=|,|$))", m[2]):
                yield value[1], self.at(m.start(2) + value.start())

    def unread(self):
        """Places of declarations that the patterns above do not understand."""
        known = [m.start() for p in (FUNCTION, STRUCT, ENUM) for m in p.finditer(self.code)]
        for m in re.finditer(r"\bCADRE_API\b|\b(?:struct|enum)\s+\w*\s*\{|\bunion\b", self.code):
            if m.start() not in known:
                yield self.at(m.start())

    def types(self):
        for pattern in (TYPE, TAG):
            for m in pattern.finditer(self.code):
                yield m[1], self.at(m.start())


class Headers:
    """All of them; each name maps to where it is declared, and what else there is."""

    def __init__(self, root):
        folder = pathlib.Path(root) / "include" / "cadre"
        self.each = [Header(path, root) for path in sorted(folder.rglob("*.h"))]
        for kind in ("functions", "callbacks", "fields", "rows", "constants", "types"):
            found = {}
            for header in self.each:
                for name, what in getattr(header, kind)():
                    found.setdefault(name, what)
            setattr(self, kind, found)

    def names(self):
        return {*self.functions, *self.callbacks, *self.constants, *self.types}

    def parameters(self):
        """The names of all parameters and fields."""
        prototypes = [text for _, text in [*self.functions.values(),
                                           *self.callbacks.values()]]
        found = {name for _, name in self.fields}
        for text in prototypes + [text for _, text in self.fields.values()]:
            for _, parameter in split(text[text.find("(") + 1:text.rfind(")")], ","):
                found.update(re.findall(r"\w+", parameter)[-2:])
        return found
