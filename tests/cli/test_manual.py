# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual says what the program does."""
import glob
import json
import os
import re
import shutil
import subprocess

from tool import ROOT, Skip, contains, equal, refusals, run
from test_usage import COMMANDS
import tool

MAN = f"{ROOT}/docs/man"


def page(name):
    with open(f"{MAN}/{name}", encoding="utf-8") as f:
        return f.read().replace("\\-", "-").replace("\\&", "")


def test_a_page_for_each_command():
    for command in COMMANDS:
        if command != "help":
            assert os.path.exists(f"{MAN}/viaduct-{command}.1"), command
            contains(page("viaduct.1"), f".Xr viaduct-{command} 1")


def test_pages_name_each_option():
    for command in COMMANDS:
        if command == "help":
            continue
        own = run(command, "--help").out.split("Options of every command")[0]
        for option in re.findall(r"^ {6}--([\w-]+)", own, re.M):
            contains(page(f"viaduct-{command}.1"), f"Fl -{option}")


def test_exit_codes():
    text = page("viaduct.1")
    for name, (code, status, _sentence) in refusals().items():
        assert re.search(rf"^{status} Ta {re.escape(code)} Ta", text, re.M) or \
            re.search(rf"^\.It {status} Ta {re.escape(code)}\b", text, re.M), (name, status, code)


def test_library_page_names_each_function():
    with open(f"{ROOT}/lib/client/libviaduct.sym", encoding="utf-8") as f:
        for name in set(re.findall(r"\b(viaduct_\w+);", f.read())):
            contains(page("libviaduct.3"), f".Fn {name}" if f".Fn {name}" in page("libviaduct.3") else f".Fo {name}")


def test_interface_page_names_each_method_and_error():
    with open(f"{ROOT}/schemas/org.viaduct.varlink", encoding="utf-8") as f:
        interface = f.read()
    names = re.findall(r"^(?:method|error) (\w+)", interface, re.M)
    text = page("org.viaduct.7")
    for name in names:
        assert re.search(rf"\b{name}\b", text), name
    methods = re.findall(r"^method (\w+)\((.*?)\)\s*->\s*\((.*?)\)$", interface, re.M | re.S)
    equal(len(methods), len(re.findall("^method ", interface, re.M)))
    for name, *signature in methods:
        parameters, reply = (" ".join(x.split()) for x in signature)
        contains(text, f".It Sy {name}\n.Li ({parameters}) -> ({reply})\n")


def test_cross_references_exist():
    for path in glob.glob(f"{MAN}/*.[1-8]"):
        for name, section in re.findall(r"^\.Xr (\S+) (\d)", page(os.path.basename(path)), re.M):
            if name.startswith(("viaduct", "libviaduct", "org.viaduct")):
                assert os.path.exists(f"{MAN}/{name}.{section}"), (path, name, section)


def test_mandoc_lint():
    if not shutil.which("mandoc"):
        raise Skip("mandoc is not installed")
    pages = sorted(glob.glob(f"{MAN}/*.[1-8]"))
    assert len(pages) >= 15, pages
    r = subprocess.run(["mandoc", "-T", "lint", "-W", "style", *pages], check=False, capture_output=True,
                       text=True, timeout=60)
    # Times of files and references to pages of other packages are not ours.
    complaints = [line for line in r.stdout.splitlines() + r.stderr.splitlines()
                  if "referenced manual not found" not in line and "outdated mandoc.db" not in line]
    equal(complaints, [])


def daemon(*argv):
    program = f"{tool.build}/daemon/viaductd"
    if not os.access(program, os.X_OK):
        raise Skip(f"{program} is not built")
    return subprocess.run([program, *argv], check=False, capture_output=True, text=True, timeout=60)


def read(path):
    with open(f"{ROOT}/{path}", encoding="utf-8") as f:
        return f.read()


def test_configuration_examples_are_valid():
    examples = re.findall(r"^```jsonc\n(.*?)^```", read("README.md"), re.M | re.S)
    examples += re.findall(r"^\.Bd -literal\n(\{.*?)^\.Ed", page("viaduct.json.5"), re.M | re.S)
    equal(len(examples), 2, "examples in README.md and viaduct.json(5)")
    examples.append(read("docs/viaduct.json.example"))
    for i, example in enumerate(examples):
        path = f"{tool.folder}/example{i}.json"
        with open(path, "w", encoding="utf-8") as f:
            f.write(example)
        r = daemon(f"--check-config={path}")
        equal((r.returncode, r.stdout), (0, ""), example)


