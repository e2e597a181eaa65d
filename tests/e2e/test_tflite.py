#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TFLite files as versions: which file of a version is served, how signatures are found, and what is refused."""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import numpy as np

import examples
import graphs
import harness
from tflite import Model, flex_map, i8, i32, text, u8

ONES = {"instances": [[1.0], [3.0]]}
HALVES = {"predictions": [[2.5], [3.5]]}


def half_plus_two(model, name="x"):
    """x -> x / 2 + 2; (its input, its output)."""
    x = model.tensor(name, "float32", [1, 1])
    half, two = model.tensor("a", "float32", [], [0.5]), model.tensor("b", "float32", [], [2.0])
    product, y = model.tensor("Mul", "float32", [1, 1]), model.tensor("y", "float32", [1, 1])
    model.op("MUL", [x, half], [product], "MulOptions", {0: i8(0)})
    model.op("ADD", [product, two], [y], "AddOptions", {0: i8(0)})
    return x, y


def signature_proto(name="serving_default", tensor="tflite_input:0"):
    """As TensorFlow Serving's metadata has it: a map of names to SignatureDefs, in a FlexBuffer."""
    g = graphs.Graph()
    s = g.meta.signature_def[name]
    s.method_name = "tensorflow/serving/predict"
    for infos, alias, of in ((s.inputs, "x", tensor), (s.outputs, "y", "y:0")):
        infos[alias].name, infos[alias].dtype = of, 1
        infos[alias].tensor_shape.dim.add().size = 1
        infos[alias].tensor_shape.dim.add().size = 1
    return flex_map({name: s.SerializeToString()})


def run(*words):
    return subprocess.run([harness.BINARY, *map(str, words)], capture_output=True, text=True, timeout=harness.PATIENCE, check=False)


