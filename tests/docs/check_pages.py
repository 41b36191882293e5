#!/usr/bin/env python3
# check_pages.py - the manual and what it is about: neither has what the other has not.
# SPDX-License-Identifier: MIT
#
# usage: check_pages.py ROOT [--aliases FOLDER] [--program CADRE]
#
# Section 3 against include/cadre: functions with their types and parameters, fields
# with theirs, constants, types, texts of codes, environment variables. Section 1
# against what the program says of itself. A field is documented by an item of a
# subsection "Fields of cadre_...", a function by its synopsis. Every complaint names
# the file, the line and the thing.
import argparse
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import headers  # noqa: E402
import mdoc  # noqa: E402

LINES = 500
TITLE = 4  # its line
DATE = re.compile(r"(January|February|March|April|May|June|July|August|September|October|"
                  r"November|December) \d{1,2}, \d{4}")
# Of the rows of these lists, what the item on a constant shows.
SHOWN = {"CADRE_CODES": (1, 2), "CADRE_METRICS": (1,),
         "CADRE_ADJUSTMENTS": (1,),
         "CADRE_SELECTORS": (1,), "CADRE_INTERVAL_METHODS": (1, 2)}


# ---- each page alone ----

def check_form(page):
    first = f'.\\" {page.path.name} - '
    if not page.raw[0].startswith(first):
        yield f"{page.at(1)}: the first line does not begin with {first!r}"
    if page.raw[1] != '.\\" SPDX-License-Identifier: MIT':
        yield f"{page.at(2)}: the second line is not the licence tag"
    if not (page.lines[2].macro == "Dd" and DATE.fullmatch(" ".join(page.lines[2].words[1:]))):
        yield f"{page.at(3)}: no date"
    if page.lines[3].words != ["Dt", page.name.upper(), page.volume]:
        yield f"{page.at(4)}: the title is not {page.name.upper()} {page.volume}"
    if len(page.raw) > LINES:
        yield f"{page.at(LINES + 1)}: {len(page.raw)} lines, at most {LINES}"
    if page.name not in page.names():
        yield f"{page.at(1)}: {page.name} is not among the names"


def check_references(page, known):
    for number, word in page.marked("Xr"):
        if word.startswith("cadre") and word not in known:
            yield f"{page.at(number)}: there is no page {word}"


# ---- section 3 against the headers ----

def check_declarations(what, declared, pages):
    """Each function or function type in one synopsis, as declared; and no other."""
    found = {}
    for page in pages:
        for p in page.prototypes():
            if p.name not in declared:
                continue
            if p.name in found:
                yield f"{page.at(p.line)}: {p.name} is in the synopsis of two pages"
            found[p.name] = page
            place, text = declared[p.name]
            if not headers.same(p.text, text):
                yield f"{page.at(p.line)}: {p.name}: is {p.text!r}, in {place} it is {text!r}"
            if what == "function" and p.name not in page.names():
                yield f"{page.at(p.line)}: {p.name} is not among the names of the page"
    for name in sorted(set(declared) - set(found)):
        yield f"{declared[name][0]}: {what} {name} is in no page's synopsis"


def check_nothing_else(public, pages):
    declared = {**public.functions, **public.callbacks}
    for page in pages:
        synopsis = [p.name for p in page.prototypes()]
        for p in page.prototypes():
            if p.name not in declared:
                yield f"{page.at(p.line)}: there is no function {p.name}"
        for name, number in page.names().items():
            if name.startswith("cadre_") and name not in (page.name, *synopsis) and \
                    name not in public.types:
                yield f"{page.at(number)}: the page is named {name}, but does not have it"


def check_fields(declared, pages):
    structs = {struct for struct, _ in declared}
    where = {}
    for page in pages:
        for struct, number in page.structs().items():
            if struct in where:
                yield f"{page.at(number)}: {struct} has fields in two pages"
            where[struct] = page.at(number)
            if struct not in structs:
                yield f"{page.at(number)}: there is no structure {struct}"
    documented = set()
    for page in pages:
        for f in page.fields():
            key = (f.struct, headers.declared_name(f.text))
            documented.add(key)
            if key not in declared and f.struct in structs:
                yield f"{page.at(f.line)}: {f.struct} has no field {key[1]}"
            elif key in declared and not headers.same(f.text, declared[key][1]):
                yield (f"{page.at(f.line)}: field {key[1]} is {f.text!r}, in "
                       f"{declared[key][0]} it is {declared[key][1]!r}")
    for key in sorted(set(declared) - documented):
        place = where.get(key[0], 'no page, for want of "Fields of ' + key[0] + '"')
        yield f"{declared[key][0]}: field {key[1]} of {key[0]} is not in {place}"


