# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual says what the program does."""
import glob
import os
import re
import shutil
import subprocess

from tool import ROOT, Skip, contains, equal, refusals, run
from test_usage import COMMANDS

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
    for parameters in re.findall(r"^method \w+(\(.*?\))", interface, re.M):
        contains(text, f".Li {parameters} ->")


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
