#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sync_models.py [--once] [--every=SECONDS] URL DIRECTORY -- makes DIRECTORY hold the versions of models that URL has.

URL/SHA256SUMS is the list, as sha256sum writes it: of each file its sum and its path, which is MODEL/VERSION/...:

    cd models && find . -type f ! -name SHA256SUMS -exec sha256sum {} + > sums && mv sums SHA256SUMS

A version is downloaded beside its place under a hidden name, compared with its sums, and renamed when it is complete: a server
that watches DIRECTORY never sees half of one. What the list does not have any more goes, unless a version of the same model is
still missing: then the old ones stay. A list that cannot be had, or is none, changes nothing. A version's files never change:
publish another one instead. DIRECTORY is this script's own.

--once ends when all is done, with 0 if each model of the list has a version (init containers); else it goes on, every 30 seconds.
SYNC_TOKEN in the environment is shown as a bearer token. The standard library is all that it needs.
"""
import argparse
import contextlib
import hashlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import sys
import time
import urllib.parse
import urllib.request

LIST = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")
VERSION = re.compile("[0-9]{1,18}")
HIDDEN = ".sync-"  # names that begin so are ours
PIECE, LONGEST_LIST, PATIENCE_S = 1 << 20, 64 << 20, 60


class Trouble(Exception):
    """What is wrong with the source; all else stays as it is."""


def say(text):
    print(f"sync: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def opened(url):
    request = urllib.request.Request(url)
    if token := os.environ.get("SYNC_TOKEN"):
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            yield reply
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Trouble(f"{url}: {error or type(error).__name__}") from error


def read_list(text):
    """{(model, version): {path below it: sum}} of sha256sum's lines; other files are none of a version's. Trouble: no list."""
    versions = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        parts = match[2].split("/") if match else []
        if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise Trouble(f"{LIST}: not a sum and the path of a file: {line[:200]!r}")
        if len(parts) > 2 and VERSION.fullmatch(parts[1]) and not parts[0].startswith("."):
            versions.setdefault((parts[0], parts[1]), {})["/".join(parts[2:])] = match[1]
    if not versions:
        raise Trouble(f"{LIST}: it names no model")
    return versions


def fetch_list(url):
    with opened(f"{url}/{LIST}") as reply:
        data = reply.read(LONGEST_LIST + 1)
        if len(data) > LONGEST_LIST or (reply.length or 0) > 0:
            raise Trouble(f"{LIST}: cut off, or longer than {LONGEST_LIST} bytes")
    try:
        return read_list(data.decode())
    except UnicodeDecodeError as error:
        raise Trouble(f"{LIST}: {error}") from error


def fetch_file(url, path, wanted):
    path.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with opened(url) as reply, open(path, "wb") as file:
        while piece := reply.read(PIECE):
            found.update(piece)
            file.write(piece)
    if found.hexdigest() != wanted:
        raise Trouble(f"{url}: not what {LIST} says, or not all of it")


def fetch_version(url, root, model, version, files):
    partial = root / f"{HIDDEN}{model}-{version}"
    try:
        for path, wanted in files.items():
            fetch_file(f"{url}/" + urllib.parse.quote(f"{model}/{version}/{path}"), partial / path, wanted)
        (root / model).mkdir(exist_ok=True)
        partial.rename(root / model / version)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    say(f"{model}/{version} is here")


def drop(root, model, version):
    """Out of sight at once, then off the disk."""
    gone = root / f"{HIDDEN}gone-{model}-{version}"
    (root / model / version).rename(gone)
    shutil.rmtree(gone)
    with contextlib.suppress(OSError):  # there are others
        (root / model).rmdir()
    say(f"{model}/{version} is gone")


def versions_here(root):
    return {(model.name, version.name) for model in root.iterdir() if model.is_dir() and not model.name.startswith(".")
            for version in model.iterdir() if VERSION.fullmatch(version.name)}


def sync(url, root):
    """Once; whether each model of the list has a version."""
    wanted = fetch_list(url)
    here, late = versions_here(root), set()
    for model, version in sorted(set(wanted) - here, key=lambda key: (key[0], -int(key[1]))):  # the newest first
        try:
            fetch_version(url, root, model, version, wanted[model, version])
        except (Trouble, OSError) as error:
            say(f"{model}/{version} does not come: {error}")
            late.add(model)
    for model, version in sorted(here - set(wanted)):
        if model not in late:
            drop(root, model, version)
    return {model for model, _ in wanted} <= {model for model, _ in versions_here(root)}


def try_sync(url, root):
    try:
        return sync(url, root)
    except (Trouble, OSError) as error:
        say(str(error))
        return False


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--once", action="store_true")
    options.add_argument("--every", type=float, default=30, metavar="SECONDS")
    options.add_argument("url")
    options.add_argument("directory", type=pathlib.Path)
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # process 1 of a container hears it only so
    os.umask(0o022)  # who serves them is another user
    chosen.directory.mkdir(parents=True, exist_ok=True)
    for left in chosen.directory.glob(f"{HIDDEN}*"):  # of one that was killed
        shutil.rmtree(left)
    while not (done := try_sync(chosen.url.rstrip("/"), chosen.directory)) or not chosen.once:
        if chosen.once:
            break
        time.sleep(chosen.every)
    sys.exit(not done)


if __name__ == "__main__":
    main()
