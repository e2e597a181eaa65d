#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tarball.sh BUILD -- a portable tarball of a build by the preset `package`, in BUILD: the server, libtensord.so, and every
# library they want but the C library's, which has to be glibc 2.36 or later. It runs from wherever it is unpacked.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
SYSROOT=$(sed -n 's/^CMAKE_SYSROOT:PATH=//p' "$build/CMakeCache.txt")
. "$here/debian.sh"
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
name=tensord-$version-linux-$(machine_of "$build/tensord")
tree=$build/$name
rm -rf "$tree"
DESTDIR=$build/pack cmake --install "$build" --prefix /usr --strip >/dev/null
mv "$build/pack/usr" "$tree"
rmdir "$build/pack"

# glibc's own, which have to be those of the loader.
is_of_libc()
{
    case ${1##*/} in
    ld-linux* | libc.so.* | libm.so.* | libmvec.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.*) return 0 ;;
    esac
    return 1
}

{
    linked_into "$tree/bin/tensord"
    for library in $(SYSROOT="$SYSROOT" "$here/libraries.sh" "$tree/bin/tensord"); do
        is_of_libc "$library" && continue
        cp -L --preserve=mode,timestamps "$SYSROOT$library" "$tree/lib/"
        real=$(readlink -f "$SYSROOT$library")
        package_of "${real#"$SYSROOT"}"
    done
} | sort -u | while IFS= read -r package; do
    mkdir -p "$tree/share/doc/$package"
    cp "$SYSROOT/usr/share/doc/$package/copyright" "$tree/share/doc/$package/"
done
# RPATH, not RUNPATH: it counts for what the libraries name, too, and for what is opened.
patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "$tree/bin/tensord"
patchelf --force-rpath --set-rpath '$ORIGIN' "$(readlink -f "$tree/lib/libtensord.so")"
echo "$version" >"$tree/VERSION"
tar -C "$build" --sort=name --owner=0 --group=0 --numeric-owner -c "$name" | xz -T0 -6 >"$build/$name.tar.xz"
rm -r "$tree"
ls -l "$build/$name.tar.xz"
