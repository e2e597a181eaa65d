#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands of README.md and docs/ are run as they stand there, in a copy of the shipped models.

Blocks of ```sh are run by bash, ```python by python3; ports and the binary are put in their place by functions of the same
names. What needs more than this machine's python and curl is named in ELSEWHERE, with who tries it.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.M | re.S)
# A block that has one of these is not run here.
ELSEWHERE = {
    "./dev": "CI, or a person",
    "podman": "./dev try-image", "docker": "./dev try-image",
    "kubectl": "deploy/check_manifests.py", "helm": "deploy/check_chart.py", "apt-get": "./dev try-packages",
    "pkg-config": "the test of examples/c", "tar -xf": "./dev try-packages",
    "grpcurl": "e2e.reflection", "SHA256SUMS": "e2e.sync", "sync_models.py": "e2e.sync", "/path/to": "an outline", " DIR": "an outline", " /models/": "an outline", "=/models/": "an outline",
    "/tmp/export": "an outline", "nginx": "deploy/try_proxies.py", "haproxy": "deploy/try_proxies.py", "bench/": "./dev bench",
    "import tensorflow": "a person: it needs TensorFlow", "requests": "a person: it is not installed",
}
PATIENCE = 60
PROLOGUE = """
set -euo pipefail
tensord() {
    case ${1-} in
    show|run|bench|quantize|ops|check|completion|help|--help|--version) "$TENSORD" "$@" ;;
    health) "$TENSORD" "$@" --rest_api_port=$REST ;;
    *) exec "$TENSORD" "$@" --port=$GRPC2 --rest_api_port=$REST2 --shutdown_delay_seconds=0 --log_level=error ;;
    esac
}
python3() { /usr/bin/python3 "$@"; }
curl() { command curl --fail -sS --retry 40 --retry-connrefused --retry-delay 1 --max-time 30 "$@"; }
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
"""


def blocks(page):
    text = page.read_text()
    for match in BLOCK.finditer(text):
        kind, code = match.groups()
        line = text[:match.start()].count("\n") + 2
        if not any(word in code for word in ELSEWHERE):
            yield f"{page.name}:{line}", kind, code


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        shutil.copytree(harness.MODELS, cls.folder / "models", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        (cls.folder / "build" / "release").mkdir(parents=True)
        (cls.folder / "build" / "release" / "tensord").symlink_to(harness.BINARY)
        cls.server = harness.Server(flags=[f"--models_dir={cls.folder / 'models'}"], wait=False)
        cls.enterClassContext(cls.server)
        harness.until(lambda: "Exporting HTTP" in cls.server.log_text(), "the ports")

    def run_sh(self, code):
        """A block that starts a server of its own asks that one."""
        grpc_port, rest_port = harness.free_ports(2)
        asks = rest_port if re.search(r"^tensord .*&$", code, re.M) else self.server.rest_port
        code = code.replace("localhost:8501", f"localhost:{asks}").replace("--rest_api_port=8501", "")
        environment = {**harness.os.environ, "TENSORD": harness.BINARY, "REST": str(self.server.rest_port),
                       "REST2": str(rest_port), "GRPC2": str(grpc_port)}
        return subprocess.run(["bash", "-c", PROLOGUE + code], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=PATIENCE)

    def run_python(self, code):
        code = code.replace("localhost:8501", f"localhost:{self.server.rest_port}")
        return subprocess.run(["/usr/bin/python3", "-c", code], cwd=self.folder, text=True, capture_output=True,
                              timeout=PATIENCE)

    def test_every_block(self):
        count = 0
        for page in [harness.SOURCE / "README.md", *sorted((harness.SOURCE / "docs").glob("*.md"))]:
            for where, kind, code in blocks(page):
                count += 1
                with self.subTest(where):
                    done = self.run_sh(code) if kind == "sh" else self.run_python(code)
                    self.assertEqual(done.returncode, 0, f"{code}\n{done.stdout}\n{done.stderr}")
        self.assertGreater(count, 8)

    def test_what_the_first_page_promises(self):
        """The first thing that anybody tries."""
        page = (harness.SOURCE / "README.md").read_text()
        command = re.search(r"```sh\n(curl -d .*half_plus_two:predict)\n```", page).group(1)
        promised = re.search(r'answers `({"predictions": .*?})`', page).group(1)
        done = self.run_sh(command)
        self.assertEqual(harness.json.loads(done.stdout), harness.json.loads(promised))


if __name__ == "__main__":
    unittest.main()
