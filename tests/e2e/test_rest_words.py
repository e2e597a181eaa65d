#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What REST takes beyond TensorFlow Serving, or words better: HEAD, numbers of small types, bytes as URLs have them, UTF-8."""
import pathlib
import tempfile
import unittest

import graphs
import harness

NAME = "modèle-犬"
ESCAPED = "mod%C3%A8le-%E7%8A%AC"


class Words(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        base = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for name, dtype in (("half", "float16"), ("brain", "bfloat16"), ("text", "string"), ("complex", "complex64")):
            graphs.save(base / name / "1", graphs.Graph().placeholder("x", dtype).signature("serving_default", {"x": dtype}, {"y": "x"}))
        cls.models = {name: base / name for name in ("half", "brain", "text", "complex")}
        cls.models[NAME] = harness.MODELS / "half_plus_two"
        super().setUpClass()

    def test_small_floats(self):
        self.assertEqual(self.server.post("half:predict", '{"inputs": [0.1, 65520, 1.00048828125001, NaN]}').body,
                         b'{\n    "outputs": [0.1, Infinity, 1.001, NaN]\n}')
        self.assertEqual(self.server.post("brain:predict", {"instances": [[0.1, -3.39e38]]}).json["predictions"], [[0.1, -3.39e38]])
        self.assert_error(self.server.post("half:predict", {"inputs": [True]}), 400, "is not of expected type: half")
        self.assert_error(self.server.post("complex:predict", {"inputs": [1]}), 501, "to type: complex64")

    def test_base64_of_urls(self):
        self.assertEqual(self.server.post("text:predict", {"inputs": [{"b64": "-_-_"}, {"b64": "w6g="}]}).json["outputs"],
                         [{"b64": "+/+/"}, "è"])
        self.assert_error(self.server.post("text:predict", {"inputs": [{"b64": "a.b="}]}), 400, "Unable to base64 decode")

    def test_names_in_utf8(self):
        self.assertEqual(self.server.post(ESCAPED + ":predict", {"instances": [1.0]}).json, {"predictions": [2.5]})
        self.assertEqual(self.server.get(ESCAPED + "/metadata").json["model_spec"]["name"], NAME)
        self.assert_error(self.server.post("%E7%8A%AC:predict", {"instances": [1.0]}), 404, "Latest(犬)")

    def test_errors_are_json_whatever_the_client_sends(self):
        self.assert_error(self.server.post("%FF%FE:predict", {"instances": [1.0]}), 404, "Latest(\ufffd\ufffd)")
        for size in range(250, 260):  # a text is cut within a character
            self.assert_error(self.server.post("half:predict", {"inputs": ["x" * size + "犬" * 9]}), 400, "is not of expected type")
        self.assert_error(self.server.post("half:predict", b'{"inputs": {"x": ["\xc3"]}}'), 400, "\ufffd")

    def test_head_is_get_without_a_body(self):
        for path in ("half", "half/metadata", "half/versions/7", "none", "half/versions/x"):
            get, head = self.server.get(path), self.server.http("HEAD", "/v1/models/" + path)
            self.assertEqual((head.status, head.body), (get.status, b""), path)
            if get.status != 400:  # whose text names the method
                self.assertEqual(head.headers["Content-Length"], get.headers["Content-Length"], path)
        self.assertEqual(self.server.http("HEAD", "/v1/models/half:predict").status, 400)

    def test_replies_say_which_version_answered(self):
        version = lambda reply: reply.headers["X-Tensord-Version"]
        for reply in (self.server.post("half:predict", {"inputs": [1.0]}), self.server.post("half:predict", {"inputs": ["x"]}),
                      self.server.post("half:predict", {"inputs": [1.0], "signature_name": "none"}), self.server.get("half/metadata"),
                      self.server.post("half/versions/1:predict", {"inputs": [1.0]})):
            self.assertEqual(version(reply), "1")
        self.assertEqual(version(self.server.post(ESCAPED + ":predict", {"instances": [1.0]})), "2")
        for reply in (self.server.post("none:predict", {"inputs": [1.0]}), self.server.post("half/versions/7:predict", {"inputs": [1.0]}),
                      self.server.get("half"), self.server.post("half:predict", "["), self.server.http("GET", "/healthz")):
            self.assertIsNone(version(reply))


if __name__ == "__main__":
    unittest.main()
