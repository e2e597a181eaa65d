#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libraries.sh BINARY [WITHOUT...] -- the shared libraries of a binary, one path a line: those that it names, those that
# it opens when first needed (opened.txt) where they are installed, and what these name in turn. WITHOUT: names of
# libraries of opened.txt to leave out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=$1
shift

# Where the loader finds a library by its name; empty: nowhere.
find_library()
{
    /sbin/ldconfig -p | awk -v name="$1" '$1 == name && /x86-64|AArch64/ { print $NF; exit }'
}

is_left_out()
{
    name=$1
    shift
    for other in "$@"; do
        [ "$name" = "$other" ] && return 0
    done
    return 1
}

{
    ldd "$binary"
    while IFS= read -r name; do
        is_left_out "$name" "$@" && continue
        path=$(find_library "$name")
        [ -n "$path" ] || continue
        echo "$path"
        ldd "$path"
    done <"$here/opened.txt"
} | awk '$2 == "=>" && $3 ~ /^\// { print $3; next } $1 ~ /^\// { print $1 }' | sort -u
