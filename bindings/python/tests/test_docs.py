# test_docs.py - every example in docstrings and in the guide, every name typed and told.
# SPDX-License-Identifier: MIT
import ast
import doctest
import importlib.util
import pathlib
import pkgutil
import unittest

import alone  # noqa: F401
import cadre
from cadre import stats

GUIDE = pathlib.Path(__file__).resolve().parent.parent / "README.md"


def modules():
    """The package and all in it, but what needs a library that is not here."""
    yield cadre
    for found in pkgutil.walk_packages(cadre.__path__, "cadre."):
        try:
            yield importlib.import_module(found.name)
        except ImportError as missing:
            if missing.name is None or missing.name.startswith("cadre"):
                raise


class Documentation(unittest.TestCase):
    def test_examples_in_docstrings(self):
        for module in modules():
            if module.__name__ == "cadre._joblib" and not importlib.util.find_spec("joblib"):
                continue
            with self.subTest(module=module.__name__):
                self.assertEqual(doctest.testmod(module).failed, 0)

    def test_examples_in_the_guide(self):
        failed, tried = doctest.testfile(str(GUIDE), module_relative=False)
        self.assertEqual(failed, 0)
        self.assertGreater(tried, 10)

    def test_every_public_name_has_a_docstring_and_functions_an_example(self):
        for name in cadre.__all__:
            thing = getattr(cadre, name)
            self.assertTrue(thing.__doc__, name)
            if isinstance(thing, type(cadre.map)):
                self.assertIn(">>>", thing.__doc__, name)

    def test_every_public_name_and_parameter_is_typed(self):
        self.check_stub(cadre, "__init__.pyi")
        self.check_stub(stats, "stats.pyi")

    def check_stub(self, module, file):
        stub = ast.parse((pathlib.Path(cadre.__file__).parent / file).read_text())
        typed = {node.name: node for node in stub.body if hasattr(node, "name")}
        others = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom)
                  for alias in node.names}
        others |= {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)}
        self.assertEqual(set(module.__all__) - set(typed) - others, set())
        for name in module.__all__:
            thing = getattr(module, name)
            if not isinstance(thing, type(cadre.map)):
                continue
            args = typed[name].args
            told = {a.arg for a in args.posonlyargs + args.args + args.kwonlyargs}
            told |= {args.vararg.arg} if args.vararg else set()
            code = thing.__code__
            count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4)
            self.assertEqual(told, set(code.co_varnames[:count]), name)


if __name__ == "__main__":
    unittest.main()
