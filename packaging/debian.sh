# SPDX-License-Identifier: Apache-2.0
# debian.sh -- for other scripts to include: what Debian's packages are to a binary. SYSROOT is the root of the machine that
# the binary is for, made by foreign_root.sh; empty: this one's. $here is this folder.
SYSROOT=$([ -z "${SYSROOT:-}" ] || readlink -f "$SYSROOT")
info=$SYSROOT/var/lib/dpkg/info

# The machine of a binary: as uname has it, as Debian has it.
machine_of()
{
    case $(LC_ALL=C readelf -h "$1") in
    *AArch64*) echo "${2:-aarch64}" ;;
    *X86-64*) echo "${3:-x86_64}" ;;
    *) uname -m ;;
    esac
}

architecture_of()
{
    machine_of "$1" arm64 amd64
}

# The libraries that a binary opens when first needed, from opened.txt: names, or names and the only machine where they are.
opened_by()
{
    awk -v machine="$(machine_of "$1")" 'NF < 2 || $2 == machine { print $1 }' "$here/opened.txt"
}

# The libraries that a file names.
needed_by()
{
    LC_ALL=C readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# The package that has a file, path or pattern of grep -x; dpkg knows a file by the name it was packed under: with /usr, or as
# before Debian's merge without. Empty: none has.
package_of()
{
    grep -lx "\(/usr\)\?${1#/usr}" "$info"/*.list | sed 's,.*/,,; s,\.list$,,; s,:.*,,' | head -n 1
}

# The packages whose archives a server was linked from: those of the gRPC core, unless it names that as a library.
linked_into()
{
    needed_by "$1" | grep -q '^libgrpc\.so' || printf '%s\n' libabsl-dev libgrpc-dev libre2-dev
}

# The packages that a file depends on for the libraries that it names, as whoever packaged these says: by the symbols that it
# uses, or where they are not listed, by the library's name. A line each: package, least version.
packages_for()
{
    all="$info/*:$(architecture_of "$1")"
    used=$(LC_ALL=C readelf --dyn-syms -W "$1" | awk '$7 == "UND" { sub(/@.*/, "", $8); print $8 }')
    needed_by "$1" | while IFS= read -r library; do
        # shellcheck disable=SC2086  # patterns
        symbols=$(grep -l "^$library .* #MINVER#" $all.symbols) || symbols=
        if [ "$symbols" ]; then
            echo "$used" | awk -v library="$library" 'NR == FNR { used[$1]; next }
                /^[^ |*]/ { is_its = $1 == library; package = $2 }
                /^ / && is_its { sub(/@.*/, "", $1); if ($1 in used) print package, $2 }' - "$symbols"
        else
            cat $all.shlibs | sed -n "s/^${library%%.so.*} ${library##*.so.} \([^ ]*\) (>= \(.*\))\$/\1 \2/p"
        fi
    done | sort -k1,1 -k2V | awk '{ least[$1] = $2 } END { for (package in least) print package, least[package] }' | sort
}
