# SPDX-License-Identifier: Apache-2.0
"""tls.py -- certificates for tests, by openssl's command."""
import json
import pathlib
import subprocess


class Authority:
    """A root, and certificates of it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=root", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"))

    def path(self, name):
        return str(self.folder / name)

    def text(self, name):
        return (self.folder / name).read_text()

    def run(self, *words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def make(self, name, subject="localhost"):
        (self.folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
                 "-keyout", self.path(name + ".key"), "-out", self.path(name + ".csr"))
        self.run("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path("ca.pem"), "-CAkey",
                 self.path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", self.path("ext"), "-out",
                 self.path(name + ".pem"))

    def config(self, name, cert="server", verify=False, key=None):
        """An SSLConfig, its PEM inline as TensorFlow Serving wants it."""
        quoted = {what: json.dumps(self.text(file)) for what, file in
                  (("key", (key or cert) + ".key"), ("cert", cert + ".pem"), ("ca", "ca.pem"))}
        more = f"custom_ca: {quoted['ca']} client_verify: true" if verify else ""
        path = self.folder / name
        (self.folder / "next").write_text(f"server_key: {quoted['key']} server_cert: {quoted['cert']} {more}")
        (self.folder / "next").rename(path)
        return str(path)
