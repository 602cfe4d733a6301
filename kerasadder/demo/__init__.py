"""Serves the page to draw digits on.

page: `serve` runs the page until it is interrupted.
answers: `answer` is what the page shows of a picture; `listen` opens its port.
"""
