#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Validate documents against the JSON Schemas.

    validate.py [--documents DIR]  the suite: every sample of schemas/examples is taken, every one of
                                   tests/schemas/invalid refused, and every document in DIR (what the
                                   other suites have kept) taken; "schemas: N passed, N failed, N skipped"
    validate.py NAME FILE...       these documents against schemas/NAME.schema.json ("-": standard input)

A sample's name begins with its schema's (plan.two-steps.json), a kept document's ends with it
(daemon-17.plan.json). A file may hold several documents, one after the other, as
`viaduct monitor --json` writes them.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"

try:
    import jsonschema
except ImportError:
    jsonschema = None


def load_schemas():
    """Every schema by name, each checked against its own meta-schema."""
    schemas = {}
    for path in sorted(SCHEMAS.glob("*.schema.json")):
        schema = json.loads(path.read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        schemas[path.name.removesuffix(".schema.json")] = schema
    return schemas


def validators():
    schemas = load_schemas()
    store = {schema["$id"]: schema for schema in schemas.values()}
    return {
        name: jsonschema.Draft7Validator(
            schema, resolver=jsonschema.RefResolver(schema["$id"], schema, store=store)
        )
        for name, schema in schemas.items()
    }


def without_comments(text):
    """The configuration may hold // and block comments; they become spaces, line by line."""
    out, i, quoted = [], 0, False
    while i < len(text):
        two = text[i : i + 2]
        if quoted:
            step = 2 if text[i] == "\\" else 1
            out.append(text[i : i + step])
            quoted = text[i] != '"'
            i += step
        elif two == "//":
            end = text.find("\n", i)
            i = len(text) if end < 0 else end
        elif two == "/*":
            end = text.find("*/", i + 2)
            i = len(text) if end < 0 else end + 2
        else:
            quoted = text[i] == '"'
            out.append(text[i])
            i += 1
    return "".join(out)


def refuse_constant(word):
    raise ValueError(f"{word} is no JSON")


def documents(text, comments):
    decoder = json.JSONDecoder(parse_constant=refuse_constant)
    text = without_comments(text) if comments else text
    at, found = 0, False
    while True:
        while at < len(text) and text[at] in " \t\r\n\0":
            at += 1
        if at == len(text):
            break
        document, at = decoder.raw_decode(text, at)
        found = True
        yield document
    if not found:
        raise ValueError("holds no document")


def problems(validator, name, text):
    """What is wrong, as sentences; none for a valid file."""
    try:
        docs = list(documents(text, name == "config"))
    except ValueError as error:
        return [str(error)]
    return [
        "/" + "/".join(str(part) for part in error.absolute_path) + ": " + error.message[:300]
        for document in docs
        for error in validator.iter_errors(document)
    ]


def read(path):
    return sys.stdin.read() if path == "-" else pathlib.Path(path).read_text()


def check_files(name, files):
    known = validators()
    if name not in known:
        sys.exit(f"validate.py: there is no schema {name}; there are {', '.join(sorted(known))}")
    bad = 0
    for path in files:
        for problem in problems(known[name], name, read(path)):
            print(f"{path}: {problem}", file=sys.stderr)
            bad += 1
    return 1 if bad else 0


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, label, good, why):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(f"FAILED {label}: {why}")


def samples():
    """Path, name of its schema, is it valid?"""
    for path in sorted((SCHEMAS / "examples").glob("*.json")):
        yield path, path.name.split(".")[0], True
    yield ROOT / "docs" / "viaduct.json.example", "config", True
    for path in sorted((ROOT / "tests" / "schemas" / "invalid").glob("*.json")):
        yield path, path.name.split(".")[0], False


def check_samples(known, count):
    used = set()
    for path, name, valid in samples():
        used.add((name, valid))
        found = problems(known[name], name, path.read_text()) if name in known else []
        label = path.relative_to(ROOT)
        if name not in known:
            count.check(label, False, f"there is no schema {name}")
        elif valid:
            count.check(label, not found, found and found[0])
        else:
            count.check(label, found, "was taken")
    for name in sorted(known.keys() - {"common"}):
        for valid in (True, False):
            word = "valid" if valid else "invalid"
            count.check(f"samples of {name}", (name, valid) in used, f"there is no {word} one")


def check_documents(known, count, folder):
    paths = sorted(pathlib.Path(folder).glob("*.json"))
    if not paths:
        print(f"skip documents: no other suite has left one in {folder}")
        count.skipped += 1
    for path in paths:
        name = path.name.split(".")[-2]
        if name not in known:
            count.check(path, False, f"there is no schema {name}")
            continue
        found = problems(known[name], name, path.read_text())
        count.check(path, not found, found and found[0])


def suite(folder):
    count, known = Count(), validators()
    check_samples(known, count)
    if folder:
        check_documents(known, count, folder)
    print(f"schemas: {count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return 1 if count.failed else 0


def main():
    if jsonschema is None:
        print("schemas: python3-jsonschema is not installed (apt install python3-jsonschema)")
        print("schemas: 0 passed, 0 failed, 1 skipped")
        return 77
    args = sys.argv[1:]
    if not args:
        return suite(None)
    if args[0] == "--documents" and len(args) == 2:
        return suite(args[1])
    if args[0].startswith("-") or len(args) == 1:
        print(__doc__.strip())
        return 2
    return check_files(args[0], args[1:])


if __name__ == "__main__":
    sys.exit(main())
