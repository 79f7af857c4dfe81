# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DIN=FILE -DOUT=FILE.c -DNAME=SYMBOL -P embed.cmake: a file's bytes as a C string.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n\t" bytes "${bytes}")
file(WRITE ${OUT} "/* Made from ${IN}; do not edit. */\n#include \"api.h\"\n\nconst char ${NAME}[] = {\n\t${bytes}0x00\n};\n")
