# SPDX-License-Identifier: GPL-2.0-or-later
"""libviaduct as it is installed: header, symbols, pkg-config."""
import os
import re
import subprocess

from tool import ROOT, Skip, equal
import tool

LIBRARY = "lib/client/libviaduct.so.0"


def output(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60, **more).stdout


def test_header_compiles_alone():
    header = f"{ROOT}/include/viaduct/viaduct.h"
    for argv in (("gcc", "-x", "c", "-std=c99"), ("gcc", "-x", "c++", "-std=c++98")):
        output(*argv, "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", header)


def listed_symbols():
    with open(f"{ROOT}/lib/client/libviaduct.sym", encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    return sorted(re.findall(r"\b(viaduct_\w+);", text))


def test_symbols():
    lines = output("nm", "-D", "--defined-only", f"{tool.build}/{LIBRARY}").splitlines()
    names = [line.split()[-1] for line in lines if " A " not in line]
    equal(sorted(n.split("@")[0] for n in names), listed_symbols())
    assert all(n.endswith("@@VIADUCT_0") for n in names), names


def test_symbols_are_those_of_the_header():
    with open(f"{ROOT}/include/viaduct/viaduct.h", encoding="utf-8") as f:
        declared = re.findall(r"^VIADUCT_PUBLIC[^;]*?\b(viaduct_\w+)\(", f.read(), re.M)
    equal(sorted(declared), listed_symbols())


def test_soname():
    text = output("readelf", "-d", f"{tool.build}/{LIBRARY}")
    assert re.search(r"SONAME.*\[libviaduct\.so\.0\]", text), text


def test_links_little():
    needed = set(re.findall(r"NEEDED.*\[(lib\w[\w+-]*?)\.so", output("readelf", "-d", tool.viaduct)))
    allowed = {"libviaduct", "libsmartcols", "libjson-c", "libc", "libm", "libasan", "libubsan", "libtsan",
               "libgcc_s", "libstdc++"}
    assert needed <= allowed, needed - allowed


def test_program_with_pkg_config():
    """Build against the installed tree as another project would, and ask for the version."""
    prefix = f"{tool.folder}/prefix"
    r = subprocess.run(["cmake", "--install", f"{tool.build}/lib/client", "--prefix", prefix], check=False,
                       capture_output=True, text=True, timeout=60)
    if r.returncode:
        raise Skip("cmake cannot install this build: " + r.stderr.strip().splitlines()[-1])
    pc = [os.path.join(d, f) for d, _, files in os.walk(prefix) for f in files if f == "viaduct.pc"]
    equal(len(pc), 1)
    with open(pc[0], encoding="utf-8") as f:
        assert re.search(r"^Version: \d", f.read(), re.M)
    libdir = os.path.dirname(os.path.dirname(pc[0]))
    source = f"{tool.folder}/user.c"
    with open(source, "w", encoding="utf-8") as f:
        f.write('#include <viaduct/viaduct.h>\n#include <stdio.h>\n'
                'int main(void) { return puts(viaduct_version()) < 0; }\n')
    output("gcc", source, f"-I{prefix}/include", f"-L{libdir}", "-lviaduct", f"-Wl,-rpath,{libdir}",
           "-Wl,--unresolved-symbols=ignore-in-shared-libs", "-o", f"{tool.folder}/user")
    try:
        version = output(f"{tool.folder}/user")
    except subprocess.CalledProcessError as e:
        if "ASan runtime" in e.stderr:  # a plain program cannot load a sanitized library
            return
        raise
    equal("viaduct " + version, tool.run("--version").out)