class Base(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "m" / "1" / "model.tflite"

    def write_half(self, **how):
        m = Model()
        x, y = half_plus_two(m)
        return m.write(self.file, [x], [y], **how)

    def serve(self, *flags):
        return self.enterContext(harness.Server({"m": self.folder / "m"}, flags=flags))


class Choice(Base):
    def test_the_flag_prefers_it(self):
        graphs.save(self.file.parent, graphs.affine(a=1, b=10))
        self.write_half()
        self.assertEqual(self.serve("--prefer_tflite_model").post("m:predict", ONES).json, HALVES)

    def test_without_the_flag_a_saved_model_comes_first(self):
        graphs.save(self.file.parent, graphs.affine(a=1, b=10))
        self.write_half()
        self.assertEqual(self.serve().post("m:predict", {"instances": [1.0]}).json, {"predictions": [11.0]})

    def test_the_flag_where_there_is_none(self):
        graphs.save(self.file.parent, graphs.affine(a=1, b=10))
        self.assertEqual(self.serve("--prefer_tflite_model").post("m:predict", {"instances": [1.0]}).json, {"predictions": [11.0]})

    def test_alone_it_is_served_without_the_flag(self):
        self.write_half()
        self.assertEqual(self.serve().post("m:predict", ONES).json, HALVES)

    def test_a_directory_of_models(self):
        self.write_half()
        (self.folder / "flat").mkdir()
        shutil.copy(self.file, self.folder / "flat" / "model.tflite")
        with harness.Server(flags=[f"--models_dir={self.folder}"], wait=False) as server:
            harness.until(lambda: "Exporting HTTP" in server.log_text(), "the ports")
            for name in ("m", "flat"):
                self.assertEqual(server.post(f"{name}:predict", ONES).json, HALVES)

    def test_a_new_version(self):
        self.write_half()
        server = self.serve("--prefer_tflite_model")
        (self.folder / "m" / "2").mkdir()
        shutil.copy(self.file, self.folder / "m" / "2" / "model.tflite")
        harness.until(lambda: server.post("m/versions/2:predict", ONES).status == 200, "version 2")
        self.assertEqual(server.post("m/versions/2:predict", ONES).json, HALVES)

    def test_flags_of_pools_say_nothing(self):
        self.write_half()
        server = self.serve("--prefer_tflite_model", "--num_tflite_pools=3", "--num_tflite_interpreters_per_pool=2")
        self.assertEqual(server.post("m:predict", ONES).json, HALVES)
        self.assertNotIn("flag_without_effect", server.log_text())


class Signatures(Base):
    def infos(self, server):
        found = server.get("m/metadata").json["metadata"]["signature_def"]["signature_def"]
        return {name: {kind: {alias: (i["name"], [d["size"] for d in i["tensor_shape"]["dim"]]) for alias, i in s[kind].items()}
                       for kind in ("inputs", "outputs")} for name, s in found.items()}

    def test_none(self):
        """The names of tensors; a first dimension of 1 is any."""
        m = Model()
        x, y = half_plus_two(m, "x:0")
        m.write(self.file, [x], [y])
        server = self.serve("--prefer_tflite_model")
        self.assertEqual(self.infos(server), {"serving_default": {"inputs": {"x": ("x:0", ["-1", "1"])},
                                                                  "outputs": {"y": ("y:0", ["-1", "1"])}}})
        self.assertEqual(server.post("m:predict", ONES).json, HALVES)
        self.assertEqual(server.post("m:predict", {"inputs": {"x": [[1.0]]}}).json, {"outputs": [[2.5]]})
        np.testing.assert_array_equal(server.predict("m", {"x": np.float32([[1], [3], [5]])})["y"], [[2.5], [3.5], [4.5]])

    def test_names_that_are_alike(self):
        m = Model()
        x, y = half_plus_two(m, "")
        m.write(self.file, [x], [y, y])
        self.assertEqual(self.serve().post("m:predict", ONES).json,
                         {"predictions": [{"y": [2.5], "y_1": [2.5]}, {"y": [3.5], "y_1": [3.5]}]})

    def test_metadata(self):
        m = Model()
        x, y = half_plus_two(m, "tflite_input")
        m.add_metadata("min_runtime_version", b"1.5.0\0\0\0")
        m.add_metadata("signature_defs_metadata", signature_proto())
        m.write(self.file, [x], [y])
        server = self.serve("--prefer_tflite_model")
        self.assertEqual(self.infos(server)["serving_default"]["inputs"], {"x": ("tflite_input:0", ["-1", "1"])})
        self.assertEqual(server.post("m:predict", ONES).json, HALVES)

    def test_the_table_comes_before_metadata(self):
        m = Model()
        x, y = half_plus_two(m, "tflite_input")
        m.add_metadata("signature_defs_metadata", signature_proto())
        m.write(self.file, [x], [y], {"serving_default": ({"in": x}, {"out": y}), "other": ({"in": x}, {"z": y})})
        server = self.serve()
        self.assertEqual(sorted(self.infos(server)), ["other", "serving_default"])
        self.assertEqual(server.post("m:predict", {"signature_name": "other", "inputs": {"in": [[1.0]]}}).json, {"outputs": [[2.5]]})

    def test_wrong_ones(self):
        for text, tensor, metadata in (("names tensor 'z:0', which is not there", "x", signature_proto(tensor="z:0")),
                                       ("input 'Mul' is none of its subgraph's", "x", signature_proto(tensor="Mul")),
                                       ("signature_defs_metadata: no map", "x", b"nonsense")):
            m = Model()
            x, y = half_plus_two(m, tensor)
            m.add_metadata("signature_defs_metadata", metadata)
            m.write(self.file, [x], [y])
            self.assertIn(text, run("run", self.file).stderr)
        m = Model()
        x, y = half_plus_two(m)
        m.write(self.file, [x], [y], {"s": ({"x": 77}, {"y": y})})
        self.assertIn("there is no tensor 77", run("run", self.file).stderr)


class Requests(Base):
    def test_batches_and_shapes(self):
        """Rows of several clients may be joined; a wrong depth is an error that says so."""
        m = Model()
        x = m.tensor("x", "float32", [1, 3], signature=[-1, 3])
        w, b = m.tensor("w", "float32", [2, 3], [1, 0, 0, 0, 1, 1]), m.tensor("b", "float32", [2], [0.5, -10])
        y = m.tensor("y", "float32", [1, 2], signature=[-1, 2])
        m.op("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", {0: i8(1)})
        m.write(self.file, [x], [y])
        server = self.serve()
        self.assertEqual(server.post("m:predict", {"instances": [[1, 2, 3], [4, 5, 6]]}).json, {"predictions": [[1.5, 0.0], [4.5, 1.0]]})
        self.assertIn("Batchable: yes", run("show", self.file.parent).stdout)
        reply = server.post("m:predict", {"instances": [[1, 2], [4, 5]]})
        self.assertEqual(reply.status, 400)
        self.assertIn("Matrix size-incompatible", reply.json["error"])

    def test_float16_weights(self):
        m = Model()
        x, half = m.tensor("x", "float32", [1, 2]), m.tensor("half", "float16", [2], [0.5, 2.0])
        wide, y = m.tensor("wide", "float32", [2]), m.tensor("y", "float32", [1, 2])
        m.op("DEQUANTIZE", [half], [wide], version=3)
        m.op("MUL", [x, wide], [y])
        m.write(self.file, [x], [y])
        self.assertEqual(self.serve().post("m:predict", {"instances": [[2, 3]]}).json, {"predictions": [[1.0, 6.0]]})

    def test_parse_example(self):
        m = Model()
        serialized, nothing = m.tensor("input", "string", [1], signature=[-1]), m.tensor("none", "string", [0], [])
        keys, of_x = m.tensor("keys", "string", [2], [b"x", b"y"]), m.tensor("x", "float32", [1], [0.5])
        of_y, x = m.tensor("y", "string", [1], [b"missing"]), m.tensor("P", "float32", [1, 1])
        y = m.tensor("P:1", "string", [1, 1])
        m.op("ParseExampleV2", [serialized, nothing, nothing, keys, nothing, of_x, of_y], [x, y], custom=flex_map({"num_sparse": 0}))
        m.write(self.file, [serialized], [x, y])
        example = examples.example(1.5)
        example.features.feature["y"].bytes_list.value.append(b"here")
        got = self.serve().predict("m", {"input": np.array([example.SerializeToString(), b""], object)})
        np.testing.assert_array_equal(got["P"], np.float32([[1.5], [0.5]]))
        self.assertEqual(got["P:1"].reshape(-1).tolist(), [b"here", b"missing"])


class CommandLine(Base):
    def test_a_lone_file(self):
        file = self.folder / "any.tflite"
        self.write_half().rename(file)
        shown = run("show", file)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("inputs['x'] tensor_info:", shown.stdout)
        self.assertIn("AddV2, Const x2, Identity, Mul", shown.stdout)
        done = run("run", file, "--input_exprs", "x=[[1.0],[3.0]]")
        self.assertEqual((done.returncode, re.sub(r"\s", "", done.stdout)), (0, '{"outputs":[[2.5],[3.5]]}'))

    def test_check(self):
        self.write_half()
        done = run("check", self.folder / "m")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(": loads, in ", done.stdout)
        self.assertIn(f"memory: {self.file.stat().st_size} bytes of weights in files", done.stdout)

    def test_another_name(self):
        self.write_half().rename(self.file.parent / "net.tflite")
        self.assertIn("net.tflite is a TFLite file, not a SavedModel: call it model.tflite", run("run", self.file.parent).stderr)


class Complex(Base):
    def test_spectra(self):
        m = Model()
        x, size = m.tensor("x", "float32", [1, 4, 6]), m.tensor("n", "int32", [2], [4, 6])
        c = m.tensor("c", "complex64", [1, 4, 4])
        y = [m.tensor(name, "float32", [1, 4, 4]) for name in ("real", "imag", "size")]
        m.op("RFFT2D", [x, size], [c])
        for op, out in zip(("REAL", "IMAG", "COMPLEX_ABS"), y):
            m.op(op, [c], [out])
        m.write(self.file, [x], y)
        given = np.random.default_rng(1).normal(size=(2, 4, 6)).astype(np.float32)
        got, want = self.serve().predict("m", {"x": given}), np.fft.rfft2(given)
        for name, part in (("real", want.real), ("imag", want.imag), ("size", np.abs(want))):
            np.testing.assert_allclose(got[name], part, rtol=1e-4, atol=1e-5)


class States(Base):
    """An RNN that adds what it is given to what it has: tensors keep their values between calls, as those of TFLite's interpreter."""

    def write_sum(self, rows=1):
        m = Model()
        x, y = m.tensor("x", "float32", [rows, 1]), m.tensor("y", "float32", [rows, 1])
        one = [m.tensor("w", "float32", [1, 1], [1.0]), m.tensor("r", "float32", [1, 1], [1.0]), m.tensor("b", "float32", [1], [0.0])]
        m.op("RNN", [x, *one, m.tensor("h", "float32", [rows, 1], variable=True)], [y], "RNNOptions", {0: i8(0)})
        m.write(self.file, [x], [y])

    def test_calls_go_on_where_the_last_one_ended(self):
        self.write_sum()
        server = self.serve()
        self.assertEqual([server.post("m:predict", {"instances": [[v]]}).json["predictions"] for v in (1.0, 2.0, 4.0)], [[[1.0]], [[3.0]], [[7.0]]])
        np.testing.assert_array_equal(server.predict("m", {"x": np.float32([[8]])})["y"], [[15]])

    def test_a_new_version_begins_anew(self):
        self.write_sum()
        server = self.serve()
        self.assertEqual(server.post("m:predict", {"instances": [[5.0]]}).json["predictions"], [[5.0]])
        shutil.copytree(self.file.parent, self.folder / "m" / "2")
        harness.until(lambda: server.post("m/versions/2:predict", {"instances": [[1.0]]}).json.get("predictions") == [[1.0]], "version 2")

    def test_a_batch_is_as_large_as_the_state(self):
        self.write_sum(rows=2)
        server = self.serve("--enable_batching")
        infos = server.get("m/metadata").json["metadata"]["signature_def"]["signature_def"]["serving_default"]
        self.assertEqual([d["size"] for d in infos["inputs"]["x"]["tensor_shape"]["dim"]], ["2", "1"])
        self.assertEqual(server.post("m:predict", {"instances": [[1.0], [10.0]]}).json["predictions"], [[1.0], [10.0]])
        answer = server.post("m:predict", {"instances": [[1.0]]})
        self.assertEqual(answer.status, 400)
        self.assertIn("the model keeps a state of 2 numbers; a batch of 1 needs 1", answer.json["error"])
        self.assertEqual(server.post("m:predict", {"instances": [[1.0], [10.0]]}).json["predictions"], [[2.0], [20.0]])

    def test_calls_at_the_same_time_come_one_by_one(self):
        """Each takes long enough for others to begin meanwhile."""
        steps, m = 30000, Model()
        x, y = m.tensor("x", "float32", [1, steps, 1]), m.tensor("y", "float32", [1, steps, 1])
        one = [m.tensor("w", "float32", [1, 1], [1.0]), m.tensor("r", "float32", [1, 1], [1.0]), m.tensor("b", "float32", [1], [0.0])]
        m.op("UNIDIRECTIONAL_SEQUENCE_RNN", [x, *one, m.tensor("h", "float32", [1, 1], variable=True)], [y], "SequenceRNNOptions", {1: i8(0)})
        m.write(self.file, [x], [y])
        given = np.zeros((1, steps, 1), np.float32)
        given[0, steps // 2] = 1
        for flags in ((), ("--enable_batching",)):
            server = self.serve(*flags)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                sums = list(pool.map(lambda _, s=server: float(s.predict("m", {"x": given})["y"][0, -1, 0]), range(100)))
            self.assertEqual(sorted(sums), [float(v) for v in range(1, 101)])

    def test_a_state_of_no_known_size(self):
        m = Model()
        x, y = m.tensor("x", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
        one = [m.tensor("w", "float32", [1, 1], [1.0]), m.tensor("r", "float32", [1, 1], [1.0]), m.tensor("b", "float32", [1], [0.0])]
        m.op("RNN", [x, *one, m.tensor("h", "float32", [1, 1], signature=[-1, 1], variable=True)], [y], "RNNOptions", {0: i8(0)})
        m.write(self.file, [x], [y])
        self.assertIn("state 'h' has no known size", run("check", self.folder / "m").stdout)


class Refused(Base):
    def test_missing_operators_are_all_named(self):
        m = Model()
        x, q = m.tensor("x", "float32", [1, 4]), m.tensor("q", "int16", [1, 4], quantized=True)
        r = m.tensor("r", "int16", [1, 4], quantized=True)
        y, z = m.tensor("y", "float32", [1, 4]), m.tensor("z", "float32", [1, 2])
        m.op("QUANTIZE", [x], [q])
        m.op("PRELU", [q, r], [r])
        m.op("DEQUANTIZE", [r], [y], version=99)
        m.op("TFLite_Detection_PostProcess", [y], [z])
        m.op("ADD", [x, x], [y], version=99)
        m.write(self.file, [x], [z])
        done = run("check", self.folder / "m")
        self.assertEqual(done.returncode, 1)
        self.assertIn("NOT_FOUND: ", done.stdout)
        for part in ("PRELU (version 1, INT16,INT16>INT16; not of these quantised types)",
                     "DEQUANTIZE (version 99, INT16>FLOAT32; a version that is not known)",
                     "custom TFLite_Detection_PostProcess (version 1, FLOAT32>FLOAT32)",
                     "ADD (version 99, FLOAT32,FLOAT32>FLOAT32; a version that is not known)"):
            self.assertIn(part, done.stdout)

    def test_wrong_graphs(self):
        def no_maker(m, x, y):
            m.op("ADD", [x, m.tensor("lost", "float32", [1])], [y])

        def made_twice(m, x, y):
            m.op("NEG", [x], [y])
            m.op("NEG", [x], [y])

        def few(m, x, y):
            m.op("ADD", [x], [y])

        def far(m, x, y):
            m.op("ADD", [x, 99], [y])

        def types(m, x, y):
            m.op("ADD", [x, m.tensor("i", "int32", [1], [1])], [y])

        def size(m, x, y):
            m.op("ADD", [x, m.tensor("short", "float32", [2], [1.0])], [y])

        def state(m, x, y):
            m.op("ADD", [x, m.tensor("v", "float32", [1], [1.0], variable=True)], [y])

        def offset(m, x, y):
            ends = [m.tensor(name, "int32", [2], [1, 1]) for name in "bes"]
            m.op("STRIDED_SLICE", [x, *ends], [y], "StridedSliceOptions", {5: u8(1)})

        def nothing(m, x, y):
            pass

        for make, text in ((no_maker, "ADD 'y': nothing has made operand 'lost' yet"), (made_twice, "result 'y' is made twice"),
                           (few, "ADD: it has 1 operands"), (far, "operand 1 is not there"), (types, "incompatible with expected float"),
                           (size, "tensor 'short' has 4 bytes, its shape and type need 8"), (state, "a state of other operators"),
                           (offset, "ends that count from the begin"), (nothing, "nothing makes output 'y'")):
            m = Model()
            x, y = m.tensor("x", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
            make(m, x, y)
            m.write(self.file, [x], [y])
            done = run("run", self.file, "--input_exprs", "x=[[1.0]]")
            self.assertNotEqual(done.returncode, 0, make.__name__)
            self.assertIn(text, done.stderr)

    def test_damaged_files(self):
        """Cut short anywhere, and by a serving version beside which the old one stays."""
        data = self.write_half().read_bytes()
        cut = self.folder / "cut.tflite"
        for size in range(0, len(data) - 16, 29):
            cut.write_bytes(data[:size])
            done = run("show", cut)
            self.assertEqual(done.returncode, 1, size)
            self.assertRegex(done.stderr, "DATA_LOSS|INVALID_ARGUMENT")
        cut.write_bytes(b"no model, but long enough")
        self.assertIn('is no TFLite file: it has no "TFL3" at byte 4', run("show", cut).stderr)
        server = self.serve("--prefer_tflite_model")
        (self.folder / "m" / "2").mkdir()
        (self.folder / "m" / "2" / "model.tflite").write_bytes(data[:200])
        harness.until(lambda: "damaged" in server.get("m/versions/2").body.decode(), "version 2 to fail")
        self.assertEqual(server.post("m:predict", ONES).json, HALVES)

    def test_options(self):
        """A convolution that steps by nothing, and a fused activation that is none."""
        for fields, text in (({1: i32(0), 2: i32(0)}, "stride"), ({0: i8(1), 1: i32(1), 2: i32(1), 3: i8(9)}, "fused activation 9")):
            m = Model()
            x, y = m.tensor("x", "float32", [1, 2, 2, 1]), m.tensor("y", "float32", [1, 2, 2, 1])
            m.op("CONV_2D", [x, m.tensor("w", "float32", [1, 1, 1, 1], [1.0])], [y], "Conv2DOptions", fields)
            m.write(self.file, [x], [y])
            done = run("run", self.file, "--input_exprs", "x=[[[[1.0],[1.0]],[[1.0],[1.0]]]]")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(text, done.stderr.lower())


class Subgraphs(Base):
    def step(self, m, op, value):
        """A subgraph: its argument by a number; its own number."""
        x, y = m.tensor("x", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
        m.op(op, [x, m.tensor("c", "float32", [], [value])], [y])
        return m.close([x], [y])

    def test_if(self):
        """Above 1: halved, else doubled; of the whole, not of a row."""
        m = Model()
        half, double = self.step(m, "MUL", 0.5), self.step(m, "MUL", 2.0)
        x, c, y = m.tensor("x", "float32", [1, 1]), m.tensor("c", "bool", [1]), m.tensor("y", "float32", [1, 1])
        m.op("GREATER", [x, m.tensor("one", "float32", [1], [1.0])], [c])
        m.op("IF", [c, x], [y], "IfOptions", {0: i32(half), 1: i32(double)})
        m.write(self.file, [x], [y])
        server = self.serve()
        for given, want in ((3.0, 1.5), (0.5, 1.0)):
            self.assertEqual(server.post("m:predict", {"instances": [[given]]}).json, {"predictions": [[want]]})

    def test_while(self):
        """3 more until it is no longer below 10."""
        m = Model()
        x, c = m.tensor("x", "float32", [1, 1]), m.tensor("c", "bool", [1, 1])
        m.op("LESS", [x, m.tensor("ten", "float32", [], [10.0])], [c])
        below, more = m.close([x], [c]), self.step(m, "ADD", 3.0)
        x, y = m.tensor("x", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
        m.op("WHILE", [x], [y], "WhileOptions", {0: i32(below), 1: i32(more)})
        m.write(self.file, [x], [y])
        server = self.serve()
        for given, want in ((3.0, 12.0), (11.0, 11.0)):
            self.assertEqual(server.post("m:predict", {"instances": [[given]]}).json, {"predictions": [[want]]})

    def handle(self, m):
        v = m.tensor("v", "resource", [])
        m.op("VAR_HANDLE", [], [v], "VarHandleOptions", {1: text("state")})
        return v

    def test_state_is_kept_between_requests(self):
        """5, once; then the sum of all that came."""
        m = Model()
        m.op("ASSIGN_VARIABLE", [self.handle(m), m.tensor("five", "float32", [1, 1], [5.0])], [])
        once = m.close([], [])
        x, old, y = m.tensor("x", "float32", [1, 1]), m.tensor("old", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
        m.op("CALL_ONCE", [], [], "CallOnceOptions", {0: i32(once)})
        v = self.handle(m)
        m.op("READ_VARIABLE", [v], [old])
        m.op("ADD", [x, old], [y])
        m.op("ASSIGN_VARIABLE", [v, y], [])
        m.write(self.file, [x], [old])
        server = self.serve()
        for given, want in ((1.0, 5.0), (2.0, 6.0), (3.0, 8.0)):
            self.assertEqual(server.post("m:predict", {"instances": [[given]]}).json, {"predictions": [[want]]})

    def table(self, m, value_type=4):
        t = m.tensor("t", "resource", [])
        m.op("HASHTABLE", [], [t], "HashtableOptions", {0: i32(3), 1: u8(5), 2: u8(value_type)})
        return t

    def test_tables(self):
        m = Model()
        m.op("HASHTABLE_IMPORT", [self.table(m), m.tensor("k", "string", [2], [b"a", b"b"]), m.tensor("v", "int64", [2], [10, 20])], [])
        once = m.close([], [])
        x, y, n = m.tensor("x", "string", [1]), m.tensor("y", "int64", [1]), m.tensor("n", "int64", [1])
        m.op("CALL_ONCE", [], [], "CallOnceOptions", {0: i32(once)})
        t = self.table(m)
        m.op("HASHTABLE_FIND", [t, x, m.tensor("d", "int64", [1], [-1])], [y])
        m.op("HASHTABLE_SIZE", [t], [n])
        m.write(self.file, [x], [y, n])
        self.assertEqual(self.serve().post("m:predict", {"inputs": ["b", "c", "a"]}).json, {"outputs": {"y": [20, -1, 10], "n": [2]}})

    def test_what_is_wrong(self):
        def far(m, x, y):
            m.op("IF", [m.tensor("c", "bool", [], [True]), x], [y], "IfOptions", {0: i32(7), 1: i32(0)})

        def negative(m, x, y):
            m.op("WHILE", [x], [y], "WhileOptions", {0: i32(-1), 1: i32(0)})

        def itself(m, x, y):  # the main one calls number 0, as a function, which calls it again
            m.op("IF", [m.tensor("c", "bool", [], [True]), x], [y], "IfOptions", {0: i32(0), 1: i32(0)})

        def results(m, x, y):
            a, b = m.tensor("a", "float32", [1, 1]), m.tensor("b", "float32", [1, 1])
            m.op("IF", [m.tensor("c", "bool", [], [True]), x], [y, b], "IfOptions", {0: i32(1), 1: i32(1)})
            m.op("NEG", [b], [a])

        def missing(m, x, y):
            m.op("IF", [m.tensor("c", "bool", [], [True]), x], [y], "IfOptions", {0: i32(2), 1: i32(2)})

        def pointer(m, x, y):
            m.op("READ_VARIABLE", [m.tensor("v", "resource", [], bytes(8))], [y])

        def nameless(m, x, y):
            self.handle(m)
            m.op("NEG", [x], [y])

        def no_value(m, x, y):
            m.op("READ_VARIABLE", [self.handle(m)], [y])

        for make, why in ((far, "IF: there is no subgraph 7"), (negative, "WHILE: there is no subgraph -1"), (itself, "subgraph 0 calls itself"),
                          (results, "subgraph 1 takes 1 and makes 1, not 1 and 2"), (missing, "PRELU (version 9"), (pointer, "tensor 'v' is of RESOURCE"),
                          (nameless, "nobody beside it says of which type it is"), (no_value, "FAILED_PRECONDITION")):
            m = Model()
            self.step(m, "ADD", 1.0)
            x, y = m.tensor("x", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
            m.op("PRELU", [x, x], [y], version=9)
            m.close([x], [y])
            x, y = m.tensor("x", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
            make(m, x, y)
            m.write(self.file, [x], [y])
            done = run("run", self.file, "--input_exprs", "x=[[1.0]]")
            self.assertNotEqual(done.returncode, 0, make.__name__)
            self.assertIn(why, done.stderr)

    def test_calls_are_not_too_deep(self):
        m = Model()
        self.step(m, "ADD", 1.0)
        for n in range(1, 100):
            x, y = m.tensor("x", "float32", [1, 1]), m.tensor("y", "float32", [1, 1])
            m.op("IF", [m.tensor("c", "bool", [], [True]), x], [y], "IfOptions", {0: i32(n), 1: i32(n)})
            if n < 99:
                m.close([x], [y])
        m.write(self.file, [x], [y])
        self.assertIn("is called 65 deep", run("show", self.file).stderr)


class Quantised(Base):
    def dense(self, x=([0.5], [3], 0), w=([0.25], [0], 0), y=([1.0], [-2], 0), dtype="int8", activation=0):
        """Two outputs of x by [[1, 2], [-3, 4]], plus [8, -16] in steps of 1/8."""
        m = Model()
        a, b = m.tensor("x", dtype, [1, 2], None, x), m.tensor("y", dtype, [1, 2], None, y)
        weights = m.tensor("w", "int8", [2, 2], [1, 2, -3, 4], w)
        bias = m.tensor("b", "int32", [2], [8, -16], ([0.125], [0], 0))
        m.op("FULLY_CONNECTED", [a, weights, bias], [b], "FullyConnectedOptions", {0: i8(activation)}, version=4)
        m.write(self.file, [a], [b])
        return self.file

    def test_rows_of_bytes(self):
        self.dense()
        server = self.serve()
        self.assertEqual(server.get("m/metadata").json["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]["x"]["dtype"], "DT_INT8")
        # (4 * [1, -3] + 6 * [2, 4] + [8, -16]) / 8 - 2, where [4, 6] is [7, 9] without the zero point
        self.assertEqual(server.post("m:predict", {"instances": [[7, 9], [3, 3], [127, 127]]}).json, {"predictions": [[1, -2], [-1, -4], [46, 12]]})

    def test_dynamic_range(self):
        """Two rows of floats, each by its own scale: 127 steps to 2, and to 12.7."""
        m = Model()
        x, y = m.tensor("x", "float32", [1, 2]), m.tensor("y", "float32", [1, 2])
        m.op("FULLY_CONNECTED", [x, m.tensor("w", "int8", [2, 2], [1, 2, -3, 4], ([0.5], [0], 0)), -1], [y], "FullyConnectedOptions", version=12)
        m.write(self.file, [x], [y])
        rows = self.serve().post("m:predict", {"instances": [[2.0, -1.0], [0.1, 12.7]]}).json["predictions"]
        np.testing.assert_allclose(rows, [[(127 - 2 * 64) / 127, (-3 * 127 - 4 * 64) / 127], [12.75, 25.25]], rtol=1e-6)

    def test_scales_are_looked_at(self):
        for how, text in (({"x": ([0.0], [0], 0)}, "tensor 'x' has a scale of 0"), ({"x": ([-1.0], [0], 0)}, "tensor 'x' has a scale of -1"),
                          ({"y": ([float("nan")], [0], 0)}, "tensor 'y' has a scale of"), ({"y": ([float("inf")], [0], 0)}, "tensor 'y' has a scale of inf"),
                          ({"x": ([1.0], [128], 0)}, "tensor 'x' has a zero point of 128, which no INT8 is"),
                          ({"y": ([1.0], [-(1 << 62)], 0)}, "tensor 'y' has a zero point of -4611686018427387904"),
                          ({"x": ([1.0], [-1], 0), "y": ([1.0], [0], 0), "dtype": "uint8"}, "zero point of -1, which no UINT8 is"),
                          ({"x": ([1.0, 1.0], [0, 0], 0)}, "tensor 'x' has 2 scales and 2 zero points, not 1"),
                          ({"x": ([1.0], [0, 0], 0)}, "tensor 'x' has 1 scales and 2 zero points, not 1"),
                          ({"w": ([1.0, 1.0, 1.0], [0, 0, 0], 0)}, "tensor 'w' has 3 scales and 3 zero points, not 2"),
                          ({"w": ([1.0, 1.0], [0, 0], 1)}, "operand 1 has no scales along dimension 0"),
                          ({"w": ([1.0, 1.0], [0, 0], -7)}, "operand 1 has no scales along dimension 0"),
                          ({"w": ([1.0, 1.0], [0, 1], 0)}, "tensor 'w' has zero points that differ"),
                          ({"w": ([1.0], [-129], 0)}, "tensor 'w' has a zero point of -129"),
                          ({"x": ([1e30], [0], 0)}, "the scales of its tensors make a factor of 2.5e+29"),
                          ({"activation": 5}, "fused activation 5 of quantised tensors is not built yet")):
            done = run("show", self.dense(**how))
            self.assertEqual(done.returncode, 1, how)
            self.assertIn(text, done.stderr)
            self.assertIn("FULLY_CONNECTED 'y': ", done.stderr)

    def test_shapes_are_looked_at(self):
        """What a filter's and a bias's shape say, and pools that would change scales."""
        def filter_rank(m, x, y):
            m.op("CONV_2D", [x, m.tensor("w", "int8", [1, 1], [1], True)], [y], "Conv2DOptions", {1: i32(1), 2: i32(1)}, version=3)

        def bias_size(m, x, y):
            b = m.tensor("b", "int32", [2], [1, 1])
            m.op("CONV_2D", [x, m.tensor("w", "int8", [1, 1, 1, 1], [1], True), b], [y], "Conv2DOptions", {1: i32(1), 2: i32(1)}, version=3)

        def other_scale(m, x, y):
            z = m.tensor("z", "int8", [1, 2, 2, 1], None, ([0.25], [0], 0))
            m.op("MAX_POOL_2D", [x], [z], "Pool2DOptions", {1: i32(1), 2: i32(1), 3: i32(1), 4: i32(1)}, version=2)

        def joined(m, x, y):
            z = m.tensor("z", "int8", [1, 2, 2, 1], None, ([0.25], [0], 0))
            m.op("CONCATENATION", [x, z], [y], "ConcatenationOptions", {0: i32(3)}, version=2)

        for make, text in ((filter_rank, "must be 4-dimensional|rank 4|4 dimensions"), (bias_size, "bias is not a vector of 1"),
                           (other_scale, "input and output have other scales or zero points"), (joined, "operand 1 has another scale or zero point")):
            m = Model()
            x, y = m.tensor("x", "int8", [1, 2, 2, 1], None, True), m.tensor("y", "int8", [1, 2, 2, 1], None, True)
            make(m, x, y)
            m.write(self.file, [x], [y])
            done = run("run", self.file, "--input_exprs", "x=np.zeros((1, 2, 2, 1))")
            self.assertNotEqual(done.returncode, 0, make.__name__)
            self.assertRegex(done.stderr, text)


if __name__ == "__main__":
    unittest.main()
