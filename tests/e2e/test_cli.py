#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verbs but serve: what they print, and what they say when something is wrong."""
import json
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest
import warnings

import numpy as np
from google.protobuf import json_format

import graphs
import harness
from messages import message

HALF_PLUS_TWO = str(harness.MODELS / "half_plus_two" / "1")
DIGITS = str(harness.MODELS / "digits" / "1")


def run(*words):
    return subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=harness.PATIENCE)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def assert_fails(self, done, code, *parts):
        self.assertEqual(done.returncode, code, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)


class Verbs(CommandLine):
    def test_help(self):
        done = run("help")
        self.assertEqual(done.returncode, 0)
        self.assertEqual((run("--help").stdout, run("-h").stdout), (done.stdout, done.stdout))
        self.assertLess(len(done.stdout.splitlines()), 25)
        verbs = re.findall(r"^  (\w+) ", done.stdout, re.M)
        self.assertLessEqual({"serve", "show", "run", "check", "ops", "health", "completion", "help"}, set(verbs))
        for verb in verbs:
            page = run("help", verb)
            self.assertEqual((page.returncode, run(verb, "--help").stdout), (0, page.stdout))
            self.assertIn(f"usage: tensord {verb}", page.stdout)
        self.assertNotIn("--port", done.stdout)
        self.assert_fails(run("help", "shwo"), 2, 'no verb "shwo": did you mean "show"?')

    def test_help_as_tensorflow_serving_has_it(self):
        """Called by its name: all flags, and its exit code."""
        link = self.folder / "tensorflow_model_server"
        link.symlink_to(harness.BINARY)
        done = subprocess.run([link, "--help"], capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (255, ""))
        self.assertIn(f"usage: {link}\nFlags:\n\t--port=8500 ", done.stdout)

    def test_mistyped_options(self):
        self.assert_fails(run("show", HALF_PLUS_TWO, "--tagset=serve"), 2, 'what is "--tagset=serve"?', '"--tag_set"')
        self.assert_fails(run("run", HALF_PLUS_TWO, "--input", "1"), 2, 'what is "--input"?', 'did you mean "--inputs"?')
        self.assert_fails(run("show", HALF_PLUS_TWO, "--zzzzzz"), 2, 'what is "--zzzzzz"?\n')
        self.assert_fails(run("show", HALF_PLUS_TWO, "--all=x"), 2, 'what is "--all=x"?')
        self.assert_fails(run("run", HALF_PLUS_TWO, *["--inputs=1"] * 65), 2, "more than 64")

    def test_unknown_verb(self):
        self.assert_fails(run("bake"), 2, 'no verb "bake"')
        self.assert_fails(run("shwo"), 2, 'no verb "shwo": did you mean "show"?')


