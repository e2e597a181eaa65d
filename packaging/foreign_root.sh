#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# foreign_root.sh ROOT -- what installing would have done in ROOT, where mmdebstrap has unpacked packages of another
# architecture: a hook of its (`./dev arm64 setup`). Nothing of ROOT is run.
set -eu
root=$1
cd "$root"

# Links that begin at / would leave ROOT.
find usr lib -lname '/*' | while IFS= read -r link; do
    ln -sfnr "$root$(readlink "$link")" "$link"
done

# The choices of update-alternatives.
for library in usr/lib/*/openblas-serial/lib*.so.?; do
    [ ! -e "$library" ] || ln -sfr "$library" "${library%/openblas-serial/*}/"
done

# What debian.sh asks for.
for deb in var/cache/apt/archives/*.deb; do
    info=var/lib/dpkg/info/$(dpkg-deb --show --showformat='${Package}:${Architecture}' "$deb")
    dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's,^\./,/,; s,/$,,' >"$info.list"
    for kind in shlibs symbols; do
        dpkg-deb --info "$deb" $kind >"$info.$kind" 2>/dev/null || rm "$info.$kind"
    done
done