def parser_keys():
    """The keys that lib/model/config*.c knows: name of the table -> keys."""
    key = r'(?:\{|[A-Z]\()"([\w$]+)"'
    common = re.findall(key, read("lib/model/config_parse.h").split("#define VIA_CONFIG_ATTR_FIELDS")[1])
    tables = {}
    for path in sorted(glob.glob(f"{ROOT}/lib/model/config*.c")):
        for name, body in re.findall(r"^static const struct via_json_field (\w+)\[\] = \{\n(.*?)^\};",
                                     read(os.path.relpath(path, ROOT)), re.M | re.S):
            tables[name] = set(re.findall(key, body))
            if "VIA_CONFIG_ATTR_FIELDS" in body:
                tables[name].update(common)
    equal(sorted(tables), sorted(SECTIONS), "tables of the configuration's parser")
    return tables


NAMING = {"index", "first", "last", "range"}
# Where the manual and the schema tell of a table's keys.
SECTIONS = {
    "top_fields": ("TOP LEVEL", ()),
    "drift_fields": ("TOP LEVEL", ("properties", "drift")),
    "pf_fields": ("PFS", ("definitions", "Pf")),
    "match_fields": ("PFS", ("definitions", "Selector")),
    "entry_fields": ("VFS", ("definitions", "Pf", "properties", "vfs", "items")),
    "fields": ("NETWORKS", ("definitions", "Network")),
    "vswitch_fields": ("NETWORKS", ("definitions", "Network", "properties", "vswitch")),
}


def section(name, title):
    return page(name).split(f".Sh {title}\n")[1].split("\n.Sh ")[0]


def words(pattern, text):
    return {w for line in re.findall(pattern, text, re.M) for w in re.findall(r"[\w$]+", line)}


def test_configuration_page_names_each_key():
    tables = parser_keys()
    for table, (title, _path) in SECTIONS.items():
        told = words(r"^\.(?:It )?Cm ([\w$ ,]+?)\.?$", section("viaduct.json.5", title))
        if table == "entry_fields":
            told |= words(r"^\.Cm ([\w ,]+)$", section("viaduct.json.5", "PFS")) & NAMING
        equal(sorted(tables[table] - told), [], f"{table}, not told of in {title}")


def test_configuration_page_names_no_other_key():
    known = set().union(*parser_keys().values())
    for title in {title for title, _path in SECTIONS.values()}:
        told = words(r"^\.It Cm ([\w$ ,]+)$", section("viaduct.json.5", title))
        equal(sorted(told - known), [], title)


def test_configuration_schema_has_the_same_keys():
    schema = json.loads(read("schemas/config.schema.json"))
    for table, keys in parser_keys().items():
        at = schema
        for part in SECTIONS[table][1]:
            at = at[part]
        equal(set(at["properties"]), keys, table)
    equal(set(schema["definitions"]["Pf"]["properties"]["vf"]["properties"]), parser_keys()["entry_fields"] - NAMING)


def test_configuration_defaults():
    source = read("lib/model/config.c")
    schema = json.loads(read("schemas/config.schema.json"))["properties"]
    for define, key, place in (("DRIFT_INTERVAL_S", "interval_s", schema["drift"]["properties"]),
                               ("DRIFT_DEBOUNCE_MS", "debounce_ms", schema["drift"]["properties"]),
                               ("STEP_TIMEOUT_S", "step_timeout_s", schema)):
        value = int(re.search(rf"#define {define}\s+(\d+)", source).group(1))
        equal(place[key]["default"], value, key)
        text = section("viaduct.json.5", "TOP LEVEL").split(f".It Cm {key}\n")[1].split(".It ")[0]
        contains(text, f"default {value}")


def test_daemon_page():
    text = page("viaductd.8")
    for option in re.findall(r"--([\w-]{3,})", daemon("--help").stdout):
        contains(text, f"Fl {'c , -' if option == 'config' else '-'}{option}"
                 if option not in ("help", "version") else f", -{option}")
    for status in re.findall(r"^#define EXIT_\w+\s+(\d+)", read("daemon/main.c"), re.M):
        assert re.search(rf"^\.It {status}$", text, re.M), status
    for name in re.findall(r'^#define \w+_FILE\s+"([\w.]+)"', read("daemon/store.c") + read("daemon/journal.h"), re.M):
        contains(section("viaductd.8", "STATE"), f".It Pa {name}\n")
