#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do the varlink interface and the JSON Schemas say the same?

Compares every type of schemas/org.viaduct.varlink with its definition in schemas/common.schema.json:
the members, which of them may be absent, their kinds, the words of every enum; replies that are a
document of their own with its schema; and the reason codes with lib/base/err.h. Prints what differs; "agree: N passed, N failed, 0 skipped".
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = {"int": {"integer"}, "float": {"number"}, "bool": {"boolean"}, "string": {"string"}}


class Parser:
    """As much of varlink's grammar as an interface file needs."""

    def __init__(self, text):
        self.tokens = re.findall(r"[A-Za-z_][\w.]*|->|\[\]|\?|[(),:]", re.sub(r"#.*", "", text))
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, wanted=None):
        token = self.tokens[self.at]
        if wanted and token != wanted:
            raise SyntaxError(f"{wanted} wanted, {token} found at token {self.at}")
        self.at += 1
        return token

    def type(self):
        if self.peek() == "?":
            self.take()
            return {**self.type(), "optional": True}
        if self.peek() == "[]":
            self.take()
            return {"kind": "array", "items": self.type()}
        if self.peek() == "(":
            return self.struct()
        return {"kind": "name", "name": self.take()}

    def struct(self):
        fields, words = {}, []
        self.take("(")
        while self.peek() != ")":
            name = self.take()
            if self.peek() == ":":
                self.take()
                fields[name] = self.type()
            else:
                words.append(name)
            if self.peek() == ",":
                self.take()
        self.take(")")
        return {"kind": "enum", "words": words} if words else {"kind": "struct", "fields": fields}

    def interface(self):
        types, methods, errors = {}, {}, []
        while self.peek():
            word, name = self.take(), self.take()
            if word == "type":
                types[name] = self.struct()
            elif word == "method":
                self.struct()
                self.take("->")
                methods[name] = self.struct()
            elif word == "error":
                self.struct()
                errors.append(name)
        return types, methods, errors


class Comparer:
    def __init__(self, definitions):
        self.definitions = definitions
        self.complaints = []

    def complain(self, where, what):
        self.complaints.append(f"{where}: {what}")

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def kinds(self, schema):
        """The JSON types that a schema lets through."""
        schema = self.resolve(schema)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return set().union(*(self.kinds(s) for s in schema[word]))
        if "enum" in schema or "const" in schema:
            values = schema.get("enum", [schema.get("const")])
            return {"string" if isinstance(v, str) else "integer" for v in values}
        return {schema.get("type")}

    def compare(self, where, wanted, schema):
        if wanted["kind"] == "array":
            if self.resolve(schema).get("type") != "array":
                self.complain(where, "is a list in the interface")
            else:
                self.compare(where + "[]", wanted["items"], self.resolve(schema)["items"])
        elif wanted["kind"] == "enum":
            found = self.resolve(schema).get("enum")
            if found is None or sorted(found) != sorted(wanted["words"]):
                self.complain(where, f"the words are {wanted['words']}, not {found}")
        elif wanted["kind"] == "struct":
            self.struct(where, wanted, self.resolve(schema))
        elif wanted["name"] in KINDS:
            found = self.kinds(schema) - {"null"}
            if found != KINDS[wanted["name"]]:
                self.complain(where, f"is {wanted['name']} in the interface, {found} in the schema")
        elif schema.get("$ref", "").removeprefix("common.schema.json") != f"#/definitions/{wanted['name']}":
            self.complain(where, f"is no $ref to {wanted['name']}")

    def struct(self, where, wanted, schema):
        fields, properties = wanted["fields"], schema.get("properties", {})
        for name in sorted(fields.keys() ^ properties.keys()):
            place = "interface" if name in fields else "schema"
            self.complain(f"{where}.{name}", f"stands in the {place} only")
        needed = {n for n, t in fields.items() if not t.get("optional")}
        for name in sorted(needed ^ set(schema.get("required", []))):
            self.complain(f"{where}.{name}", "is optional in one and not in the other")
        if schema.get("additionalProperties") is not False:
            self.complain(where, "takes members that nobody knows")
        for name in fields.keys() & properties.keys():
            self.compare(f"{where}.{name}", fields[name], properties[name])


# Documents that are a method's whole reply; claims are what several give.
REPLIES = {
    "devices": ("List",),
    "device": ("Show",),
    "findings": ("Check",),
    "claim": ("Claim",),
    "claims": ("ListClaims", "Release", "Adopt", "ClearQuarantine", "Drain"),
    "networks": ("ListNetworks",),
    "vms": ("ListVms",),
    "vm": ("ShowVm",),
}


def merged(replies):
    """One struct for several: what is not in all of them is optional."""
    fields = {}
    for name in set().union(*(r["fields"] for r in replies)):
        given = [r["fields"][name] for r in replies if name in r["fields"]]
        optional = len(given) < len(replies) or any(t.get("optional") for t in given)
        fields[name] = {**given[0], "optional": optional}
    return {"kind": "struct", "fields": fields}


def compare_replies(methods, definitions, complaints):
    for document, names in REPLIES.items():
        schema = json.loads((ROOT / f"schemas/{document}.schema.json").read_text())
        comparer = Comparer(definitions)
        comparer.struct(document, merged([methods[name] for name in names]), schema)
        complaints += comparer.complaints


def compare_refusals(errors, definitions, complaints):
    rows = re.findall(
        r'X\(\w+, "([a-z-]+)", "(\w+)"', (ROOT / "lib/base/err.h").read_text()
    )
    if [code for code, _ in rows] != definitions["RefusalCode"]["enum"]:
        complaints.append("RefusalCode: differs from lib/base/err.h")
    missing = {error for _, error in rows} ^ (set(errors) - {"Failed"})
    if missing:
        complaints.append(f"errors: {sorted(missing)} stand in one of err.h and the interface only")


def main():
    types, methods, errors = Parser((ROOT / "schemas/org.viaduct.varlink").read_text()).interface()
    definitions = json.loads((ROOT / "schemas/common.schema.json").read_text())["definitions"]
    passed = failed = 0
    complaints = []
    for name, wanted in types.items():
        comparer = Comparer(definitions)
        if name in definitions:
            comparer.struct(name, wanted, definitions[name])
        else:
            comparer.complain(name, "has no definition in common.schema.json")
        complaints += comparer.complaints
        passed, failed = passed + (not comparer.complaints), failed + bool(comparer.complaints)
    for compare, what in ((compare_refusals, errors), (compare_replies, methods)):
        before = len(complaints)
        compare(what, definitions, complaints)
        passed, failed = passed + (before == len(complaints)), failed + (before != len(complaints))
    for complaint in complaints:
        print(f"FAILED {complaint}")
    print(f"agree: {passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
