"""A new project: an application, its settings, its tests, and the way to every target.

The files lie beside this module as they will be, but for `@name@` and the like.
"""
