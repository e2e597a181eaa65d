#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_manifests.py FILE... -- are these documents what Kubernetes takes? `-` is standard input, as helm writes it.

Wants PyYAML and, for the schemas, kubernetes-validate of PyPI. Kinds that are not Kubernetes' own (KServe's, the operator's)
are only read.
"""
import sys

import kubernetes_validate
import yaml

FOREIGN = {"ClusterServingRuntime", "PodMonitor", "Kustomization"}
VERSION = "1.28"


def main():
    problems = 0
    for name in sys.argv[1:]:
        text = sys.stdin.read() if name == "-" else open(name, encoding="utf-8").read()
        for document in filter(None, yaml.safe_load_all(text)):
            kind = document.get("kind")
            what = f"{name}: {kind} {document.get('metadata', {}).get('name', '')}"
            if not kind:
                print(f"{name}: no manifest")
            elif kind in FOREIGN:
                print(f"{what}: read; there is no schema of it here")
            else:
                try:
                    kubernetes_validate.validate(document, VERSION, strict=True)
                    print(f"{what}: ok")
                except kubernetes_validate.ValidationError as error:
                    problems += 1
                    print(f"{what}: {error}")
    sys.exit(problems > 0)


main()
