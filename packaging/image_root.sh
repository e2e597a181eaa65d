#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# image_root.sh BINARY ROOT [WITHOUT...] -- the whole file system of the image in the empty directory ROOT: the binary by
# its three names, the libraries of libraries.sh, what the C library opens for texts in other encodings, the licences of
# all that, and a user. No shell, and nothing that a shell would run. Of a binary for another machine what it wants is taken from
# SYSROOT.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/debian.sh"
binary=$1
root=$2
shift 2

# Each file, link or not, as a file under the name it is asked for by.
copy()
{
    for path in "$@"; do
        mkdir -p "$root$(dirname "$path")"
        cp -L --preserve=mode,timestamps "$SYSROOT$path" "$root$path"
    done
}

mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/etc" "$root/models" "$root/proc" "$root/sys" \
    "$root/dev" "$root/tmp"
chmod 1777 "$root/tmp"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"

cp "$binary" "$root/usr/bin/tensord"
ln -s tensord "$root/usr/bin/tensorflow_model_server"
ln -s tensord "$root/usr/bin/tf_serving_entrypoint.sh"

libraries=$(SYSROOT="$SYSROOT" "$here/libraries.sh" "$binary" "$@")
# shellcheck disable=SC2086  # a word list, here and below
copy $libraries

# Encodings that UnicodeDecode and its kin may be asked for, but the code pages of mainframes; letter case of UTF-8.
gconv=$(dirname "$(echo "$libraries" | grep '/libc\.so\.6$')")/gconv
gconv=/usr${gconv#/usr}
for module in "$SYSROOT$gconv"/*.so; do
    module=${module#"$SYSROOT"}
    case $module in
    *IBM437.so | *IBM85?.so | *IBM86?.so | *IBM874.so | *IBM932.so | *IBM943.so) copy "$module" ;;
    *EBCDIC* | */IBM*) ;;
    *) copy "$module" ;;
    esac
done
copy "$gconv/gconv-modules" "$gconv/gconv-modules.cache"
for file in "$SYSROOT$gconv"/gconv-modules.d/*; do
    copy "${file#"$SYSROOT"}"
done
copy /usr/lib/locale/C.utf8/LC_CTYPE

# Who wrote what is in here.
mkdir -p "$root/usr/share/doc/tensord"
cp "$here/../LICENSE" "$root/usr/share/doc/tensord/copyright"
{
    linked_into "$binary"
    for library in $libraries; do
        real=$(readlink -f "$SYSROOT$library")
        package_of "${real#"$SYSROOT"}"
    done
} | sort -u | while IFS= read -r package; do
    copy "/usr/share/doc/$package/copyright"
done
find "$root/usr/share/doc" -name copyright -exec gzip -9n {} +

cat >"$root/etc/passwd" <<EOF
root:x:0:0:root:/:/sbin/nologin
tensord:x:65532:65532:tensord:/:/sbin/nologin
EOF
cat >"$root/etc/group" <<EOF
root:x:0:
tensord:x:65532:
EOF
[ "$SYSROOT" ] || ldconfig -r "$root" # so that no library is looked for in ten places; it knows its own machine only
rm -rf "${root:?}/var"
