#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# try_packages.sh BUILD [ROOT] -- are BUILD's packages and tarball good on a bare Debian 12? ROOT is a root of debootstrap's
# (minbase), which is copied; without it one is made. Wants root and Debian's packages from the network, so it is no test of
# ctest's; `./dev try-packages` runs it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d)
root=$work/root
# What is still mounted there is not ours to remove.
trap 'umount "$root/proc" "$root/dev" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

if [ "${2:-}" ]; then
    cp -a "$2" "$root"
else
    debootstrap --variant=minbase bookworm "$root" >"$work/log" 2>&1 || { tail "$work/log"; exit 1; }
fi
mkdir -p "$root/proc" "$root/dev" "$root/try"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
cp "$build"/*.deb "$build"/*.tar.xz "$root/try/"
cp -r "$here/../models/half_plus_two" "$root/try/model"

exec_inside()
{
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}

inside()
{
    (exec_inside "$@")
}

# What a command says is of interest when it fails.
quietly()
{
    "$@" >"$work/log" 2>&1 || { tail "$work/log"; return 1; }
}

check()
{
    what=$1
    shift
    if "$@"; then
        echo "ok   $what"
    else
        echo "FAIL $what"
        exit 1
    fi
}

answers() # the path of a tensord in the root
{
    port=$(shuf -i 20000-29998 -n 1)
    exec_inside "$1" --port=$((port + 1)) --rest_api_port="$port" --model_name=m --model_base_path=/try/model 2>"$work/serve.log" &
    server=$!
    for _ in $(seq 100); do
        inside "$1" health --rest_api_port="$port" >"$work/health" 2>&1 && break
        sleep 0.1
    done
    reply=$(curl -s -d '{"instances": [1.0, 2.0, 5.0]}' "http://127.0.0.1:$port/v1/models/m:predict" | tr -d ' \n')
    kill -TERM $server
    wait $server && [ "$reply" = '{"predictions":[2.5,3.0,4.5]}' ] || { cat "$work/serve.log"; return 1; }
}

runs_example()
{
    [ "$(inside sh -c "$1")" = "$(printf '2.5\n3\n4.5')" ]
}

has_no_files() # of a list of paths
{
    while IFS= read -r path; do
        [ ! -f "$root$path" ] && [ ! -L "$root$path" ] || { echo "left: $path"; return 1; }
    done <"$1"
}

# -- the tarball, before anything is installed
xz -dc "$build"/*.tar.xz | tar -C "$root/opt" -x
portable=$(cd "$root/opt" && echo tensord-*)
check "tarball: runs" quietly inside "/opt/$portable/bin/tensord" --version
check "tarball: answers" answers "/opt/$portable/bin/tensorflow_model_server"
check "tarball: every library is found" inside sh -c "! LD_TRACE_LOADED_OBJECTS=1 /opt/$portable/bin/tensord | grep 'not found'"
check "tarball: at most 60 MiB" test "$(stat -c %s "$build"/*.tar.xz)" -le $((60 << 20))

# -- the packages
quietly inside apt-get update -q
quietly inside apt-get install -qy --no-install-recommends gcc libc6-dev pkg-config
before=$(inside dpkg-query -W -f '${Package}\n' | sort)
check "packages: install" quietly inside sh -c \
    'apt-get install -qy --no-install-recommends /try/tensord_*.deb /try/libtensord-dev_*.deb'
inside dpkg -L tensord libtensord-dev >"$work/files"
check "packages: answers" answers /usr/bin/tensord
check "packages: manual, unit, configuration" inside test -f /usr/share/man/man1/tensord.1.gz -a \
    -f /usr/lib/systemd/system/tensord.service -a -f /etc/tensord/tensord.conf -a -d /var/lib/tensord/models
compile='cc /usr/share/doc/libtensord-dev/examples/predict.c $(pkg-config --cflags --libs tensord) -o /try/predict'
check "packages: the example compiles and runs" runs_example "$compile && /try/predict /try/model/1 1 2 5"
compile="cc /opt/$portable/share/doc/tensord/examples/predict.c \
    \$(PKG_CONFIG_PATH=/opt/$portable/lib/pkgconfig pkg-config --define-prefix --cflags --libs tensord) -o /try/predict"
check "tarball: the example compiles and runs" runs_example \
    "$compile && LD_LIBRARY_PATH=/opt/$portable/lib /try/predict /try/model/1 1 2 5"
check "packages: completion" inside bash -c '. /usr/share/bash-completion/completions/tensorflow_model_server &&
    COMP_WORDS=(tensord sh) COMP_CWORD=1 && _tensord && [ "${COMPREPLY[*]}" = show ] &&
    [ -f /usr/share/zsh/vendor-completions/_tensord ]'
echo '# changed' >>"$root/etc/tensord/tensord.conf"
check "packages: remove" quietly inside apt-get remove -qq tensord libtensord-dev
check "packages: the configuration stays" test -f "$root/etc/tensord/tensord.conf"
check "packages: purge" quietly inside apt-get purge -qq tensord libtensord-dev
check "packages: nothing is left" has_no_files "$work/files"
check "packages: no directory is left" test ! -e "$root/etc/tensord" -a ! -e "$root/var/lib/tensord"
quietly inside apt-get autoremove -qy
check "packages: what they brought goes with them" test "$before" = "$(inside dpkg-query -W -f '${Package}\n' | sort)"
