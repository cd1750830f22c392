"""Makes a new project: an application, its settings, its tests, and its pipeline.

The template files lie beside this module, with placeholders such as `@name@`.
"""