def check_constants(public, pages):
    marked = {word for page in pages for _, word in page.marked("Dv", "Er", "Fn")}
    for name, place in sorted(public.constants.items()):
        if name not in marked:
            yield f"{place}: constant {name} is in no page"
    for name, (place, rows, arguments) in sorted(public.rows.items()):
        items = [item for item in (page.item(name) for page in pages) if item]
        for k in SHOWN.get(rows, ()):
            value = arguments[k].strip('"')
            if not any(re.search(rf"(?<!\w){re.escape(value)}(?!\w)",
                                 " ".join(item.split())) for item in items):
                yield f"{place}: the item on {name} does not say {value!r}"


def check_types(public, pages):
    named = {token for page in pages for _, token in page.tokens(r"\bcadre_\w+")}
    for name, place in sorted(public.types.items()):
        if name not in named and name != "cadre_code":
            yield f"{place}: type {name} is in no page"


def check_identifiers(public, variables, pages):
    """Whatever looks like ours is."""
    known = public.names() | set(variables) | {page.name for page in pages}
    parameters = public.parameters()
    for page in pages:
        for number, token in page.tokens(r"\b(?:cadre_[a-z0-9_]+|CADRE_[A-Z0-9_]+)"):
            if token not in known and number > TITLE:
                yield f"{page.at(number)}: there is no {token}"
        for number, word in page.marked("Fa"):
            names = re.findall(r"\w+", re.sub(r"\[.*", "", word))
            if names and names[-1] not in parameters and "(" not in word:
                yield f"{page.at(number)}: {names[-1]} is no parameter and no field"


def check_pages_are_listed(pages):
    overview = next(page for page in pages if page.name == "cadre")
    listed = {word for line in overview.lines if line.subsection == "Pages"
              for word in line.after("Xr")}
    for page in pages:
        if page.name not in listed | {"cadre"}:
            yield f"{page.at(1)}: the page is not among the pages of {overview.shown}"


# ---- the environment ----

def variables_of(root):
    """CADRE_* that the sources ask the environment for, and where."""
    found = {}
    for path in sorted([*(root / "src").rglob("*.c"), *(root / "mpi").glob("*.c")]):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for name in re.findall(r'getenv\([^"]*"(CADRE_\w+)"', line):
                found.setdefault(name, f"{path.relative_to(root)}:{number}")
    return found


def given_to_jobs(root):
    """CADRE_* that the program puts into the environment of others."""
    return {name for path in (root / "cli").rglob("*.c")
            for name in re.findall(r'"(CADRE_\w+)="', path.read_text())}


def check_environment(variables, given, pages):
    for page in pages:
        items = {word: number for number, word in page.marked("Ev")
                 if word.startswith("CADRE_")}
        for name in sorted(set(items) - set(variables) - given):
            yield f"{page.at(items[name])}: nothing reads {name}"
        for name in sorted(set(variables) - set(items)):
            if page.name == "cadre":
                yield f"{variables[name]}: variable {name} is not in {page.shown}"


# ---- aliases ----

def check_aliases(folder, pages):
    for page in pages:
        for name, number in page.names().items():
            path = pathlib.Path(folder) / (name + ".3")
            if name == page.name:
                continue
            if not path.exists():
                yield f"{page.at(number)}: there is no alias {path}"
            elif path.read_text() != f".so man3/{page.name}.3\n":
                yield f"{page.at(number)}: {path} does not lead to this page"
    names = {name for page in pages for name in page.names()}
    for path in sorted(pathlib.Path(folder).glob("*.3")):
        if path.stem not in names:
            yield f"{path}: an alias of no page"


# ---- section 1 against the program ----

def ask(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30,
                          check=True, env={**os.environ, "LC_ALL": "C"}).stdout


