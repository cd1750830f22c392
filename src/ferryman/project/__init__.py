"""Resolves the project: what a build, a measurement or a run here needs to know of an app.

Settings come from flags, variables of the environment, an overlay, pyproject.toml and defaults;
each value remembers where it came from. The room also finds the app's module and reads it
without running it. It knows no target: a target hands in the options of its own section.
"""
