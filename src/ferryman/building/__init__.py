"""Builds what artifacts are made of: dependencies, packages, bytecode, images, descriptions.

A target plans its artifact and calls these modules to make the parts. They know the project,
and no target. Nothing in this room ships.
"""