class Show(CommandLine):
    def test_signatures(self):
        done = run("show", HALF_PLUS_TWO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("""
signature_def['serving_default']:
  The given SavedModel SignatureDef contains the following input(s):
    inputs['x'] tensor_info:
        dtype: DT_FLOAT
        shape: (-1)
        name: serving_default_x:0
""", done.stdout)
        self.assertIn("tag-sets:\n'serve'\n", done.stdout)
        self.assertIn("  Method name is: tensorflow/serving/predict\n  Batchable: yes\n", done.stdout)
        self.assertIn("tensord has all of them.", done.stdout)
        self.assertNotIn("__saved_model_init_op", done.stdout)

    def test_all(self):
        """As saved_model_cli prints it; scripts read that."""
        done = run("show", "--dir", HALF_PLUS_TWO, "--all")
        self.assertEqual((done.returncode, done.stdout), (0, """
MetaGraphDef with tag-set: 'serve' contains the following SignatureDefs:

signature_def['__saved_model_init_op']:
  The given SavedModel SignatureDef contains the following input(s):
  The given SavedModel SignatureDef contains the following output(s):
    outputs['__saved_model_init_op'] tensor_info:
        dtype: DT_INVALID
        shape: unknown_rank
        name: NoOp
  Method name is:\x20

signature_def['serving_default']:
  The given SavedModel SignatureDef contains the following input(s):
    inputs['x'] tensor_info:
        dtype: DT_FLOAT
        shape: (-1)
        name: serving_default_x:0
  The given SavedModel SignatureDef contains the following output(s):
    outputs['y'] tensor_info:
        dtype: DT_FLOAT
        shape: (-1)
        name: StatefulPartitionedCall:0
  Method name is: tensorflow/serving/predict
The MetaGraph with tag set ['serve'] contains the following ops: {'AddV2', 'AssignVariableOp', 'Const', \
'DisableCopyOnRead', 'Identity', 'MergeV2Checkpoints', 'Mul', 'NoOp', 'Pack', 'Placeholder', 'ReadVariableOp', 'RestoreV2', \
'SaveV2', 'Select', 'ShardedFilename', 'StatefulPartitionedCall', 'StaticRegexFullMatch', 'StringJoin', 'VarHandleOp'}

Concrete Functions:
  Function Name: 'plus_three'
    Option #1
      Callable with:
        Argument #1
          x: TensorSpec(shape=(None,), dtype=tf.float32, name='x')

  Function Name: 'plus_two'
    Option #1
      Callable with:
        Argument #1
          x: TensorSpec(shape=(None,), dtype=tf.float32, name='x')
"""))
        self.assertEqual(run("show", HALF_PLUS_TWO, "--all").stdout, done.stdout)

    def test_python_functions(self):
        """Arguments of all kinds, as saved_model_cli printed them of the model that this file is a part of."""
        (self.folder / "saved_model.pb").write_bytes((harness.SOURCE / "tests/fuzz/corpus/saved_model/functions").read_bytes())
        done = run("show", "--dir", str(self.folder), "--all")
        self.assertEqual(done.returncode, 0, done.stderr)
        functions = done.stdout[done.stdout.index("Concrete Functions:"):]
        self.assertEqual(re.findall("Function Name: '(.*)'", functions), ["bare", "calls", "f", "g", "h", "none", "r", "sp", "u"])
        self.assertIn("\n  Function Name: 'none'\n\n  Function Name: 'r'\n", functions)
        argument = "        Argument #1\n          "
        for part in (
            "    Option #3\n      Callable with:\n" + argument + "x: TensorSpec(shape=(None,), dtype=tf.float32, name='x')\n"
            "        Argument #2\n          slow\n        Argument #3\n          DType: int\n          Value: 3\n"
            "        Argument #4\n          DType: float\n          Value: 0.5\n        Argument #5\n          DType: float\n          Value: 1e-05\n"
            "        Argument #6\n          DType: NoneType\n          Value: None\n        Argument #7\n          DType: bool\n          Value: True\n",
            "          DType: int\n          Value: -7\n        Argument #4\n          DType: float\n          Value: 2.0\n"
            "        Argument #5\n          DType: float\n          Value: 1e+20\n",
            argument + "x: TensorSpec(shape=(2, 3), dtype=tf.int64, name='x')\n        Named Argument #1\n          y\n        Named Argument #2\n          name\n",
            argument + "DType: list\n          Value: [TensorSpec(shape=(1,), dtype=tf.float32, name='d_0'), [1, 2.5, 's', None], \b\b]\n",
            argument + "DType: dict\n          Value: {'b': [TensorSpec(shape=(2,), dtype=tf.float32, name='d_b_0'), "
            "(TensorSpec(shape=(3,), dtype=tf.float16, name='d_b_1_0'), 'text')], 'a': TensorSpec(shape=(1,), dtype=tf.float32, name='d_a'), \b\b}\n",
            argument + "DType: tuple\n          Value: [TensorSpec(shape=(1,), dtype=tf.float32, name='d_0'), \b\b]\n",
            argument + "DType: NT\n          Value: [TensorSpec(shape=(1,), dtype=tf.float32, name='d_a'), TensorSpec(shape=(1,), dtype=tf.int8, name='d_b'), \b\b]\n",
            argument + "DType: DType\n          Value: <dtype: 'float32'>\n", argument + "plain\n",
            argument + "DType: RaggedTensorSpec\n          Value: RaggedTensorSpec(TensorShape([None, None]), tf.int32, 1, tf.int64)\n",
            argument + "DType: SparseTensorSpec\n          Value: SparseTensorSpec(TensorShape([None, 3]), tf.float32)\n",
            argument + "a: TensorSpec(shape=<unknown>, dtype=tf.string, name='a')\n        Argument #2\n          zz: TensorSpec(shape=(), dtype=tf.float64, name='zz')\n",
        ):
            self.assertIn(part, functions)

    def test_parts(self):
        """As saved_model_cli prints them, asked as that is asked."""
        show = lambda *words: run("show", "--dir", HALF_PLUS_TWO, *words)
        sets = "The given SavedModel contains the following tag-sets:\n'serve'\n"
        keys = """The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:
SignatureDef key: "__saved_model_init_op"
SignatureDef key: "serving_default"
"""
        self.assertEqual(show().stdout, sets)
        self.assertEqual(show("--signature_def", "serving_default").stdout, sets)
        self.assertEqual(show("--list_ops").stdout, "--list_ops must be paired with a tag-set or with --all.\n" + sets)
        self.assertEqual(show("--tag_set", "serve").stdout, keys)
        self.assertRegex(show("--tag_set", "serve", "--list_ops").stdout,
                         r"^The MetaGraph with tag set \['serve'\] contains the following ops: {'AddV2', .*'}\n" + keys + "$")
        one = show("--tag_set", "serve", "--signature_def", "serving_default")
        self.assertEqual(one.stdout, """The given SavedModel SignatureDef contains the following input(s):
  inputs['x'] tensor_info:
      dtype: DT_FLOAT
      shape: (-1)
      name: serving_default_x:0
The given SavedModel SignatureDef contains the following output(s):
  outputs['y'] tensor_info:
      dtype: DT_FLOAT
      shape: (-1)
      name: StatefulPartitionedCall:0
Method name is: tensorflow/serving/predict
""")
        self.assertEqual(run("show", HALF_PLUS_TWO, "--signature_def=serving_default").stdout, one.stdout)
        self.assert_fails(show("--tag_set", "serve", "--signature_def", "nope"), 1,
                          'Could not find signature "nope". Please choose from: __saved_model_init_op, serving_default')
        self.assert_fails(show("--tag_set", "gpu"), 1, "NOT_FOUND", "{ gpu }")

    def test_sets_of_tags(self):
        """In order; a set's tags, too, but where meta graphs are shown."""
        graph = graphs.Graph().placeholder("x", "float32").node("y", "Neg", ["x"], "float32")
        text = graph.signature("serving_default", {"x": "float32"}, {"y": "y"})
        text.meta.meta_info_def.tags[:] = ["serve", "gpu"]
        graphs.save(self.folder / "1", text)
        sets = "The given SavedModel contains the following tag-sets:\n"
        self.assertEqual(run("show", "--dir", str(self.folder / "1")).stdout, sets + "'gpu, serve'\n")
        done = run("show", "--dir", str(self.folder / "1"), "--all")
        self.assertIn("\nMetaGraphDef with tag-set: 'serve, gpu' contains", done.stdout)
        self.assertIn("The MetaGraph with tag set ['serve', 'gpu'] contains the following ops: {'Neg', 'Placeholder'}\n", done.stdout)
        text.meta.meta_info_def.tags[:] = []
        graphs.save(self.folder / "2", text)
        done = run("show", "--dir", str(self.folder / "2"), "--all")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("The MetaGraph with tag set [] contains the following ops: {", done.stdout)

    def test_json(self):
        graph = graphs.Graph().placeholder("x", "float32").node("y", "NoSuchOp", ["x"], "float32")
        graphs.save(self.folder / "1", graph.signature("serving_default", {"x": "float32"}, {"y": "y"}))
        lacks = json.loads(run("show", str(self.folder / "1"), "--json").stdout)
        self.assertEqual(lacks["ops"][0], {"name": "NoSuchOp", "nodes": 1, "missing": True, "node": "y"})
        self.assertNotIn("batchable", lacks["signatures"][0])
        shown = json.loads(run("show", "--dir", HALF_PLUS_TWO, "--json").stdout)
        self.assertEqual((shown["path"], shown["tag_sets"], shown["tag_set"]), (HALF_PLUS_TWO, ["serve"], "serve"))
        self.assertEqual(shown["signatures"], [{
            "name": "serving_default", "method": "tensorflow/serving/predict", "batchable": True,
            "inputs": [{"name": "x", "dtype": "DT_FLOAT", "shape": "[?]", "tensor": "serving_default_x:0"}],
            "outputs": [{"name": "y", "dtype": "DT_FLOAT", "shape": "[?]", "tensor": "StatefulPartitionedCall:0"}]}])
        self.assertIn({"name": "AddV2", "nodes": 1, "missing": False}, shown["ops"])
        self.assert_fails(run("show", str(self.folder), "--json"), 1, "NOT_FOUND", "saved_model.pb")
        self.assertEqual(run("show", str(self.folder), "--json").stdout, "")

    def test_graph(self):
        graph = graphs.Graph().placeholder("x", "float32").node("y", "Neg", ["x"], "float32")
        graphs.save(self.folder / "1", graph.signature("serving_default", {"x": "float32"}, {"y": "y"}))
        done = run("show", str(self.folder / "1"), "--graph")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\nsignature serving_default:\n", done.stdout)
        self.assertIn("\ny = Neg(x) ", done.stdout)
        self.assertNotIn("y = Neg", run("show", str(self.folder / "1")).stdout)
        self.assertIn("\nfunction ", run("show", HALF_PLUS_TWO, "--graph").stdout)

    def test_what_mixes_rows(self):
        graph = graphs.Graph().placeholder("x", "float32").node("y", "L2Loss", ["x"], "float32")
        graphs.save(self.folder / "1", graph.signature("serving_default", {"x": "float32"}, {"y": "y"}))
        self.assertIn("  Batchable: no: input x has no known rank\n", run("show", str(self.folder / "1")).stdout)

    def test_ops_that_tensord_lacks(self):
        graph = graphs.Graph().placeholder("x", "float32").node("y", "NoSuchOp", ["x"], "float32")
        graphs.save(self.folder / "1", graph.signature("serving_default", {"x": "float32"}, {"y": "y"}))
        done = run("show", str(self.folder / "1"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tensord lacks 1 of them:\n  NoSuchOp (node y)", done.stdout)
        self.assertIn("  Batchable: not known, the model does not load\n", done.stdout)

    def test_wrong_level(self):
        half_plus_two = str(pathlib.Path(HALF_PLUS_TWO).parent)
        for verb in ("show", "run"):
            self.assert_fails(run(verb, half_plus_two), 1, f"It holds the versions 1, 2: give {half_plus_two}/2.")
            self.assert_fails(run(verb, str(harness.MODELS)), 1, "It holds the models ", f"{harness.MODELS}/")
            self.assert_fails(run(verb, HALF_PLUS_TWO + "/saved_model.pb"), 1, "Give its directory, not the file.")
            self.assert_fails(run(verb, str(self.folder / "nothing")), 1, "There is nothing of that name.")

    def test_other_files(self):
        (self.folder / "m.keras").write_bytes(b"PK")
        for path in (self.folder, self.folder / "m.keras"):
            self.assert_fails(run("show", str(path)), 1, f"{self.folder}/m.keras is a Keras file", "model.export(DIR)")

    def test_errors(self):
        self.assert_fails(run("show"), 2, "which directory?")
        self.assert_fails(run("show", "a", "b"), 2, 'what is "b"?')
        self.assert_fails(run("show", "a", "--dir", "b"), 2, 'what is "a"? --dir names the directory')
        self.assert_fails(run("show", str(self.folder)), 1, "NOT_FOUND", "saved_model.pb")
        self.assert_fails(run("show", HALF_PLUS_TWO, "--tag_set=gpu"), 1, "NOT_FOUND", "{ gpu }")
        self.assert_fails(run("show", HALF_PLUS_TWO, "--tag_set"), 2, "--tag_set needs a value")


class Bench(unittest.TestCase):
    def test_json(self):
        done = run("bench", DIGITS, "--batch=1,3", "--seconds=0.05", "--profile", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        d = json.loads(done.stdout)
        self.assertEqual((d["model"], d["signature"], d["arithmetic"]), (DIGITS, "serving_default", "float"))
        self.assertEqual([r["batch"] for r in d["results"]], [1, 3])
        for r in d["results"]:
            self.assertGreaterEqual(r["runs"], 5)
            self.assertLessEqual(r["p50_ms"], r["p99_ms"])
            self.assertAlmostEqual(r["rows_per_second"] * r["mean_ms"] / 1000, r["batch"], 3)
            self.assertGreater(r["gflops"], 0)
            self.assertAlmostEqual(sum(op["percent"] for op in r["profile"]), 100, 1)
            self.assertIn("panels", [op.get("body") for op in r["profile"]])
        self.assertGreater(d["peak_mib"], 5)

    def test_text(self):
        done = run("bench", HALF_PLUS_TWO, "--seconds=0.05")
        self.assertRegex(done.stdout, r"(?s)half_plus_two/1, serving_default, \d+ cores, float\n.*\n +1 +\d+ +[\d.]+ .*peak memory: \d+ MiB\n$")
        self.assertIn("  body          op node\n", run("bench", HALF_PLUS_TWO, "--seconds=0", "--profile").stdout)

    def test_mistakes(self):
        for words, code, said in ((("--batch=0",), 1, "--batch=0: numbers of rows"), (("--batch=1,x",), 1, "numbers of rows"),
                                  (("--seconds=nan",), 1, "--seconds=nan: a number from 0"), (("--threads=0",), 1, "--threads=0"),
                                  (("--signature=no",), 1, 'there is no signature "no"'), (("--shapes=x=1",), 2, "--shape"),
                                  (("--shape=x=1;2",), 1, "--shape=x=1;2: dimensions")):
            with self.subTest(words):
                done = run("bench", HALF_PLUS_TWO, *words)
                self.assertEqual(done.returncode, code)
                self.assertIn(said, done.stderr)


class Check(CommandLine):
    def verdicts(self, code, *words):
        done = run("check", "--json", *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)["models"]

    def save(self, name, graph):
        graphs.save(self.folder / name, graph)
        return str(self.folder / name)

    def test_what_is_checked(self):
        """A models directory, a base path, a version: what the server would load of each."""
        places = lambda *words: [(v["model"], v["version"]) for v in self.verdicts(0, *map(str, words))]
        self.assertEqual(places(harness.MODELS), [("digits", "1"), ("half_plus_two", "2")])
        self.assertEqual(places(harness.MODELS / "half_plus_two"), [("half_plus_two", "2")])
        self.assertEqual(places(HALF_PLUS_TWO, DIGITS), [("half_plus_two", "1"), ("digits", "1")])

    def test_text(self):
        done = run("check", HALF_PLUS_TWO)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, rf"^{HALF_PLUS_TWO}: loads, in [\d.]+ ms\n  tag sets: serve\n  memory: \d+ bytes of weights")
        self.assertIn("  signature serving_default\n    input x: DT_FLOAT [?]\n    output y: DT_FLOAT [?]\n    batchable: yes\n",
                      done.stdout)
        self.assertIn("""    curl -d '{"inputs": {"x": [0.0]}}' http://localhost:8501/v1/models/half_plus_two:predict\n""", done.stdout)

    def test_memory(self):
        memory = self.verdicts(0, DIGITS)[0]["memory"]
        self.assertGreater(memory["mapped_bytes"], 100000)
        self.assertGreater(memory["packed_bytes"], 10000)
        self.assertGreater(memory["constant_bytes"], 0)
        self.assertGreater(memory["plan_bytes"], 0)

    def test_examples_work(self):
        """Both requests of every signature, pasted into a shell; grpcurl's as the message that it would make."""
        signatures = [(v["model"], s) for v in self.verdicts(0, str(harness.MODELS)) for s in v["signatures"]]
        with harness.Server(models={m: harness.MODELS / m for m, _ in signatures}) as server:
            for model, s in signatures:
                command = s["curl"].replace("localhost:8501", f"localhost:{server.rest_port}")
                done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=harness.PATIENCE)
                self.assertIn("outputs", json.loads(done.stdout), command)
                text = shlex.split(s["grpcurl"])[3]
                request = json_format.Parse(text, message("tensorflow.serving.PredictRequest")())
                self.assertEqual((request.model_spec.name, request.model_spec.signature_name), (model, s["name"]))
                self.assertEqual(len(server.call("PredictionService", "Predict", request).outputs), len(s["outputs"]))

    def test_ops_that_tensord_lacks(self):
        graph = graphs.Graph().placeholder("x", "float32").node("a", "NoSuchOp", ["x"], "float32")
        graph.node("y", "NorThisOp", ["a"], "float32").node("z", "Neg", ["x"], "float32")
        graph.signature("serving_default", {"x": "float32"}, {"y": "y"})
        alone = self.verdicts(1, self.save("1", graph))[0]
        self.assertFalse(alone["loads"])
        self.assertEqual(alone["code"], "NOT_FOUND")
        self.assertEqual(alone["signatures"][0]["missing_ops"], ["NoSuchOp", "NorThisOp"])
        done = run("check", str(self.folder / "1"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("    ops that tensord lacks: NoSuchOp, NorThisOp\n", done.stdout)

        beside = self.verdicts(0, self.save("2", graph.signature("other", {"x": "float32"}, {"z": "z"})))[0]
        other, default = beside["signatures"]
        self.assertTrue(other["runs"])
        self.assertEqual((default["runs"], default["missing_ops"]), (False, ["NoSuchOp", "NorThisOp"]))
        self.assertIn("NoSuchOp", default["error"])
        self.assertNotIn("curl", default)

    def test_dims_of_any_size(self):
        for i, shape in enumerate(([-1, 224, 224, 3], [1 << 40, 0], [1 << 40, 1 << 40])):
            graph = graphs.Graph().placeholder("x", "float32").node("y", "Neg", ["x"], "float32")
            path = self.save(str(i + 1), graph.signature("serving_default", {"x": "float32"}, {"y": "y"}, shape=shape))
            done = run("check", "--json", path)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            for s in json.loads(done.stdout)["models"][0]["signatures"]:
                self.assertLess(len(s.get("curl", "")), 500)

    def test_errors(self):
        self.assert_fails(run("check"), 2, "which directory?")
        self.assert_fails(run("check", str(self.folder)), 1, "NOT_FOUND", "holds no SavedModel and no directory of versions")
        self.assert_fails(run("check", str(self.folder / "nothing")), 1, "NOT_FOUND", "is no directory")
        self.assert_fails(run("check", HALF_PLUS_TWO, "--jsn"), 2, 'what is "--jsn"?: did you mean "--json"?')
        (self.folder / "1").mkdir()
        (self.folder / "1" / "saved_model.pb").write_bytes(b"\xff" * 100)
        broken = self.verdicts(1, str(self.folder / "1"), HALF_PLUS_TWO)
        self.assertEqual([v["loads"] for v in broken], [False, True])
        self.assertEqual(broken[0]["code"], "DATA_LOSS")


class Ops(CommandLine):
    def names(self, *words):
        done = run("ops", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    def test_patterns(self):
        everything = self.names()
        self.assertGreater(len(everything), 100)
        self.assertEqual(self.names("conv2d"), [name for name in everything if "conv2d" in name.lower()])
        self.assertEqual(self.names("MATM*"), [name for name in everything if name.startswith("MatM")])
        self.assertEqual(self.names("Ab[r-t]"), ["Abs"])
        self.assert_fails(run("ops", "NoSuchOp"), 1, 'no op is like "NoSuchOp"\n')
        self.assert_fails(run("ops", "Cov2D"), 1, 'no op is like "Cov2D": did you mean "Conv2D"?')
        self.assert_fails(run("ops", "a", "b"), 2, 'what is "b"?')

    def test_json(self):
        ops = json.loads(run("ops", "--json").stdout)["ops"]
        self.assertEqual([op["name"] for op in ops], self.names())
        self.assertEqual(set(ops[0]), {"name", "signature", "attributes"})
        self.assertEqual(json.loads(run("ops", "NoSuchOp", "--json").stdout), {"ops": []})


class Run(CommandLine):
    def run_json(self, *words):
        done = run("run", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_json(self):
        self.assertEqual(self.run_json(HALF_PLUS_TWO, "--inputs", '{"x": [1.0, 2.0, 5.0]}'), {"outputs": [2.5, 3.0, 4.5]})
        self.assertEqual(self.run_json(HALF_PLUS_TWO, "--inputs=[1.0]"), {"outputs": [2.5]})
        self.assertEqual(self.run_json(HALF_PLUS_TWO, "--inputs", '{"instances": [1.0]}'), {"predictions": [2.5]})
        body = self.folder / "body.json"
        body.write_text('{"signature_name": "serving_default", "instances": [4]}')
        self.assertEqual(self.run_json(HALF_PLUS_TWO, f"--inputs={body}"), {"predictions": [4.0]})

    def test_arrays(self):
        np.save(self.folder / "x.npy", np.float32([[1, 2], [3, 4]]))
        given = f"--inputs=x={self.folder / 'x.npy'}"
        self.assertEqual(self.run_json(HALF_PLUS_TWO, given), {"outputs": [[2.5, 3.0], [3.5, 4.0]]})
        done = run("run", HALF_PLUS_TWO, given, "--out", str(self.folder / "out"), "--time=3")
        self.assertEqual(done.returncode, 0, done.stderr)
        times = re.search(r"^runs=3 best_ms=(\S+) mean_ms=(\S+)$", done.stderr, re.M)
        self.assertGreater(float(times[1]), 0)
        self.assertGreaterEqual(float(times[2]), float(times[1]))
        got = np.load(self.folder / "out" / "y.npy")
        self.assertEqual((got.dtype, got.tolist()), (np.float32, [[2.5, 3.0], [3.5, 4.0]]))

    def test_digits(self):
        examples = json.loads((harness.MODELS / "digits" / "examples.json").read_text())
        image = np.zeros((2, 8, 8, 1), np.float32)
        np.save(self.folder / "image.npy", image)
        got = self.run_json(DIGITS, f"--inputs=image={self.folder / 'image.npy'}")
        self.assertEqual(np.shape(got["outputs"]), (2, 10))
        self.assertTrue(examples)

    def test_errors(self):
        np.save(self.folder / "x.npy", np.float64([1]))
        given = f"--inputs=x={self.folder / 'x.npy'}"
        self.assert_fails(run("run"), 2, "which directory?")
        self.assert_fails(run("run", HALF_PLUS_TWO), 1, "INVALID_ARGUMENT", "Missing but required: {x}")
        self.assert_fails(run("run", HALF_PLUS_TWO, given), 1, "Expects arg[0] to be float but double is provided")
        self.assert_fails(run("run", HALF_PLUS_TWO, given, "--signature=foo"), 1, '"foo" not found')
        self.assert_fails(run("run", HALF_PLUS_TWO, "--inputs", "{"), 1, "JSON Parse error")
        for count in ("0", "x", "-1", "3x"):
            self.assert_fails(run("run", HALF_PLUS_TWO, "--inputs=[1.0]", f"--time={count}"), 2, "--time")
        self.assert_fails(run("run", HALF_PLUS_TWO, "--inputs=no.json"), 1, "NOT_FOUND")
        self.assert_fails(run("run", HALF_PLUS_TWO, "--inputs=z=no.npy"), 1, "has no input z. The inputs are: x.")


class RunAsSavedModelCli(CommandLine):
    """--input_exprs, --input_examples, .npz, --outdir, and how outputs are printed."""

    def identity(self, dtype):
        """A model that answers what it is given."""
        folder = self.folder / dtype
        if not folder.exists():
            graph = graphs.Graph().placeholder("x", dtype).node("y", "Identity", ["x"], dtype)
            graphs.save(folder, graph.signature("serving_default", {"x": dtype}, {"y": "y"}))
        return str(folder)

    def output(self, dtype, *words):
        done = run("run", self.identity(dtype), *words, "--out", str(self.folder / "out"))
        self.assertEqual(done.returncode, 0, f"{words}: {done.stderr}")
        return np.load(self.folder / "out" / "y.npy")

    def test_expressions(self):
        for text in ("1", "-2.5", "[1, 2]", "(1, )", "((1), 2)", "[[1, 2.5], [-3, True]]", "[]", "[[], []]", "[1,]", "0x1F", "1_000",
                     "1e3", ".5", "5.", "-np.inf", "np.nan", "numpy.inf", "[False, True]", "np.pi",
                     "np.ones((2, 3))", "np.zeros(4)", "np.zeros(shape=(2, 2), dtype=np.int32)", "np.full((2,), 7.5)",
                     "np.full(shape=2, fill_value=3, dtype='float32')", "np.arange(5)", "np.arange(1, 2, 0.25)",
                     "np.arange(3, 0, -1)", "np.arange(2, 0)", "np.linspace(0, 1, 5)", "np.linspace(-1, 1, num=3)",
                     "np.array([1.75, -2.75], dtype=np.int32)", "np.asarray([[1], [2]])", "np.array([0.1], np.float32)",
                     "np.arange(6).reshape(2, 3)", "np.arange(6).reshape((3, -1)).astype(np.float32)", "np.float32(0.1)",
                     "np.array([0.5, 0]).astype(bool)", "- np.ones ( 2 )", "np.int64(7)"):
            with self.subTest(text):
                want = np.asarray(eval(text, {"np": np, "numpy": np}), np.float64)
                np.testing.assert_array_equal(self.output("float64", "--input_exprs", f"x={text}"), want)
        for dtype, text, want in (("int32", "[1, -2]", [1, -2]), ("uint8", "[255, 0]", [255, 0]), ("bool", "[0, 2.5]", [False, True]),
                                  ("int64", "[1.9, -1.9]", [1, -1]), ("float16", "[0.1]", [0.1])):
            np.testing.assert_array_equal(self.output(dtype, "--input_exprs", f"x={text}"), np.array(want, dtype))
        self.assertEqual(self.output("int64", "--input_exprs", "x=[9223372036854775807]").tolist(), [9223372036854775807])

    def test_random_expressions(self):
        output = lambda text: self.output("float64", "--input_exprs", f"x={text}")
        rand = output("np.random.rand(10, 100)")
        self.assertEqual(rand.shape, (10, 100))
        self.assertTrue(((0 <= rand) & (rand < 1)).all() and 0.4 < rand.mean() < 0.6)
        np.testing.assert_array_equal(rand, output("np.random.rand(10, 100)"))
        normal = output("np.random.normal(5, 2, (1000,))")
        self.assertTrue(4.5 < normal.mean() < 5.5 and 1.8 < normal.std() < 2.2)
        self.assertEqual(output("np.random.randn(3, 1)").shape, (3, 1))
        self.assertEqual(set(output("np.random.randint(2, 5, size=200)").tolist()), {2, 3, 4})
        uniform = output("np.random.uniform(low=-1, high=1, size=(2, 50))")
        self.assertTrue(uniform.shape == (2, 50) and (abs(uniform) <= 1).all() and uniform.min() < 0 < uniform.max())
        self.assertEqual(output("np.random.random((2, 2))").shape, (2, 2))

    def test_texts(self):
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # Python's, of escapes that are none
        for text in ("'a'", '"a\'b"', r"'\'\\\n\x41\u00e9\U0001f600\101'", r"b'\xff\x00a\u00e9'", r"r'\d\''", "['a', b'bc']", "[[u'x'], ['']]", "'é;='",
                     r"'\q'"):
            with self.subTest(text):
                want = np.vectorize(lambda v: v if isinstance(v, bytes) else v.encode(), otypes=[object])(np.array(eval(text), object))
                done = run("run", "--dir", self.identity("string"), "--input_exprs", f"x={text}")
                self.assertEqual(done.returncode, 0, done.stderr)
                shown = want.item() if want.shape == () else want
                self.assertEqual(done.stdout, f"Result for output key y:\n{shown}\n")

    def test_several_inputs(self):
        graph = graphs.Graph().placeholder("a", "float32").placeholder("b", "float32").node("y", "Sub", ["a", "b"], "float32")
        graphs.save(self.folder / "1", graph.signature("serving_default", {"a": "float32", "b": "float32"}, {"y": "y"}))
        difference = lambda *words: json.loads(run("run", str(self.folder / "1"), *words).stdout)["outputs"]
        np.savez(self.folder / "ab.npz", a=np.float32([5]), b=np.float32([3]))
        files = f"a={self.folder}/ab.npz[a];b={self.folder}/ab.npz[b]"
        self.assertEqual(difference("--input_exprs", "a=[1, 2]; b=[3, 4]"), [-2, -2])
        self.assertEqual(difference("--input_exprs=a=1", "--input_exprs=b = 2 ;"), -1)
        self.assertEqual(difference("--inputs", files), [2])
        done = run("run", str(self.folder / "1"), "--input_exprs=b=[1]", "--inputs", files)
        self.assertEqual(json.loads(done.stdout), {"outputs": [4]})
        self.assertIn('event=input_replaced input="b" by=--input_exprs', done.stderr)

    def test_examples(self):
        """As the server parses them."""
        graph = graphs.Graph().placeholder("x", "string").node("y", "Identity", ["x"], "string")
        graphs.save(self.folder / "1", graph.signature("serving_default", {"x": "string"}, {"y": "y"}))
        text = """x=[{"age": [22.0, 3], 'n': [1, -2], "s": ['a', b'\\xff'], "t": [True]}, {}]"""
        done = run("run", str(self.folder / "1"), "--input_examples", text, "--out", str(self.folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        full, empty = (bytes(row) for row in np.load(self.folder / "y.npy"))
        example = message("tensorflow.Example").FromString(full)
        feature = example.features.feature
        self.assertEqual(list(feature["age"].float_list.value), [22, 3])
        self.assertEqual(list(feature["n"].int64_list.value), [1, -2])
        self.assertEqual(list(feature["s"].bytes_list.value), [b"a", b"\xff"])
        self.assertEqual(list(feature["t"].int64_list.value), [1])
        self.assertEqual(empty, b"\n")  # numpy drops a zero byte at the end

    def test_archives(self):
        x, other = np.float32([[1, 2], [3, 4]]), np.float32([5])
        np.savez(self.folder / "one.npz", x)
        np.savez_compressed(self.folder / "two.npz", x=x, other=other)
        np.save(self.folder / "x.npy", x)
        output = lambda what: self.output("float32", "--inputs", f"x={self.folder}/{what}").tolist()
        self.assertEqual(output("one.npz"), x.tolist())
        self.assertEqual(output("two.npz[x]"), x.tolist())
        self.assertEqual(output("two.npz[other]"), [5])
        self.assertEqual(output("x.npy"), x.tolist())
        done = run("run", self.identity("float32"), "--inputs", f"x={self.folder}/x.npy[x]")
        self.assertIn("event=name_ignored", done.stderr)
        self.assertEqual(json.loads(done.stdout)["outputs"], x.tolist())

    def test_broken_archives(self):
        np.savez_compressed(self.folder / "two.npz", x=np.zeros(1000, np.float32), y=np.float32([5]))
        good = (self.folder / "two.npz").read_bytes()
        fails = lambda what, *parts: self.assert_fails(run("run", HALF_PLUS_TWO, "--inputs", f"x={self.folder}/{what}"), 1, *parts)
        fails("two.npz", "Please specify the name of ndarray to use.")
        fails("two.npz[z]", 'does not contain variable with name "z"')
        fails("no.npz", "NOT_FOUND")
        (self.folder / "cut.npz").write_bytes(good[:-40])
        fails("cut.npz[x]", "damaged .npz file")
        (self.folder / "bad.npz").write_bytes(good[:50] + b"\xff" * 20 + good[70:])
        fails("bad.npz[x]", "damaged .npz file")
        (self.folder / "x.pkl").write_bytes(b"\x80\x04K\x01.")
        fails("x.pkl", "this is no .npy file")
        fails("two.npz[x", "--inputs takes NAME=FILE or NAME=FILE[VARIABLE]")
        fails("two.npz[]", "--inputs takes NAME=FILE or NAME=FILE[VARIABLE]")

    def test_casts(self):
        """With --dir, arrays become what the signature wants, as in Python."""
        np.save(self.folder / "x.npy", np.float64([1, 2.5]))
        given = f"--inputs=x={self.folder / 'x.npy'}"
        self.assert_fails(run("run", HALF_PLUS_TWO, given), 1, "Expects arg[0] to be float but double is provided")
        done = run("run", "--dir", HALF_PLUS_TWO, "--tag_set", "serve", "--signature_def", "serving_default", given)
        self.assertEqual((done.returncode, done.stdout), (0, "Result for output key y:\n[2.5  3.25]\n"))
        self.assertEqual(json.loads(run("run", "--dir", HALF_PLUS_TWO, given, "--json").stdout), {"outputs": [2.5, 3.25]})

    def test_outdir(self):
        out = self.folder / "out"
        words = ("run", "--dir", HALF_PLUS_TWO, "--input_exprs=x=[1, 2]", "--outdir", str(out))
        text = f"Result for output key y:\n[2.5 3. ]\nOutput y is saved to {out}/y.npy\n"
        self.assertEqual(run(*words).stdout, text)
        self.assertEqual(np.load(out / "y.npy").tolist(), [2.5, 3])
        self.assert_fails(run(*words), 1, f'Output file {out}/y.npy already exists. Add "--overwrite" to overwrite the existing output files.')
        self.assertEqual(run(*words, "--overwrite").stdout, text)
        self.assert_fails(run(*words[:-1], str(self.folder / "no" / "such")), 1, "no/such/y.npy")

    def test_how_numpy_prints(self):
        """Debian's numpy prints doubles, integers and texts as the newest does; float32 has other limits there."""
        random = np.random.default_rng(0)
        for dtype, arrays in {
            "float64": [1, 2.5, 1e-4, 1e-5, 1.5e16, 1 / 3, -0.0, np.nan, [1, 2.5], [1 / 3, 2 / 3], [1e-5, 1], [1e8], [1e-4, .1], [np.nan, 1],
                        [np.inf, -np.inf, 1.5], [-np.inf], [0, -0.0], [123456.789, 0.05], [1e-300, 1e300], [],
                        random.normal(size=(5, 7)), random.normal(size=(2, 3, 4)) * 1e-3, random.normal(size=2000),
                        random.normal(size=(8, 3, 9, 9)), 10 ** random.uniform(-30, 30, 30), np.zeros((0, 3))],
            "int32": [5, [-5, 1000000], np.arange(60), np.arange(2000).reshape(20, 100), random.integers(0, 100, (9, 8, 30))],
            "uint8": [[0, 255]], "bool": [True, [True, False], random.integers(0, 2, (3, 40))],
        }.items():
            for value in arrays:
                value = np.array(value, dtype)
                np.save(self.folder / "x.npy", value)
                done = run("run", "--dir", self.identity(dtype), f"--inputs=x={self.folder / 'x.npy'}")
                self.assertEqual(done.stdout, f"Result for output key y:\n{value[()]}\n", done.stderr)
        for text, want in (("[1e6, 1]", "[1.e+06 1.e+00]"), ("[999999, 1]", "[9.99999e+05 1.00000e+00]"), ("[0.05, 123456.79]", "[5.0000001e-02 1.2345679e+05]"),
                           ("1e6", "1e+06"), ("1e-4", "1e-04"), ("[1e-4]", "[0.0001]"), ("[2, 0.1]", "[2.  0.1]")):
            done = run("run", "--dir", self.identity("float32"), f"--input_exprs=x={text}")
            self.assertEqual(done.stdout, f"Result for output key y:\n{want}\n")

    def test_bad_expressions(self):
        fails = lambda text, *parts: self.assert_fails(run("run", HALF_PLUS_TWO, "--input_exprs", text), 1, *parts)
        for text, part in (("", "at the end of the expression"), ("[1, ", "at the end of the expression"), ("[1 2]", 'no comma at "2]"'),
                           ("[1, [2]]", "shape"), ("[[1], [1, 2]]", "shape"), ("'a'", "a text is no float"), ("['a', 1]", "do not mix"),
                           ("None", 'at "None"'), ("__import__('os').system('id')", 'neither a Python literal nor a call of numpy at "__import__'),
                           ("open('/etc/passwd')", 'at "open'), ("np.load('x.npy')", 'not known here'), ("1 + 1", 'something behind the value at "+ 1"'),
                           ("1j", "is no number"), ("1]", "something behind"), ("99999999999999999999", "does not fit 64 bits"),
                           ("(" * 100, "too many brackets"), ("[" * 13 + "1" + "]" * 13, "12"), ("np.ones((100000, 100000))", "elements"),
                           ("np.ones(-1)", "must be >= 0"), ("np.ones((2,), bad=1)", "an argument that is not known"), ("np.ones()", "no shape"),
                           ("np.ones(2, 3)", "no type"), ("np.zeros(2, dtype='S3')", "no type of numbers"), ("np.arange(0, 1, 0)", "arange"),
                           ("np.ones(2).tofile('x')", "not known here"), ("np.ones(4).reshape(3)", "another number of elements"),
                           ("np.ones(2, np.float32, 1)", "an argument too many"), ("np.ones(2, shape=2)", "there twice"),
                           ("'abc", "without its second quote"), ("1" * 80, "too long"), ("np.random.randint(0)", "without numbers")):
            with self.subTest(text):
                fails(f"x={text}", "INVALID_ARGUMENT" if "100000" not in text else "RESOURCE_EXHAUSTED", "--input_exprs: x: ", part)
        fails("x", "--input_exprs takes NAME=VALUE")
        fails("z=1", "has no input z. The inputs are: x.")
        for dtype, text in (("uint8", "[256]"), ("uint8", "-1"), ("int32", "[3000000000]"), ("int32", "1e10"), ("int32", "np.nan"), ("string", "1")):
            self.assert_fails(run("run", self.identity(dtype), "--input_exprs", f"x={text}"), 1, "INVALID_ARGUMENT: --input_exprs: x: ")
        for text, part in (("x={}", "no list of dictionaries"), ("x=[1]", "no dictionary of features"), ("x=[{'a': 1}]", "feature a is no list of values"),
                           ("x=[{'a': []}]", "feature a is no list"), ("x=[{'a' [1]}]", "no colon"), ("x=[{a: [1]}]", "no text"), ("x=[{}", "no comma"),
                           ("x=[{'a': [1] 'b': [2]}]", "no comma"), ("x=[] 1", "something behind the list"), ("x=[{'a': [1, 'b']}]", "do not mix")):
            self.assert_fails(run("run", self.identity("string"), "--input_examples", text), 1, "--input_examples: x: ", part)


class Health(CommandLine):
    def health(self, code, *words):
        done = run("health", *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def test_answers(self):
        with harness.Server(models={"m": pathlib.Path(HALF_PLUS_TWO).parent}) as server:
            port = f"--rest_api_port={server.rest_port}"
            self.assertEqual(self.health(0, port), "ready\n")
            self.assertEqual(json.loads(self.health(0, port, "--json")), {"ready": True})
            words = ("--rest_api_port=0", "--json", f"--port={server.grpc_port}")
            self.assertEqual(json.loads(self.health(0, *words)), {"ready": True, "why": "gRPC takes connections"})
            grpc = f"--rest_api_port={server.grpc_port}"
            self.assertIn("does not answer as HTTP", json.loads(self.health(1, grpc, "--json"))["why"])
        self.assertEqual(self.health(1, port), "not ready: REST's port: Connection refused\n")
        self.assertEqual(json.loads(self.health(1, "--json", port)), {"ready": False, "why": "REST's port: Connection refused"})

    def test_mistyped_flags(self):
        self.assert_fails(run("health", "--rest_api_prot=1"), 2, 'what is "--rest_api_prot=1"?: did you mean "--rest_api_port="?')
        self.assert_fails(run("health", "--rest_api_port=x"), 2, "rest_api_port")


class Completion(CommandLine):
    """What bash completes is asked of bash."""

    def complete(self, *words):
        script = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tensord; printf '%s\\n' "${COMPREPLY[@]}" """
        (self.folder / "tensord.bash").write_text(run("completion", "bash").stdout)
        done = subprocess.run(["bash", "-uc", script, "-", self.folder / "tensord.bash", *words], cwd=self.folder, text=True,
                              capture_output=True, timeout=harness.PATIENCE)
        self.assertEqual(done.stderr, "")
        return done.stdout.split("\n")[:-1]

    def test_bash(self):
        (self.folder / "models").mkdir()
        (self.folder / "my models").mkdir()
        (self.folder / "model.config").touch()
        complete = self.complete
        verbs = re.findall(r"^  (\w+) ", run("help").stdout, re.M)
        self.assertEqual(set(complete("tensord", "")), {*verbs, "models", "my models"})
        self.assertEqual(complete("tensord", "sh"), ["show"])
        self.assertEqual(complete("tensord", "help", "comp"), ["completion"])
        self.assertEqual(complete("tensord", "completion", ""), ["bash", "zsh"])
        self.assertEqual(complete("tensord", "show", "--gr"), ["--graph"])
        self.assertEqual(complete("tensord", "show", "mo"), ["models"])
        self.assertEqual(complete("tensord", "show", "models", "--dir", "my"), ["my models"])
        self.assertEqual(complete("tensord", "run", "--input_e"), ["--input_exprs", "--input_examples"])
        self.assertEqual(complete("tensord", "run", "--inputs", "model."), ["model.config"])
        self.assertEqual(complete("tensord", "serve", "--rest_api_po"), ["--rest_api_port="])
        self.assertEqual(complete("tensord", "--rest_api_po"), ["--rest_api_port="])
        self.assertEqual(complete("tensord", "models", "--rest_api_po"), ["--rest_api_port="])
        self.assertEqual(complete("/usr/bin/tensorflow_model_server", "--rest_api_po"), ["--rest_api_port="])
        self.assertEqual(complete("tensord", "health", "--js"), ["--json"])
        # "=" parts words, as bash has it, or does not
        self.assertEqual(complete("tensord", "serve", "--enable_batching", "="), ["true", "false"])
        self.assertEqual(complete("tensord", "serve", "--enable_batching", "=", "f"), ["false"])
        self.assertEqual(complete("tensord", "serve", "--enable_batching=f"), ["--enable_batching=false"])
        self.assertEqual(sorted(complete("tensord", "serve", "--model_config_file", "=", "mod")), ["model.config", "models"])
        self.assertEqual(complete("tensord", "serve", "--models_dir", "=", "mod"), ["models"])
        self.assertEqual(complete("tensord", "show", "--dir", "=", "mod"), ["models"])
        self.assertEqual(complete("tensord", "serve", "--port", "=", ""), [""])

    def test_every_option(self):
        flags = {f"{flag}=" for flag in re.findall(r"^\t(--\w+)=", run("help", "serve").stdout, re.M)}
        self.assertGreater(len(flags), 48)
        self.assertEqual(set(self.complete("tensord", "serve", "--")), flags | {"--help"})
        for verb in ("check", "show", "run", "ops"):
            options = set(re.findall(r"^  (--\w+)", run("help", verb).stdout, re.M))
            self.assertEqual(set(self.complete("tensord", verb, "--")), options | {"--help"})
        zsh = run("completion", "zsh").stdout
        self.assertTrue(zsh.startswith("#compdef tensord tensorflow_model_server\n"))
        for word in (*flags, "--input_exprs=", "--list_ops"):
            self.assertIn(word, zsh)

    def test_errors(self):
        self.assert_fails(run("completion"), 2, "of which shell? bash and zsh")
        self.assert_fails(run("completion", "bsh"), 2, 'not "bsh": did you mean "bash"?')
        self.assert_fails(run("completion", "bash", "zsh"), 2, 'what is "zsh"?')


unittest.main()
