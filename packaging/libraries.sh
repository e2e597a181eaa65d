#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libraries.sh BINARY [WITHOUT...] -- the shared libraries of a binary, one path a line: the loader, those that it names, those
# that it opens when first needed (opened.txt) where they are installed, and what these name in turn. WITHOUT: names of
# libraries of opened.txt to leave out. Of a binary for another machine they are in SYSROOT, which no path begins with.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/debian.sh"
binary=$1
shift
known=
[ "$SYSROOT" ] || known=$(/sbin/ldconfig -p)
loader=$(LC_ALL=C readelf -l "$binary" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
seen=" ${loader##*/} $* "

# Where the loader finds a library by its name; empty: nowhere.
find_library()
{
    if [ "$SYSROOT" ]; then
        (cd "$SYSROOT" && ls -d lib/*/"$1" usr/lib/*/"$1" 2>/dev/null) | sed -n '1s,^,/,p'
    else
        echo "$known" | awk -v name="$1" '$1 == name && /x86-64|AArch64/ { print $NF; exit }'
    fi
}

# The paths of libraries, and of what they name, by their names.
list()
{
    for name in "$@"; do
        case $seen in *" $name "*) continue ;; esac
        seen="$seen$name "
        path=$(find_library "$name")
        [ -n "$path" ] || { echo "$name is nowhere" >&2 && exit 1; }
        echo "$path"
        # shellcheck disable=SC2046  # word lists, here and below
        list $(needed_by "$SYSROOT$path")
    done
}

paths=$(
    # shellcheck disable=SC2046
    list $(needed_by "$binary")
    for library in $(opened_by "$binary"); do
        [ -z "$(find_library "$library")" ] || list "$library"
    done
)
printf '%s\n' "$loader" "$paths" | sort -u
