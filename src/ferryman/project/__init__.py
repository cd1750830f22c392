"""Resolves the project: the settings of an app for a build, a measurement or a run here.

Settings come from flags, variables of the environment, an overlay, pyproject.toml and defaults;
each value remembers where it came from. The room also finds the app's module and reads it without
running it. It must not know a target: callers pass in the model of each target's section.
"""
