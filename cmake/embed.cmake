# SPDX-License-Identifier: Apache-2.0
# cmake -DNAME=x -DIN=file -DOUT=file.c -P embed.cmake: the bytes of a file as x[], and how many as x_size.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "const unsigned char ${NAME}[] = {\n${bytes}\n};\nconst unsigned long ${NAME}_size = sizeof ${NAME};\n")
