"""The answer as a page: HTML and SVG text from a study's values. It writes no file."""
