"""The reference pages that are made from the code, a module for each subject.

`make docs` writes them into docs/reference. They describe the code and belong to the
documentation: none of this is in the wheel.
"""
