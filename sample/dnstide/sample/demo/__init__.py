"""The demo: the main job on a local cluster with the sample tables, checked against published figures."""

from dnstide.sample.demo.run import run_demo

__all__ = ["run_demo"]
