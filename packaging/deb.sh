#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# deb.sh BUILD -- Debian packages of a build by the preset `package`, in BUILD: tensord, and libtensord-dev for programs that
# run models themselves.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
SYSROOT=$(sed -n 's/^CMAKE_SYSROOT:PATH=//p' "$build/CMakeCache.txt")
. "$here/debian.sh"
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
architecture=$(architecture_of "$build/tensord")
stage=$build/deb
rm -rf "$stage"
mkdir -p "$stage/tree" "$stage/tensord/DEBIAN" "$stage/libtensord-dev/DEBIAN"
DESTDIR=$stage/tree cmake --install "$build" --prefix /usr --strip >/dev/null

# move PACKAGE PATH...: from the tree of all that is installed to a package's
move()
{
    package=$1
    shift
    for path in "$@"; do
        mkdir -p "$stage/$package/$(dirname "$path")"
        mv "$stage/tree/$path" "$stage/$package/$path"
    done
}

move libtensord-dev usr/include usr/lib usr/share/doc/tensord/examples
mkdir -p "$stage/libtensord-dev/usr/share/doc/libtensord-dev"
mv "$stage/libtensord-dev/usr/share/doc/tensord/examples" "$stage/libtensord-dev/usr/share/doc/libtensord-dev/"
rmdir "$stage/libtensord-dev/usr/share/doc/tensord"
move tensord usr/bin usr/share/man usr/share/bash-completion
mkdir -p "$stage/tensord/usr/share/zsh" # Debian's place for what packages bring
mv "$stage/tree/usr/share/zsh/site-functions" "$stage/tensord/usr/share/zsh/vendor-completions"
rm -r "$stage/tree"
for package in tensord libtensord-dev; do
    mkdir -p "$stage/$package/usr/share/doc/$package"
    cp "$here/../LICENSE" "$stage/$package/usr/share/doc/$package/copyright"
done
for package in $(linked_into "$stage/tensord/usr/bin/tensord"); do
    cp "$SYSROOT/usr/share/doc/$package/copyright" "$stage/tensord/usr/share/doc/tensord/copyright.$package"
done
gzip -9n "$stage/tensord/usr/share/man/man1/tensord.1"
ln -s tensord.1.gz "$stage/tensord/usr/share/man/man1/tensorflow_model_server.1.gz"

mkdir -p "$stage/tensord/usr/lib/systemd/system" "$stage/tensord/etc/tensord" "$stage/tensord/var/lib/tensord/models"
cp "$here/debian/tensord.service" "$stage/tensord/usr/lib/systemd/system/"
cp "$here/debian/tensord.conf" "$stage/tensord/etc/tensord/"
echo /etc/tensord/tensord.conf >"$stage/tensord/DEBIAN/conffiles"

# What the loader needs is known; what is opened when first needed is recommended, as all works without it, or says what it
# wants.
needed()
{
    packages_for "$1" | sed 's/\(.*\) \(.*\)/\1 (>= \2)/' | paste -sd, | sed 's/,/, /g'
}

opened()
{
    opened_by "$build/tensord" | while IFS= read -r name; do
        package_of ".*/$name"
    done | sort -u | grep -v blas | paste -sd, | sed 's/,/, /g'
}

# control PACKAGE DEPENDS MORE DESCRIPTION
control()
{
    cat >"$stage/$1/DEBIAN/control" <<EOF
Package: $1
Version: $version
Architecture: $architecture
Maintainer: tensord <tensord@localhost>
Section: net
Priority: optional
Installed-Size: $(du -sk "$stage/$1" | cut -f1)
Depends: $2
$3
Description: $4
EOF
}

control tensord "$(needed "$stage/tensord/usr/bin/tensord")" "Recommends: $(opened)
Suggests: libopenblas0-serial" "serves TensorFlow's SavedModels over REST and gRPC
 A native model server in place of TensorFlow Serving: the same flags, protocols
 and directories, in one small process, without TensorFlow."
control libtensord-dev "$(needed "$stage/libtensord-dev/usr/lib/libtensord.so.$version"), libc6-dev" \
    "Recommends: $(opened)
Suggests: libopenblas0-serial" "runs TensorFlow's SavedModels in programs of your own
 The engine of tensord as a library of C, with its headers and an example."

cat >"$stage/tensord/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
EOF
cat >"$stage/tensord/DEBIAN/prerm" <<'EOF'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now tensord.service || true
fi
EOF
cat >"$stage/tensord/DEBIAN/postrm" <<'EOF'
#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
EOF
printf '#!/bin/sh\nset -e\nldconfig\n' >"$stage/libtensord-dev/DEBIAN/postinst"
cp "$stage/libtensord-dev/DEBIAN/postinst" "$stage/libtensord-dev/DEBIAN/postrm"
chmod 755 "$stage"/*/DEBIAN/p*

for package in tensord libtensord-dev; do
    dpkg-deb --build --root-owner-group "$stage/$package" "$build/${package}_${version}_$architecture.deb"
done
rm -r "$stage"
