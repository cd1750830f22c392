"""Builds the parts of artifacts: dependencies, packages, bytecode, images, descriptions.

A target plans its artifact and calls these modules to make the parts. They know the project; they
must not know a target. Nothing in this room ships.
"""