def check_program(program, pages, public):
    page = next(page for page in pages if page.name == "cadre")
    general = ask(program, "--help")
    commands = re.findall(r"^  ([a-z]+)\b", general.split("Options:")[0], re.M)
    helps = {"cadre": general,
             **{f"cadre {c}": ask(program, c, "--help") for c in commands if c != "help"}}
    flags, choices = {}, {}
    for command, text in helps.items():
        for short, long, value in re.findall(r"^  (-\w)?,? ?(--[a-z0-9-]+) ?([\w|]*)", text, re.M):
            for flag in filter(None, (short, long)):
                flags.setdefault(flag, f"{command} --help")
        for alias in re.findall(r"^  (?:-\w, )?--[a-z0-9-]+, (--[a-z0-9-]+)", text, re.M):
            flags.setdefault(alias, f"{command} --help")
            for choice in value.split("|") if "|" in value else ():
                choices.setdefault(choice, f"{command} --help: {long}")
    yield from check_flags(pages, flags)
    yield from check_words(page, pages, commands, choices)
    yield from check_metrics(pages, public)


def check_flags(pages, flags):
    defined = set()
    for page, line in ((page, line) for page in pages for line in page.lines):
        used = {"-" + word for word in line.after("Fl")}
        if line.macro == "It" or line.section == "SYNOPSIS":
            defined |= used
        if line.macro == "Dl" or line.section == "EXAMPLES":
            used |= set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*(?=[ =]|$)",
                                   mdoc.plain(line.text).split("cadre ", 1)[-1]))
        for flag in sorted(used - set(flags)):
            yield f"{page.at(line.number)}: there is no option {flag}"
    for flag in sorted(set(flags) - defined):
        yield f"{pages[0].shown}: option {flag} of {flags[flag]} is not there"


def check_words(page, pages, commands, choices):
    modifiers = dict((word, number) for p in pages for number, word in p.marked("Cm"))
    for word in sorted(set(commands) - set(modifiers)):
        yield f"{page.shown}: command {word} is not there"
    for word in sorted(set(choices) - set(modifiers)):
        yield f"{page.shown}: {word!r}, a choice of {choices[word]}, is not there"
    for line in page.lines:
        if line.section == "SYNOPSIS" and line.macro == "Cm" and line.words[1] not in commands:
            yield f"{page.at(line.number)}: there is no command {line.words[1]}"


def check_metrics(pages, public):
    metrics = {row[2][1].strip('"') for row in public.rows.values() if row[1] == "CADRE_METRICS"}
    listed = {word: page.at(line.number) for page in pages for line in page.lines
              if line.section == "METRICS" and line.macro == "It" for word in line.after("Cm")}
    for word in sorted(metrics - set(listed)):
        yield f"metric {word} is not in the manual of the program"
    for word in sorted(set(listed) - metrics):
        yield f"{listed[word]}: there is no metric {word}"


# ---- all of it ----

def complaints(root, options):
    public, variables = headers.Headers(root), variables_of(root)
    library, program = mdoc.pages(root, "3"), mdoc.pages(root, "1")
    known = {name for page in library + program for name in (page.name, *page.names())}
    for header in public.each:
        for place in header.unread():
            yield f"{place}: the checks cannot read this declaration"
    for page in library + program:
        yield from check_form(page)
        yield from check_references(page, known)
    yield from check_declarations("function", public.functions, library)
    yield from check_declarations("function type", public.callbacks, library)
    yield from check_nothing_else(public, library)
    yield from check_fields(public.fields, library)
    yield from check_constants(public, library)
    yield from check_types(public, library)
    yield from check_identifiers(public, variables, library)
    yield from check_pages_are_listed(library)
    yield from check_environment(variables, given_to_jobs(root), library + program)
    if options.aliases:
        yield from check_aliases(options.aliases, library)
    if options.program:
        yield from check_program(options.program, program, public)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--aliases")
    parser.add_argument("--program")
    options = parser.parse_args()
    root = options.root.resolve()
    try:
        found = list(complaints(root, options))
    except mdoc.Broken as why:
        found = [str(why)]
    public = headers.Headers(root)
    print("\n".join(found) or f"{len(public.functions)} functions, {len(public.fields)} "
          f"fields and {len(public.constants)} constants are in the manual, and no others"
          + ("" if options.program else "; the program is not built: its page is unchecked"))
    sys.exit(1 if found else 0)


main()
